//! Memberships: users join and leave teams. Each use case exists from the team's side and from the user's
//! side.

use entity::{
    Difference, IdList, Locking, NESTED_LIMIT, TeamId, UserId,
    membership::{self, Member, Scopes as _, TeamMembership},
    team,
    user::{self, UserKey},
};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, QueryOrder, QuerySelect, SelectExt};

pub use entity::membership::Role;

use crate::{
    Actor, Error, Page, PageRequest, Reader, Result, Work,
    audit::{Change, Subject},
    clock,
    error::require_known,
    page::{self, Direction, Order},
    policy, teams, users,
};

/// What the log says of a membership that has ended.
const REMOVED: &str = "removed from the team";

/// A membership, and whether it is new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// The team.
    pub team: team::Model,
    /// The user.
    pub user: user::Model,
    /// The membership of the user in the team.
    pub membership: membership::Model,
    /// Whether it has just been created.
    pub is_new: bool,
}

/// One page of the team's enabled members, the first to join first. Two statements.
///
/// # Errors
/// [`Error::NotFound`] if there is no such team.
pub async fn list_members(
    reader: &Reader,
    team_id: TeamId,
    request: &PageRequest,
) -> Result<Page<Member>> {
    let team = teams::find(reader, team_id).await?;
    let id_of = |member: &Member| member.id.into();
    let first_to_join = Order::by_id(Direction::Ascending, membership::Column::Id, id_of);
    page::read(reader, team.users(), &first_to_join, request).await
}

/// One page of the user's teams, newest membership first. Two statements.
///
/// # Errors
/// [`Error::NotFound`] if there is no such user, or if they are disabled, except for admins.
pub async fn list_teams(
    reader: &Reader,
    actor: &Actor,
    key: &UserKey,
    request: &PageRequest,
) -> Result<Page<TeamMembership>> {
    let user = users::find_visible(reader, actor, key).await?;
    page::read(reader, user.teams(), &newest_first(), request).await
}

/// The order of lists of a user's teams.
pub(crate) fn newest_first() -> Order<TeamMembership> {
    let id_of = |membership: &TeamMembership| membership.id.into();
    Order::by_id(Direction::Descending, membership::Column::Id, id_of)
}

/// The membership of the user in the team, from the team's side.
///
/// # Errors
/// [`Error::NotFound`] if there is none, or the user is disabled.
pub async fn get_member(reader: &Reader, team_id: TeamId, key: &UserKey) -> Result<Member> {
    let member = membership::Entity::find_with_user().in_team(team_id).of_user_key(key);
    let member = member.into_partial_model::<Member>().one(reader.connection()).await?;
    member.ok_or(Error::NotFound)
}

/// The membership of the user in the team, from the user's side.
///
/// # Errors
/// [`Error::NotFound`] if there is none, or the user is disabled, except for admins.
pub async fn get_team(
    reader: &Reader,
    actor: &Actor,
    key: &UserKey,
    team_id: TeamId,
) -> Result<TeamMembership> {
    let user = users::find_visible(reader, actor, key).await?;
    let membership = user.teams().in_team(team_id).into_partial_model::<TeamMembership>();
    membership.one(reader.connection()).await?.ok_or(Error::NotFound)
}

/// Adds the user to the team, once. The role, if given, is set whether the membership is new or not.
///
/// # Errors
/// [`Error::NotFound`] if there is no such team or enabled user; [`Error::NotAllowed`] for anyone
/// but owners and admins; [`Error::LastOwner`].
pub async fn add(work: &Work, team_id: TeamId, key: &UserKey, role: Option<Role>) -> Result<Added> {
    let team = teams::lock(work, team_id).await?;
    let user = users::lock_unchanged(work, key).await;
    teams::require_manager(work, &team).await?;
    let user = user?;
    let first_role = role.unwrap_or(Role::Member);
    let is_new = team.add_user(work.transaction(), user.id, first_role, clock::now()).await?;
    let membership = team.membership_of(work.transaction(), user.id).await?;
    let mut membership = membership.ok_or_else(Error::retry)?;
    if is_new {
        audit_added(work, &membership);
    }
    if let Some(role) = role
        && role != membership.role
    {
        membership = set_role(work, &team, membership, role).await?;
    }
    Ok(Added { team, user, membership, is_new })
}

async fn set_role(
    work: &Work,
    team: &team::Model,
    membership: membership::Model,
    role: Role,
) -> Result<membership::Model> {
    if membership.is_owner() {
        require_another_owner(work, team, membership.user_id).await?;
    }
    let mut membership = membership.into_active_model();
    membership.set_role(role);
    let membership = membership.update(work.transaction()).await?;
    let Change { what, subject } = role_change(&membership);
    work.audit(what, subject);
    Ok(membership)
}

fn audit_added(work: &Work, membership: &membership::Model) {
    let what = match membership.role {
        Role::Owner => "added to the team as an owner",
        Role::Member => "added to the team",
    };
    work.audit(what, Subject::Member(membership.team_id, membership.user_id));
}

/// The new role of a member, for the log.
pub(crate) fn role_change(membership: &membership::Model) -> Change {
    let what = match membership.role {
        Role::Owner => "made an owner of the team",
        Role::Member => "made a member of the team",
    };
    let subject = Subject::Member(membership.team_id, membership.user_id);
    Change { what: what.into(), subject }
}

