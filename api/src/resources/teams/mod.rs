//! `/api/teams`

mod bodies;
mod requests;

use api_macros::operation;
pub(crate) use bodies::{TeamBody, TeamCoreBody};
use entity::TeamId;
use requests::{ListedTeamInclude, NewTeamBody, TeamChangeBody, TeamInclude, TeamQuery};
use service::{
    Error,
    teams::{self, SortBy},
};

use crate::http::{
    etag,
    extract::{Body, Id, IfMatch, List, Once, Reads, SearchText, SignedIn, View},
    problem::Problem,
    reply::{Created, NoContent, PageOf, Reply, Resource},
    state::AppState,
};

/// Lists teams. They are in the order of their ids unless `sort` says otherwise.
#[operation(listTeams)]
pub(crate) async fn list(
    reader: Reads,
    list: List<TeamBody, TeamQuery, SortBy, ListedTeamInclude>,
) -> Result<Reply<PageOf<TeamBody>>, Problem> {
    let name = list.filter.name.as_ref().map(|SearchText(pattern)| pattern.as_str());
    let includes_users = list.include.has(ListedTeamInclude::Users);
    let teams = teams::list(&reader, name, list.sort, includes_users, &list.page).await?;
    Reply::page(&list, teams.map(TeamBody::from))
}

/// Creates a team. The caller becomes its owner.
#[operation(createTeam, 409)]
pub(crate) async fn create(
    state: AppState,
    me: SignedIn,
    new: Once<NewTeamBody>,
) -> Result<Reply<Created<TeamBody>>, Problem> {
    let create = async |work: &_, new: &NewTeamBody| {
        let team = teams::create(work, &new.name).await?;
        Ok(Reply::created(format!("/api/teams/{}", team.team.id), team.into()))
    };
    new.write(&state, &me, create).await
}

/// Returns a team and its members.
#[operation(getTeam)]
pub(crate) async fn get(
    reader: Reads,
    Id(id): Id<TeamId>,
    view: View<TeamBody, TeamInclude>,
) -> Result<Reply<Resource<TeamBody>>, Problem> {
    let includes_users = view.include.has(TeamInclude::Users);
    let team = teams::get(&reader, id, includes_users).await?;
    Ok(Reply::part(&view.fields, &team.into()))
}

/// Renames a team. Only its owners and admins may do this.
#[operation(updateTeam, 403, 409)]
pub(crate) async fn update(
    state: AppState,
    me: SignedIn,
    Id(id): Id<TeamId>,
    IfMatch(expected): IfMatch,
    Body(change): Body<TeamChangeBody>,
) -> Result<Reply<Resource<TeamBody>>, Problem> {
    let name = change.name.as_ref();
    let rename = async |work: &_| teams::rename(work, id, name, &expected).await;
    let renamed = state.db.write(&me, rename).await;
    let team = etag::or_current(renamed, async || current(&state, id).await).await?;
    Ok(Reply::resource(team.into()))
}

/// Deletes a team. Only its owners and admins may do this. Notes that are shared with no other team become private.
#[operation(deleteTeam, 403)]
pub(crate) async fn delete(
    state: AppState,
    me: SignedIn,
    Id(id): Id<TeamId>,
    IfMatch(expected): IfMatch,
) -> Result<Reply<NoContent>, Problem> {
    let deleted = teams::delete(&state.db, &me, id, &expected).await;
    etag::or_current(deleted, async || current(&state, id).await).await?;
    Ok(Reply::no_content())
}

async fn current(state: &AppState, id: TeamId) -> Result<TeamBody, Error> {
    Ok(teams::get(state.db.reader(), id, true).await?.into())
}
