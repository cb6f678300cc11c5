//! `/api/teams`

mod bodies;
mod requests;

use api_macros::operation;
pub(crate) use bodies::TeamCoreBody;
use bodies::{ListedTeamBody, MemberBody, TeamBody};
use entity::TeamId;
use requests::{MemberIdsBody, MembershipBody, NewTeamBody, TeamChangeBody, TeamQuery};
use service::{memberships, teams};

use crate::http::{
    extract::{Body, Id, List, MemberPath, OptionalBody, SearchText, SignedIn},
    problem::Problem,
    reply::{Created, NoContent, PageOf, Put, Reply},
    state::AppState,
};

/// Lists teams, by id.
#[operation]
pub(crate) async fn list(
    state: AppState,
    list: List<TeamQuery>,
) -> Result<Reply<PageOf<ListedTeamBody>>, Problem> {
    let name = list.filter.name.as_ref().map(|SearchText(pattern)| pattern.as_str());
    let teams = teams::list(state.db.reader(), name, list.page).await?;
    Ok(Reply::page(&list, teams.map(ListedTeamBody::from)))
}

/// Makes a team, which one owns.
#[operation(409)]
pub(crate) async fn create(
    state: AppState,
    me: SignedIn,
    Body(new): Body<NewTeamBody>,
) -> Result<Reply<Created<TeamBody>>, Problem> {
    let team = state.db.write(&me, async |work| teams::create(work, &new.name).await).await?;
    let location = format!("/api/teams/{}", team.team.id);
    Ok(Reply::created(location, team.into()))
}

/// Shows a team and its members.
#[operation]
pub(crate) async fn get(state: AppState, Id(id): Id<TeamId>) -> Result<Reply<TeamBody>, Problem> {
    Ok(Reply::ok(teams::get(state.db.reader(), id).await?.into()))
}

/// Renames a team. For its owners and admins.
#[operation(403, 409)]
pub(crate) async fn update(
    state: AppState,
    me: SignedIn,
    Id(id): Id<TeamId>,
    Body(change): Body<TeamChangeBody>,
) -> Result<Reply<TeamBody>, Problem> {
    let rename = async |work: &_| teams::rename(work, id, change.name.as_ref()).await;
    Ok(Reply::ok(state.db.write(&me, rename).await?.into()))
}

/// Deletes a team. For its owners and admins.
#[operation(403)]
pub(crate) async fn delete(
    state: AppState,
    me: SignedIn,
    Id(id): Id<TeamId>,
) -> Result<Reply<NoContent>, Problem> {
    state.db.write(&me, async |work| teams::delete(work, id).await).await?;
    Ok(Reply::no_content())
}

/// Makes exactly these users the members of a team. For its owners and admins.
///
/// Members who stay keep their roles. Disabled members are left alone.
#[operation(403, 409)]
pub(crate) async fn set_members(
    state: AppState,
    me: SignedIn,
    Id(id): Id<TeamId>,
    Body(members): Body<MemberIdsBody>,
) -> Result<Reply<TeamBody>, Problem> {
    let set = async |work: &_| memberships::set_members(work, id, &members.user_ids).await;
    Ok(Reply::ok(state.db.write(&me, set).await?.into()))
}

/// Shows a member of a team.
#[operation]
pub(crate) async fn member(
    state: AppState,
    path: MemberPath,
) -> Result<Reply<MemberBody>, Problem> {
    Ok(Reply::ok(
        memberships::get_member(state.db.reader(), path.team_id, &path.user).await?.into(),
    ))
}

/// Adds a member to a team, or sets a member's role. For the team's owners and admins.
#[operation(403, 409)]
pub(crate) async fn put_member(
    state: AppState,
    me: SignedIn,
    path: MemberPath,
    OptionalBody(membership): OptionalBody<MembershipBody>,
) -> Result<Reply<Put<MemberBody>>, Problem> {
    let role = membership.role.map(Into::into);
    let add = async |work: &_| memberships::add(work, path.team_id, &path.user, role).await;
    let added = state.db.write(&me, add).await?;
    Ok(Reply::put(added.is_new, added.into()))
}

/// Removes a member from a team. For the team's owners, admins, and the member.
#[operation(403, 409)]
pub(crate) async fn remove_member(
    state: AppState,
    me: SignedIn,
    path: MemberPath,
) -> Result<Reply<NoContent>, Problem> {
    let remove = async |work: &_| memberships::remove_member(work, path.team_id, &path.user).await;
    state.db.write(&me, remove).await?;
    Ok(Reply::no_content())
}
