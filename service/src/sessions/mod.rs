//! Sessions: logging in and out, and what a token is worth.

mod log_in;

pub use log_in::{LogIn, LoggedIn, credential, log_in};

use std::time::Duration;

use chrono::TimeDelta;
use entity::{
    session::{self, Scopes as _},
    user::UserKey,
};
use sea_orm::{DeleteMany, EntityTrait, PaginatorTrait, sea_query::Order};

use crate::{
    Auth, Db, Error, Page, PageRequest, Result, SignedIn, Viewer, audit, clock, page, token,
    users::require_self_or_admin,
};

/// The use of a session is written down this often at most.
const TOUCH_INTERVAL: TimeDelta = TimeDelta::minutes(1);

/// How many sessions one statement purges, and how long the next one waits: others get to write.
const PURGE_BATCH: u64 = 500;
const PURGE_PAUSE: Duration = Duration::from_millis(200);

/// How long sessions last, and how many a user has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionRules {
    /// From the login to the end, however much it is used.
    pub ttl: TimeDelta,
    /// From the last use to the end. Uses are written down once a minute.
    pub idle_ttl: TimeDelta,
    /// Of one user; with the next login the oldest ends.
    pub limit: u64,
}

impl Default for SessionRules {
    /// 30 days, 14 days without use, 50 of a user.
    fn default() -> Self {
        Self { ttl: TimeDelta::days(30), idle_ttl: TimeDelta::days(14), limit: 50 }
    }
}

/// Whose token this is: one statement, which reads the session and its user as they are now.
///
/// # Errors
/// [`Error::TokenInvalid`], [`Error::SessionExpired`] or [`Error::AccountDisabled`].
pub async fn authenticate(db: &Db, auth: &Auth, token: &str) -> Result<SignedIn> {
    auth.keys.check(token)?;
    let found = session::Entity::find_with_user(&token::hash(token))
        .into_partial_model::<session::WithUser>()
        .one(db.reader())
        .await?;
    let now = clock::now();
    let used_after = now - auth.sessions.idle_ttl;
    let is_live =
        |session: &session::Core| session.expires_at > now && session.last_used_at > used_after;
    match found {
        Some(found) if is_live(&found.session) => {
            if found.user.disabled {
                return Err(Error::AccountDisabled);
            }
            if now - found.session.last_used_at > TOUCH_INTERVAL {
                touch(db, found.session.id);
            }
            Ok(SignedIn { session: found.session, user: found.user })
        }
        _ => Err(Error::SessionExpired),
    }
}

/// Writes the use down beside the request, which does not wait for it.
fn touch(db: &Db, session_id: i64) {
    let db = db.clone();
    tokio::spawn(async move {
        let touched = session::Entity::touch(db.writer(), session_id, clock::now(), TOUCH_INTERVAL);
        if let Err(error) = touched.await {
            log::warn!("the use of session {session_id} was not written down: {error}");
        }
    });
}

/// One page of a user's live sessions, newest first.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] for others than the user and admins.
pub async fn list(
    db: &Db,
    auth: &Auth,
    viewer: &Viewer,
    user: &UserKey,
    request: PageRequest,
) -> Result<Page<session::Core>> {
    let user = require_self_or_admin(db, viewer, user).await?;
    list_of(db, auth, user.id, request).await
}

/// One page of the viewer's live sessions, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list_own(
    db: &Db,
    auth: &Auth,
    me: &SignedIn,
    request: PageRequest,
) -> Result<Page<session::Core>> {
    list_of(db, auth, me.user.id, request).await
}

async fn list_of(
    db: &Db,
    auth: &Auth,
    user_id: i64,
    request: PageRequest,
) -> Result<Page<session::Core>> {
    let now = clock::now();
    let live = session::Entity::find().of_user(user_id).live(now, now - auth.sessions.idle_ttl);
    let key = (session::Column::Id, Order::Desc);
    page::read(db.reader(), live, key, request, |session: &session::Core| session.id).await
}

/// Counts the sessions that are not over.
///
/// # Errors
/// When the database fails.
pub async fn count_live(db: &Db, auth: &Auth) -> Result<i64> {
    let now = clock::now();
    let live = session::Entity::find().live(now, now - auth.sessions.idle_ttl);
    i64::try_from(live.count(db.reader()).await?).map_err(Error::internal)
}

/// Deletes the sessions that are over, a few at a time, and says how many.
///
/// # Errors
/// When the database fails.
pub async fn purge(db: &Db, rules: SessionRules) -> Result<u64> {
    let now = clock::now();
    let mut all = 0;
    loop {
        let used_after = now - rules.idle_ttl;
        let purged = session::Entity::purge(db.writer(), now, used_after, PURGE_BATCH).await?;
        all += purged;
        if purged < PURGE_BATCH {
            return Ok(all);
        }
        tokio::time::sleep(PURGE_PAUSE).await;
    }
}

/// Ends the session that asks.
///
/// # Errors
/// When the database fails.
pub async fn log_out(db: &Db, me: &SignedIn) -> Result<()> {
    delete(db, || session::Entity::delete_many().with_id(me.session.id)).await.map(drop)
}

/// Ends a session.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] when it is another's and the viewer is no admin.
pub async fn end(db: &Db, me: &SignedIn, id: i64) -> Result<()> {
    let found = session::Entity::find_by_id(id).into_partial_model::<session::Core>();
    let session = found.one(db.reader()).await?.ok_or(Error::NotFound)?;
    me.require_self_or_admin(session.user_id)?;
    if delete(db, || session::Entity::delete_many().with_id(id)).await? == 0 {
        return Err(Error::NotFound);
    }
    audit::change("session ended", &me.clone().into(), session.user_id);
    Ok(())
}

/// Ends all sessions of the viewer but the one that asks.
///
/// # Errors
/// When the database fails.
pub async fn end_others(db: &Db, me: &SignedIn) -> Result<()> {
    let others = || session::Entity::delete_many().of_user(me.user.id).except(me.session.id);
    delete(db, others).await.map(drop)
}

/// Ends all sessions of a user, and says how many.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] for others than the user and admins.
pub async fn revoke(db: &Db, viewer: &Viewer, user: &UserKey) -> Result<u64> {
    let user = require_self_or_admin(db, viewer, user).await?;
    let ended = delete(db, || session::Entity::delete_many().of_user(user.id)).await?;
    audit::change("all sessions ended", viewer, user.id);
    Ok(ended)
}

/// Ends all sessions of everyone, and says how many.
///
/// # Errors
/// [`Error::NotAllowed`] for others than admins.
pub async fn revoke_all(db: &Db, viewer: &Viewer) -> Result<u64> {
    viewer.require_admin()?;
    delete(db, session::Entity::delete_many).await
}

/// Deletes these sessions, and says how many.
async fn delete(db: &Db, sessions: impl Fn() -> DeleteMany<session::Entity>) -> Result<u64> {
    db.write(async |transaction| Ok(sessions().exec(transaction).await?.rows_affected)).await
}
