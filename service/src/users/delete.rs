use std::time::Duration;

use entity::{
    IdList, Locking, TeamId, UserId, deletion, idempotency_key, mark,
    membership::{self, Scopes as _},
    note, session,
    team::{self, Scopes as _},
    user,
};
use sea_orm::{
    ActiveModelTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QuerySelect, SelectExt,
};

use super::{UserKey, locks::lock_with_admins};
use crate::{
    Actor, Db, Error, Expected, Result, Work,
    audit::{Change, Subject},
    clock,
    memberships::role_change,
    policy,
};

/// How many rows a statement deletes, and the pause before the next one, so that others can write.
const BATCH: u64 = 500;
const PAUSE: Duration = Duration::from_millis(5);

/// Deletes a user with the user's notes, memberships, marks, sessions and idempotency keys, and the teams that have no other
/// members. In a team that would lose its last owner, the longest-standing member becomes an owner.
///
/// A user with many notes, marks, keys or teams is disabled first, and loses all sessions and up to 500 memberships.
/// The rest follows a few rows at a time, also if the caller is gone, and [`finish_deletions`] does what is left after a crash.
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
    let (user, mut teams) = lock(work, key, expected).await?;
    let (changes, is_handed_over) = hand_over(transaction, user.id, &teams).await?;
    for Change { what, subject } in changes {
        work.audit(what, subject);
    }
    if !is_handed_over {
        teams = IdList::new(transaction, None::<TeamId>);
    }
    let notes = user.number_of_notes(transaction).await?;
    work.audit(format!("deleted with {notes} notes"), user.id);
    let others = membership::Entity::find().of_user(user.id).not_in_teams(&teams);
    let marks = user.number_of_marks(transaction).await?;
    let keys = user.number_of_idempotency_keys(transaction).await?;
    if notes + marks + keys > BATCH || others.exists(transaction).await? {
        return disable(work, user, &teams).await.map(Some);
    }
    user::Entity::delete_by_id(user.id).exec(transaction).await?;
    Ok(None)
}

/// The user, who can't join a team from here on, and up to `BATCH` of the user's teams, locked, if the actor
/// may delete the user.
async fn lock(work: &Work, key: &UserKey, expected: &Expected) -> Result<(user::Model, IdList)> {
    let found = user::Entity::find_by_key(key).one(work.transaction()).await?;
    let found = found.ok_or(Error::NotFound)?;
    let teams = lock_teams(work.transaction(), found.id).await?;
    let teams = IdList::new(work.transaction(), teams.iter().map(|team| team.id));
    let (user, is_last_admin) = lock_with_admins(work, found.id).await?;
    policy::manage_user(work.actor().await?, &user)?;
    expected.require(user.version)?;
    if is_last_admin { Err(Error::LastAdmin) } else { Ok((user, teams)) }
}

/// The first of the user's teams. The concurrent deletion of another member of these teams waits, and sees who
/// inherited them.
async fn lock_teams(transaction: &DatabaseTransaction, id: UserId) -> Result<Vec<team::Model>> {
    let teams = team::Entity::find_of_user(id).limit(BATCH).for_update();
    Ok(teams.all(transaction).await?)
}

/// Gives an owner to those of these teams that would lose their last one with the user, and deletes those that
/// nobody else belongs to. Returns what was changed, and whether that is all: teams that many notes are shared with only
/// lose some of them.
async fn hand_over(
    transaction: &DatabaseTransaction,
    id: UserId,
    teams: &IdList,
) -> Result<(Vec<Change>, bool)> {
    let heirs = membership::Entity::promote_heirs_of(transaction, id, teams).await?;
    let mut changes: Vec<Change> = heirs.iter().map(role_change).collect();
    let solo = team::Entity::solo_teams_of(transaction, id, teams).await?;
    if solo.is_empty() {
        return Ok((changes, true));
    }
    let ids = IdList::new(transaction, solo.iter().copied());
    if !note::unshare_some(transaction, &ids, BATCH, clock::now()).await? {
        return Ok((changes, false));
    }
    team::Entity::delete_many().with_ids(&ids).exec(transaction).await?;
    let deleted = solo.into_iter().map(Subject::Team);
    changes.extend(deleted.map(|subject| Change { what: "team deleted".into(), subject }));
    Ok((changes, true))
}

/// Takes sessions, and memberships in these teams, from the user.
async fn disable(work: &Work, user: user::Model, teams: &IdList) -> Result<UserId> {
    let (transaction, id) = (work.transaction(), user.id);
    deletion::Entity::begin(transaction, id).await?;
    let mut user = user.into_active_model();
    user.set_disabled(true);
    user.record_change(clock::now());
    user.update(transaction).await?;
    session::Scopes::of_user(session::Entity::delete_many(), id).exec(transaction).await?;
    membership::Entity::delete_many().of_user(id).in_teams(teams).exec(transaction).await?;
    Ok(id)
}

/// Deletes what is left of a user, and then the user.
async fn finish(db: &Db, id: UserId) -> Result<()> {
    while db.retrying(|| leave_teams(db, id)).await? == BATCH {
        tokio::time::sleep(PAUSE).await;
    }
    while db.retrying(|| delete_marks(db, id)).await? == BATCH {
        tokio::time::sleep(PAUSE).await;
    }
    while db.retrying(|| delete_notes(db, id)).await? == BATCH {
        tokio::time::sleep(PAUSE).await;
    }
    while db.retrying(|| delete_idempotency_keys(db, id)).await? == BATCH {
        tokio::time::sleep(PAUSE).await;
    }
    db.retrying(|| delete_user(db, id)).await
}

/// Ends memberships of the user as [`begin`] does; returns how many, or [`BATCH`] if a team is to lose more notes before.
async fn leave_teams(db: &Db, id: UserId) -> Result<u64> {
    let transaction = db.begin().await?;
    let left = lock_teams(&transaction, id).await?;
    let teams = IdList::new(&transaction, left.iter().map(|team| team.id));
    let (changes, is_handed_over) = hand_over(&transaction, id, &teams).await?;
    if is_handed_over {
        membership::Entity::delete_many().of_user(id).in_teams(&teams).exec(&transaction).await?;
    }
    transaction.commit().await?;
    for change in changes {
        change.log(&Actor::Operator);
    }
    Ok(if is_handed_over { left.len() as u64 } else { BATCH })
}

async fn delete_marks(db: &Db, id: UserId) -> Result<u64> {
    Ok(mark::Entity::delete_some_of(db.writer(), id, BATCH).await?)
}

async fn delete_notes(db: &Db, id: UserId) -> Result<u64> {
    let transaction = db.begin().await?;
    let deleted = note::delete_some_by(&transaction, id, BATCH).await?;
    transaction.commit().await?;
    Ok(deleted)
}

async fn delete_idempotency_keys(db: &Db, id: UserId) -> Result<u64> {
    Ok(idempotency_key::Entity::delete_some_of(db.writer(), id, BATCH).await?)
}

async fn delete_user(db: &Db, id: UserId) -> Result<()> {
    user::Entity::delete_by_id(id).exec(db.writer()).await?;
    Ok(())
}
