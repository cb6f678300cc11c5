//! Locks on users. One statement takes all that a transaction needs, in the order of their ids, including
//! the actor's, so that no two transactions wait for each other.

use std::collections::HashSet;

use entity::{
    IdList, Locking, UserId, deletion,
    user::{self, Scopes as _, UserKey},
};
use sea_orm::{EntityTrait, QueryOrder, Select, SelectExt};

use crate::{Error, Result, Work};

/// The enabled user with this key, who does not change until the transaction ends.
///
/// # Errors
/// [`Error::NotFound`].
pub(crate) async fn lock_unchanged(work: &Work, key: &UserKey) -> Result<user::Model> {
    let users = with_actor(work, key).for_share().all(work.transaction()).await?;
    let user = users.into_iter().find(|user| key.identifies(user));
    user.filter(user::Model::may_log_in).ok_or(Error::NotFound)
}

/// Those of these users who are enabled; they do not change until the transaction ends.
///
/// # Errors
/// If the database fails.
pub(crate) async fn lock_all_unchanged(work: &Work, ids: &[UserId]) -> Result<HashSet<UserId>> {
    let ids = ids.iter().copied().chain(work.claimed_user_id());
    let ids = IdList::new(work.transaction(), ids);
    let users = by_id(user::Entity::find().with_ids(&ids)).for_share();
    let users = users.all(work.transaction()).await?;
    Ok(users.iter().filter(|user| user.may_log_in()).map(|user| user.id).collect())
}

/// The user with this key, disabled or not, locked against changes by others until the transaction ends.
///
/// # Errors
/// [`Error::NotFound`], also if the user's deletion has begun.
pub(crate) async fn lock_for_change(work: &Work, key: &UserKey) -> Result<user::Model> {
    let users = with_actor(work, key).for_no_key_update().all(work.transaction()).await?;
    let user = users.into_iter().find(|user| key.identifies(user)).ok_or(Error::NotFound)?;
    require_remaining(work, &user).await?;
    Ok(user)
}

/// Requires that the deletion of this user, who is locked, has not begun.
///
/// # Errors
/// [`Error::NotFound`] otherwise.
pub(super) async fn require_remaining(work: &Work, user: &user::Model) -> Result<()> {
    // The transaction that begins a deletion disables the user.
    let begun = deletion::Entity::find_by_id(user.id);
    if user.disabled && begun.exists(work.transaction()).await? {
        return Err(Error::NotFound);
    }
    Ok(())
}

/// A user, whom nobody else can change or newly reference until the transaction ends, and whether they are
/// the last enabled admin: of two admins who demote each other at once, one is.
///
/// # Errors
/// [`Error::NotFound`].
pub(crate) async fn lock_with_admins(work: &Work, id: UserId) -> Result<(user::Model, bool)> {
    let ids = [id].into_iter().chain(work.claimed_user_id());
    let ids = IdList::new(work.transaction(), ids);
    let users = by_id(user::Entity::find().with_ids_or_enabled_admins(&ids)).for_update();
    let users = users.all(work.transaction()).await?;
    let is_admin = |user: &user::Model| user.admin && user.may_log_in();
    // One who is invited may never set a password.
    let is_other_admin =
        |user: &user::Model| user.id != id && is_admin(user) && !user.awaits_password();
    let has_others = users.iter().any(is_other_admin);
    let user = users.into_iter().find(|user| user.id == id).ok_or(Error::NotFound)?;
    let is_last_admin = is_admin(&user) && !has_others;
    Ok((user, is_last_admin))
}

fn with_actor(work: &Work, key: &UserKey) -> Select<user::Entity> {
    let actor = work.claimed_user_id().map(UserKey::Id);
    by_id(user::Entity::find().identified_by_any([key].into_iter().chain(&actor)))
}

fn by_id(users: Select<user::Entity>) -> Select<user::Entity> {
    users.order_by_asc(user::Column::Id)
}
