use std::{collections::HashSet, time::Duration};

use entity::{Locking, TeamId, UserId, deletion, mark, membership, note, session, team, user};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Select};

use super::{UserKey, locks::lock_with_admins};
use crate::{
    Actor, Db, Error, Expected, Result, Work, audit::Subject, clock, memberships::audit_role,
    policy,
};

/// How many rows a statement deletes, and the pause before the next one, so that others can write.
const BATCH: u64 = 500;
const PAUSE: Duration = Duration::from_millis(5);

/// Deletes a user with the user's notes, memberships, marks and sessions, and the teams that have no other
/// members. In a team that would lose its last owner, the longest-standing member becomes an owner.
///
/// A user with many notes or marks is disabled first, and loses sessions and memberships. The rest follows a
/// few rows at a time, also if the caller is gone, and [`finish_deletions`] does what is left after a crash.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] for anyone but the user and admins;
/// [`Error::LastAdmin`]; [`Error::Outdated`]; [`Error::VersionMissing`].
pub async fn delete(db: &Db, actor: &Actor, key: &UserKey, expected: &Expected) -> Result<()> {
    let begun = db.write(actor, async |work| begin(work, key, expected).await).await?;
    let Some(user_id) = begun else { return Ok(()) };
    let db = db.clone();
    let finishing = tokio::spawn(async move { finish(&db, user_id).await });
    finishing.await.map_err(Error::internal)?
}

/// Finishes deletions that were interrupted; returns how many.
///
/// # Errors
/// If the database fails.
pub async fn finish_deletions(db: &Db) -> Result<usize> {
    let begun = deletion::Entity::find().all(db.connection()).await?;
    for deletion in &begun {
        finish(db, deletion.user_id).await?;
    }
    Ok(begun.len())
}

/// Deletes the user; one with many rows is only disabled, and returned.
async fn begin(work: &Work, key: &UserKey, expected: &Expected) -> Result<Option<UserId>> {
    let transaction = work.transaction();
    let user = lock(work, key, expected).await?;
    for heir in membership::Entity::promote_heirs_of(transaction, user.id).await? {
        audit_role(work, &heir);
    }
    for team in team::Entity::delete_solo_teams_of(transaction, user.id).await? {
        work.audit("team deleted", Subject::Team(team.id));
    }
    let notes = user.number_of_notes(transaction).await?;
    work.audit(format!("deleted with {notes} notes"), user.id);
    if notes + user.number_of_marks(transaction).await? > BATCH {
        return disable(work, user).await.map(Some);
    }
    user::Entity::delete_by_id(user.id).exec(transaction).await?;
    Ok(None)
}

/// The user and the user's teams, locked, if the actor may delete the user.
async fn lock(work: &Work, key: &UserKey, expected: &Expected) -> Result<user::Model> {
    let found = user::Entity::find_by_key(key).one(work.transaction()).await?;
    let found = found.ok_or(Error::NotFound)?;
    // The concurrent deletion of another member of these teams waits, and sees who inherited them.
    let locked = team_ids(work, team::Entity::find_of_user(found.id).for_update()).await?;
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
    Ok(user)
}

async fn team_ids(work: &Work, teams: Select<team::Entity>) -> Result<HashSet<TeamId>> {
    let teams = teams.all(work.transaction()).await?;
    Ok(teams.into_iter().map(|team| team.id).collect())
}

/// Takes everything from the user but notes and marks.
async fn disable(work: &Work, user: user::Model) -> Result<UserId> {
    let (transaction, id) = (work.transaction(), user.id);
    deletion::Entity::begin(transaction, id).await?;
    session::Scopes::of_user(session::Entity::delete_many(), id).exec(transaction).await?;
    membership::Scopes::of_user(membership::Entity::delete_many(), id).exec(transaction).await?;
    let mut user = user.into_active_model();
    user.set_disabled(true);
    user.record_change(clock::now());
    user.update(transaction).await?;
    Ok(id)
}

/// Deletes what is left of a user, and then the user.
async fn finish(db: &Db, id: UserId) -> Result<()> {
    while db.retrying(|| delete_marks(db, id)).await? == BATCH {
        tokio::time::sleep(PAUSE).await;
    }
    while db.retrying(|| delete_notes(db, id)).await? == BATCH {
        tokio::time::sleep(PAUSE).await;
    }
    db.retrying(|| delete_user(db, id)).await
}

async fn delete_marks(db: &Db, id: UserId) -> Result<u64> {
    Ok(mark::Entity::delete_some_of(db.writer(), id, BATCH).await?)
}

async fn delete_notes(db: &Db, id: UserId) -> Result<u64> {
    Ok(note::Entity::delete_some_by(db.writer(), id, BATCH).await?)
}

async fn delete_user(db: &Db, id: UserId) -> Result<()> {
    user::Entity::delete_by_id(id).exec(db.writer()).await?;
    Ok(())
}
