//! `/api/teams`

mod bodies;
mod requests;

use api_macros::operation;
pub(crate) use bodies::TeamCoreBody;
use bodies::{ListedTeamBody, MemberBody, TeamBody};
use requests::{MemberIdsBody, MembershipBody, NewTeamBody, TeamChangeBody, TeamQuery};
use service::teams::{self, Added};

use crate::http::{
    extract::{Body, Id, List, Me, MemberPath, OptionalBody, SearchText},
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
    let teams = teams::list(&state.db, name, list.page).await?;
    Ok(Reply::page(&list, teams.map(ListedTeamBody::from)))
}

/// Makes a team, which one owns.
#[operation(409)]
pub(crate) async fn create(
    state: AppState,
    me: Me,
    Body(new): Body<NewTeamBody>,
) -> Result<Reply<Created<TeamBody>>, Problem> {
    let team = teams::create(&state.db, &me, new.name).await?;
    let location = format!("/api/teams/{}", team.team.id);
    Ok(Reply::created(location, team.into()))
}

/// Shows a team and its members.
#[operation]
pub(crate) async fn get(state: AppState, Id(id): Id) -> Result<Reply<TeamBody>, Problem> {
    Ok(Reply::ok(teams::get(&state.db, id).await?.into()))
}

/// Renames a team. For its owners and admins.
#[operation(403, 409)]
pub(crate) async fn update(
    state: AppState,
    me: Me,
    Id(id): Id,
    Body(change): Body<TeamChangeBody>,
) -> Result<Reply<TeamBody>, Problem> {
    Ok(Reply::ok(teams::rename(&state.db, &me, id, change.name).await?.into()))
}

/// Deletes a team. For its owners and admins.
#[operation(403)]
pub(crate) async fn delete(
    state: AppState,
    me: Me,
    Id(id): Id,
) -> Result<Reply<NoContent>, Problem> {
    teams::delete(&state.db, &me, id).await?;
    Ok(Reply::no_content())
}

/// Makes exactly these users the members of a team. For its owners and admins.
///
/// Members who stay keep their roles. Disabled members are left alone.
#[operation(403, 409)]
pub(crate) async fn set_members(
    state: AppState,
    me: Me,
    Id(id): Id,
    Body(members): Body<MemberIdsBody>,
) -> Result<Reply<TeamBody>, Problem> {
    let user_ids = Some(&*members.user_ids);
    Ok(Reply::ok(teams::set_members(&state.db, &me, id, user_ids).await?.into()))
}

/// Shows a member of a team.
#[operation]
pub(crate) async fn member(
    state: AppState,
    path: MemberPath,
) -> Result<Reply<MemberBody>, Problem> {
    Ok(Reply::ok(teams::member(&state.db, path.team_id, &path.user).await?.into()))
}

/// Adds a member to a team, or sets a member's role. For the team's owners and admins.
#[operation(403, 409)]
pub(crate) async fn put_member(
    state: AppState,
    me: Me,
    path: MemberPath,
    OptionalBody(membership): OptionalBody<MembershipBody>,
) -> Result<Reply<Put<MemberBody>>, Problem> {
    let role = membership.role.map(Into::into);
    Ok(match teams::put_member(&state.db, &me, path.team_id, &path.user, role).await? {
        Added::Now(member) => Reply::put(true, member.into()),
        Added::Already(member) => Reply::put(false, member.into()),
    })
}

/// Removes a member from a team. For the team's owners, admins, and the member.
#[operation(403, 409)]
pub(crate) async fn remove_member(
    state: AppState,
    me: Me,
    path: MemberPath,
) -> Result<Reply<NoContent>, Problem> {
    teams::remove_member(&state.db, &me, path.team_id, &path.user).await?;
    Ok(Reply::no_content())
}
