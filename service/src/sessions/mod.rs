//! Sessions: logging in and out, and checking tokens.

mod ending;
mod log_in;

pub use ending::{end, end_others, log_out, revoke, revoke_all};
pub use log_in::{LogIn, LoggedIn, MAX_CREDENTIAL_CHARS, credential, log_in, outcome};

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    UserId,
    session::{self, Scopes as _},
    user::UserKey,
};
use sea_orm::{EntityTrait, PaginatorTrait, Select};

use crate::{
    Actor, Auth, Db, Error, Page, PageRequest, Reader, Result, clock, credential,
    page::{self, Direction, Order},
    policy, token, users,
    uses::{self, Used},
};

/// How many sessions one statement purges, and how long to wait before the next one, so that others can
/// write.
const PURGE_BATCH: u64 = 500;
const PURGE_PAUSE: Duration = Duration::from_millis(200);

/// How long sessions last, and how many a user has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionRules {
    /// The lifetime from login, however much the session is used.
    pub ttl: TimeDelta,
    /// The lifetime from the last use, which is recorded once a minute.
    pub idle_ttl: TimeDelta,
    /// The maximum number of sessions per user; the next login ends the oldest.
    pub limit: u64,
}

impl SessionRules {
    /// Sessions that were not used after this have expired.
    fn used_after(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now - self.idle_ttl
    }
}

impl Default for SessionRules {
    /// 30 days, 14 days without use, 50 per user.
    fn default() -> Self {
        Self { ttl: TimeDelta::days(30), idle_ttl: TimeDelta::days(14), limit: 50 }
    }
}

/// Determines whose token this is, with one statement that reads the session and its user as they are now.
///
/// # Errors
/// [`Error::TokenInvalid`], [`Error::SessionExpired`] or [`Error::AccountDisabled`].
pub async fn authenticate(db: &Db, auth: &Auth, token: &str) -> Result<Actor> {
    auth.keys.check(token)?;
    let select = session::Entity::find_with_user(&token::hash(token));
    let (found, position) = credential::find::<_, session::WithUser>(db, select).await?;
    let found = found.ok_or(Error::SessionExpired)?;
    let now = clock::now();
    let (used, last) = (Used::Session(found.session.id), found.session.last_used_at);
    let actor = Actor::of_session(found, now, auth.sessions.used_after(now))?;
    uses::record(db, used, Some(last));
    Ok(actor.at(position))
}

/// One page of a user's live sessions, newest first.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] for anyone but the user and admins.
pub async fn list(
    reader: &Reader,
    auth: &Auth,
    actor: &Actor,
    key: &UserKey,
    request: &PageRequest,
) -> Result<Page<session::Model>> {
    let user = users::find_visible(reader, actor, key).await?;
    policy::manage_user(actor, &user)?;
    list_of(reader, auth, user.id, request).await
}

/// One page of the actor's live sessions, newest first.
///
/// # Errors
/// [`Error::TokenMissing`] if the actor is not a user.
pub async fn list_own(
    reader: &Reader,
    auth: &Auth,
    actor: &Actor,
    request: &PageRequest,
) -> Result<Page<session::Model>> {
    list_of(reader, auth, actor.user()?.id, request).await
}

async fn list_of(
    reader: &Reader,
    auth: &Auth,
    user_id: UserId,
    request: &PageRequest,
) -> Result<Page<session::Model>> {
    page::read(reader, live_of(auth, user_id), &newest_first(), request).await
}

/// The live sessions of a user.
pub(crate) fn live_of(auth: &Auth, user_id: UserId) -> Select<session::Entity> {
    let now = clock::now();
    session::Entity::find().of_user(user_id).live(now, auth.sessions.used_after(now))
}

/// The order of lists of sessions.
pub(crate) fn newest_first() -> Order<session::Model> {
    let id_of = |session: &session::Model| session.id.into();
    Order::by_id(Direction::Descending, session::Column::Id, id_of)
}

/// Counts the live sessions, which reads all of them, so it runs among the searches.
///
/// # Errors
/// [`Error::Unavailable`] if the database fails, or no connection for searches becomes free.
pub async fn count_live(reader: &Reader, auth: &Auth) -> Result<u64> {
    let now = clock::now();
    let live = session::Entity::find().live(now, auth.sessions.used_after(now));
    reader.search(async |reader| Ok(live.count(reader.connection()).await?)).await
}

/// Deletes the expired sessions, a few at a time; returns how many.
///
/// # Errors
/// If the database fails.
pub async fn purge(db: &Db, rules: SessionRules) -> Result<u64> {
    let now = clock::now();
    let mut total = 0;
    loop {
        let purge = session::Entity::purge(db.writer(), now, rules.used_after(now), PURGE_BATCH);
        let purged = purge.await?;
        total += purged;
        if purged < PURGE_BATCH {
            return Ok(total);
        }
        tokio::time::sleep(PURGE_PAUSE).await;
    }
}