/// Records who was added to teams, and who was removed.
fn audit_difference(
    work: &Work,
    added: impl IntoIterator<Item = Subject>,
    removed: impl IntoIterator<Item = Subject>,
) {
    added.into_iter().for_each(|member| work.audit("added to the team", member));
    removed.into_iter().for_each(|member| work.audit(REMOVED, member));
}

/// Removes the user from the team, from the team's side.
///
/// # Errors
/// [`Error::NotFound`] if the user does not belong to it or is disabled; [`Error::NotAllowed`] for
/// anyone but the member, owners and admins; [`Error::LastOwner`].
pub async fn remove_member(work: &Work, team_id: TeamId, key: &UserKey) -> Result<()> {
    let (team, user) = lock_ending(work, team_id, key).await?;
    team.remove_user(work.transaction(), user.id).await?;
    work.audit(REMOVED, Subject::Member(team.id, user.id));
    Ok(())
}

/// Removes the user from the team, from the user's side.
///
/// # Errors
/// As [`remove_member`].
pub async fn leave_team(work: &Work, key: &UserKey, team_id: TeamId) -> Result<()> {
    let (team, user) = lock_ending(work, team_id, key).await?;
    user.remove_team(work.transaction(), team.id).await?;
    work.audit(REMOVED, Subject::Member(team.id, user.id));
    Ok(())
}

/// The team and one of its members, whose membership may end.
async fn lock_ending(
    work: &Work,
    team_id: TeamId,
    key: &UserKey,
) -> Result<(team::Model, user::Model)> {
    let team = teams::lock(work, team_id).await?;
    let user = users::lock_unchanged(work, key).await?;
    let own = teams::own_membership(work, &team).await?;
    policy::end_membership(work.actor().await?, user.id, own.as_ref())?;
    let membership = team.membership_of(work.transaction(), user.id).await?;
    if membership.ok_or(Error::NotFound)?.is_owner() {
        require_another_owner(work, &team, user.id).await?;
    }
    Ok((team, user))
}

/// Makes the team's members exactly these users. Those who remain keep their roles and dates, a repeated id
/// counts once, and disabled members are left alone, since nobody sees them.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] for anyone but owners and admins; [`Error::Invalid`],
/// pointing at each id that is not that of an enabled user; [`Error::LastOwner`] if no owner remains.
/// Nothing is changed then.
pub async fn set_members(
    work: &Work,
    team_id: TeamId,
    user_ids: &[UserId],
) -> Result<teams::WithUsers> {
    let team = teams::lock(work, team_id).await?;
    let known = users::lock_all_unchanged(work, user_ids).await?;
    teams::require_manager(work, &team).await?;
    require_known("user_ids", user_ids, &known, "does not refer to an existing user")?;
    let remaining = IdList::new(work.transaction(), user_ids.iter().copied());
    let owners = membership::Entity::find().in_team(team.id).owners().of_users(&remaining);
    if !policy::may_leave_ownerless(work.actor().await?)
        && !owners.exists(work.transaction()).await?
    {
        return Err(Error::LastOwner);
    }
    let Difference { added, removed } =
        team.set_users(work.transaction(), user_ids, clock::now()).await?;
    let [added, removed] =
        [added, removed].map(|users| users.into_iter().map(|user| Subject::Member(team.id, user)));
    audit_difference(work, added, removed);
    teams::with_users(work.transaction(), team).await
}

/// Makes the user's teams exactly these; for admins. Memberships that remain keep their roles and dates, and
/// a repeated id counts once. Returns the newest memberships.
///
/// # Errors
/// [`Error::NotFound`] if there is no such user; [`Error::NotAllowed`] for anyone but admins;
/// [`Error::Invalid`], pointing at each id that is not that of a team. Nothing is changed then.
pub async fn set_teams(
    work: &Work,
    key: &UserKey,
    team_ids: &[TeamId],
) -> Result<Vec<TeamMembership>> {
    let listed = IdList::new(work.transaction(), team_ids.iter().copied());
    let known = team::Entity::find_by_ids(&listed).for_key_share();
    let known = known.all(work.transaction()).await?.iter().map(|team| team.id).collect();
    let user = users::lock_for_change(work, key).await;
    policy::administer(work.actor().await?)?;
    let user = user?;
    require_known("team_ids", team_ids, &known, "does not refer to an existing team")?;
    let Difference { added, removed } =
        user.set_teams(work.transaction(), team_ids, clock::now()).await?;
    let [added, removed] =
        [added, removed].map(|teams| teams.into_iter().map(|team| Subject::Member(team, user.id)));
    audit_difference(work, added, removed);
    let newest = user.teams().order_by_desc(membership::Column::Id).limit(NESTED_LIMIT);
    Ok(newest.into_partial_model::<TeamMembership>().all(work.transaction()).await?)
}

/// Requires that the team has another enabled owner, unless the actor may leave it without one.
async fn require_another_owner(work: &Work, team: &team::Model, user_id: UserId) -> Result<()> {
    let others = team.users().owners().not_of_user(user_id);
    let may_leave_ownerless = policy::may_leave_ownerless(work.actor().await?);
    if may_leave_ownerless || others.exists(work.transaction()).await? {
        Ok(())
    } else {
        Err(Error::LastOwner)
    }
}
