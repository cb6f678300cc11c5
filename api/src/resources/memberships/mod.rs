//! `/api/teams/{id}/members` and `/api/users/{user}/teams`: memberships, from the team's side and from
//! the user's side.

mod bodies;

use api_macros::operation;
pub(crate) use bodies::{MemberBody, TeamIdsBody, TeamMembershipBody};
use bodies::{MembershipBody, UserIdsBody};
use entity::TeamId;
use service::memberships;

use super::teams::TeamBody;
use crate::http::{
    extract::{
        Anyone, Body, Id, List, MemberPath, OptionalBody, Reads, SignedIn, UserPath, UserTeamPath,
        View,
    },
    problem::Problem,
    reply::{ListOf, NoContent, PageOf, Put, Reply, Resource},
    state::AppState,
};

/// Lists a team's members in the order they joined.
#[operation(listMembers)]
pub(crate) async fn list_members(
    reader: Reads,
    Id(id): Id<TeamId>,
    list: List<MemberBody>,
) -> Result<Reply<PageOf<MemberBody>>, Problem> {
    let members = memberships::list_members(&reader, id, &list.page).await?;
    Reply::page(&list, members.map(MemberBody::from))
}

/// Sets a team's members to exactly these users. Only its owners and admins may do this.
///
/// Remaining members keep their roles. Disabled members are left alone.
#[operation(setMembers, 403, 409)]
pub(crate) async fn set_members(
    state: AppState,
    me: SignedIn,
    Id(id): Id<TeamId>,
    Body(members): Body<UserIdsBody>,
) -> Result<Reply<Resource<TeamBody>>, Problem> {
    let set = async |work: &_| memberships::set_members(work, id, &members.user_ids).await;
    Ok(Reply::resource(state.db.write(&me, set).await?.into()))
}

/// Returns a member of a team.
#[operation(getMember)]
pub(crate) async fn get_member(
    reader: Reads,
    MemberPath { team_id, user }: MemberPath,
    view: View<MemberBody>,
) -> Result<Reply<MemberBody>, Problem> {
    let member = memberships::get_member(&reader, team_id, &user).await?;
    Ok(Reply::selected(&view.fields, &member.into()))
}

/// Adds a member to a team, or sets a member's role. Only the team's owners and admins may do this.
#[operation(addMember, 403, 409)]
pub(crate) async fn put_member(
    state: AppState,
    me: SignedIn,
    MemberPath { team_id, user }: MemberPath,
    OptionalBody(membership): OptionalBody<MembershipBody>,
) -> Result<Reply<Put<MemberBody>>, Problem> {
    let role = membership.role.map(Into::into);
    let add = async |work: &_| memberships::add(work, team_id, &user, role).await;
    let added = state.db.write(&me, add).await?;
    Ok(Reply::put(added.is_new, added.into()))
}

/// Removes a member from a team. Only the team's owners, the member and admins may do this.
#[operation(removeMember, 403, 409)]
pub(crate) async fn remove_member(
    state: AppState,
    me: SignedIn,
    MemberPath { team_id, user }: MemberPath,
) -> Result<Reply<NoContent>, Problem> {
    let remove = async |work: &_| memberships::remove_member(work, team_id, &user).await;
    state.db.write(&me, remove).await?;
    Ok(Reply::no_content())
}

/// Lists a user's teams, newest membership first.
#[operation(listTeamsOfUser)]
pub(crate) async fn list_teams(
    reader: Reads,
    anyone: Anyone,
    UserPath(user): UserPath,
    list: List<TeamMembershipBody>,
) -> Result<Reply<PageOf<TeamMembershipBody>>, Problem> {
    let teams = memberships::list_teams(&reader, &anyone, &user, &list.page).await?;
    Reply::page(&list, teams.map(TeamMembershipBody::from))
}

/// Sets a user's teams to exactly these. Only admins may do this.
///
/// The user's role in remaining teams stays as it is. The answer has the newest memberships, at most 100.
#[operation(setTeamsOfUser, 403)]
pub(crate) async fn set_teams(
    state: AppState,
    me: SignedIn,
    UserPath(user): UserPath,
    Body(teams): Body<TeamIdsBody>,
) -> Result<Reply<ListOf<TeamMembershipBody>>, Problem> {
    let set = async |work: &_| memberships::set_teams(work, &user, &teams.team_ids).await;
    let teams = state.db.write(&me, set).await?;
    Ok(Reply::list(teams.into_iter().map(TeamMembershipBody::from)))
}

/// Returns a user's membership in a team. If the user does not belong to it, the status is 404.
#[operation(getMembership)]
pub(crate) async fn get_team(
    reader: Reads,
    anyone: Anyone,
    UserTeamPath { user, team_id }: UserTeamPath,
    view: View<TeamMembershipBody>,
) -> Result<Reply<TeamMembershipBody>, Problem> {
    let team = memberships::get_team(&reader, &anyone, &user, team_id).await?;
    Ok(Reply::selected(&view.fields, &team.into()))
}

/// Adds a user to a team, or sets the user's role. Only the team's owners and admins may do this.
#[operation(addUserToTeam, 403, 409)]
pub(crate) async fn put_team(
    state: AppState,
    me: SignedIn,
    UserTeamPath { user, team_id }: UserTeamPath,
    OptionalBody(membership): OptionalBody<MembershipBody>,
) -> Result<Reply<Put<TeamMembershipBody>>, Problem> {
    let role = membership.role.map(Into::into);
    let add = async |work: &_| memberships::add(work, team_id, &user, role).await;
    let added = state.db.write(&me, add).await?;
    Ok(Reply::put(added.is_new, added.into()))
}

/// Removes a user from a team. Only the team's owners, the user and admins may do this.
#[operation(removeUserFromTeam, 403, 409)]
pub(crate) async fn leave_team(
    state: AppState,
    me: SignedIn,
    UserTeamPath { user, team_id }: UserTeamPath,
) -> Result<Reply<NoContent>, Problem> {
    let leave = async |work: &_| memberships::leave_team(work, &user, team_id).await;
    state.db.write(&me, leave).await?;
    Ok(Reply::no_content())
}
