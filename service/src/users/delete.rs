use std::collections::HashSet;

use entity::{Locking, TeamId, membership, team, user};
use sea_orm::{EntityTrait, Select};

use super::{UserKey, locks::lock_with_admins};
use crate::{Error, Expected, Result, Work, policy};

/// Deletes a user with the user's notes, memberships, marks and sessions. In a team that would lose
/// its last owner, the longest-standing member becomes an owner.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] for anyone but the user and admins;
/// [`Error::LastAdmin`]; [`Error::Outdated`]; [`Error::VersionMissing`].
pub async fn delete(work: &Work, key: &UserKey, expected: &Expected) -> Result<()> {
    let transaction = work.transaction();
    let found = user::Entity::find_by_key(key).one(transaction).await?.ok_or(Error::NotFound)?;
    // The concurrent deletion of another member of these teams waits, and sees who inherited them.
    let locked = team_ids(work, team::Entity::find_of_user(found.id).for_no_key_update()).await?;
    let (user, is_last_admin) = lock_with_admins(work, found.id).await?;
    policy::manage_user(work.actor().await?, &user)?;
    expected.require(user.version)?;
    if is_last_admin {
        return Err(Error::LastAdmin);
    }
    // From here on the user can't join a team. One joined before the user was locked is not locked itself.
    if !team_ids(work, team::Entity::find_of_user(user.id)).await?.is_subset(&locked) {
        return Err(Error::retry());
    }
    membership::Entity::promote_heirs_of(transaction, user.id).await?;
    let notes = user.number_of_notes(transaction).await?;
    user::Entity::delete_by_id(user.id).exec(transaction).await?;
    work.audit(format!("deleted with {notes} notes"), user.id);
    Ok(())
}

async fn team_ids(work: &Work, teams: Select<team::Entity>) -> Result<HashSet<TeamId>> {
    let teams = teams.all(work.transaction()).await?;
    Ok(teams.into_iter().map(|team| team.id).collect())
}
