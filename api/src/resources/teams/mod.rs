//! `/api/teams`

mod bodies;
mod requests;

use api_macros::operation;
use bodies::ListedTeamBody;
pub(crate) use bodies::{TeamBody, TeamCoreBody};
use entity::TeamId;
use requests::{NewTeamBody, TeamChangeBody, TeamQuery};
use service::{
    Error,
    teams::{self, SortBy},
};

use crate::http::{
    etag,
    extract::{Body, Id, IfMatch, List, Once, SearchText, SignedIn},
    problem::Problem,
    reply::{Created, NoContent, PageOf, Reply, Resource},
    state::AppState,
};

/// Lists teams, by id unless `sort` says otherwise.
#[operation(listTeams)]
pub(crate) async fn list(
    state: AppState,
    list: List<TeamQuery, SortBy>,
) -> Result<Reply<PageOf<ListedTeamBody>>, Problem> {
    let name = list.filter.name.as_ref().map(|SearchText(pattern)| pattern.as_str());
    let teams = teams::list(state.db.reader(), name, list.sort, &list.page).await?;
    Reply::page(&list, teams.map(ListedTeamBody::from))
}

/// Creates a team, owned by the caller.
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
    state: AppState,
    Id(id): Id<TeamId>,
) -> Result<Reply<Resource<TeamBody>>, Problem> {
    Ok(Reply::resource(current(&state, id).await?))
}

/// Renames a team. For its owners and for admins.
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

/// Deletes a team. For its owners and for admins.
#[operation(deleteTeam, 403)]
pub(crate) async fn delete(
    state: AppState,
    me: SignedIn,
    Id(id): Id<TeamId>,
    IfMatch(expected): IfMatch,
) -> Result<Reply<NoContent>, Problem> {
    let delete = async |work: &_| teams::delete(work, id, &expected).await;
    let deleted = state.db.write(&me, delete).await;
    etag::or_current(deleted, async || current(&state, id).await).await?;
    Ok(Reply::no_content())
}

async fn current(state: &AppState, id: TeamId) -> Result<TeamBody, Error> {
    Ok(teams::get(state.db.reader(), id).await?.into())
}
