//! Sessions: logging in and out, and what a token is worth.

use std::{net::IpAddr, time::Duration};

use chrono::TimeDelta;
use entity::{
    Locking,
    session::{self, Scopes as _},
    user::{self, UserKey},
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    DeleteMany, EntityTrait, PaginatorTrait,
    sea_query::Order,
};

use crate::{
    Auth, Db, Error, Page, PageRequest, Result, Rule, SignedIn, Viewer, audit, clock, page, text,
    token,
    users::{Username, require_self_or_admin},
};

/// The use of a session is written down this often at most.
const TOUCH_INTERVAL: TimeDelta = TimeDelta::minutes(1);

/// So much of what a client says of itself is kept, in characters.
const USER_AGENT_LIMIT: usize = 256;

/// What may be shown as a username or a password when logging in: up to 1,024 characters without
/// NUL.
///
/// # Errors
/// What it must be.
pub fn credential(text: String) -> std::result::Result<String, String> {
    if text.chars().count() > 1_024 {
        return Err("must be at most 1024 characters long".into());
    }
    text::without_nul(text)
}

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

/// Who wants to log in, and from where.
pub struct LogIn {
    /// In any case.
    pub username: String,
    /// As typed.
    pub password: String,
    /// The client's address, which too many wrong passwords are held against.
    pub address: Option<IpAddr>,
    /// What the client says it is.
    pub user_agent: Option<String>,
}

/// A new session and its token, which is shown this once.
#[derive(Debug)]
pub struct LoggedIn {
    /// The bearer token.
    pub token: String,
    /// The session.
    pub session: session::Core,
    /// Its user.
    pub user: user::Account,
}

/// Starts a session.
///
/// # Errors
/// [`Error::TooManyAttempts`]; [`Error::WrongCredentials`], which does not tell an unknown user from
/// a wrong password, not even by the time it takes; [`Error::LoginDisabled`].
pub async fn log_in(db: &Db, auth: &Auth, request: LogIn) -> Result<LoggedIn> {
    let (address, mut user_id) = (request.address, 0);
    let attempt = try_to_log_in(db, auth, request, &mut user_id).await;
    let outcome = attempt.as_ref().map_or_else(ToString::to_string, |_| "success".to_owned());
    audit::login(&outcome, user_id, address);
    attempt
}

/// Tells whom it is about as soon as that is known.
async fn try_to_log_in(
    db: &Db,
    auth: &Auth,
    request: LogIn,
    user_id: &mut i64,
) -> Result<LoggedIn> {
    let username = Username::parse(request.username).ok();
    let rules = rules(username.as_ref(), request.address);
    auth.throttle.attempt(&rules)?;

    let user = match &username {
        Some(name) => user::Entity::find_by_username(name.as_str()).one(db.reader()).await?,
        None => None,
    };
    *user_id = user.as_ref().map_or(0, |user| user.id);
    let hash = user.as_ref().and_then(|user| user.password_hash.as_deref());
    let is_right = auth.passwords.verify(&request.password, hash).await?;
    let user = user.filter(|_| is_right).ok_or(Error::WrongCredentials)?;
    auth.throttle.forgive(&rules);
    let rehashed = auth.passwords.rehash(&request.password, user.password_hash.as_deref()).await?;
    start(db, auth, &user, rehashed, request.user_agent).await
}

/// A username that can't be one is not worth remembering.
fn rules(username: Option<&Username>, address: Option<IpAddr>) -> Vec<Rule> {
    let Some(address) = address else { return Vec::new() };
    let of_user = username.map(|name| Rule::password_of(name.clone().into_string(), address));
    of_user.into_iter().chain([Rule::password(address)]).collect()
}

/// Under the user's lock, so that a session never outlives a disabling or a change of password that
/// came between.
async fn start(
    db: &Db,
    auth: &Auth,
    checked: &user::Model,
    rehashed: Option<String>,
    user_agent: Option<String>,
) -> Result<LoggedIn> {
    let user_agent: Option<String> =
        user_agent.map(|agent| agent.chars().take(USER_AGENT_LIMIT).collect());
    db.write(async |transaction| {
        let locked = user::Entity::find_by_id(checked.id).locked_for_change();
        let user = locked.one(transaction).await?.ok_or(Error::WrongCredentials)?;
        if user.password_hash != checked.password_hash {
            return Err(Error::WrongCredentials);
        }
        if user.disabled {
            return Err(Error::LoginDisabled);
        }
        if let Some(hash) = &rehashed {
            user::Entity::set_password_hash(transaction, user.id, hash).await?;
        }
        let now = clock::now();
        let expires_at = now + auth.sessions.ttl;
        let token = auth.keys.sign(user.id, &user.username, now, expires_at)?;
        let session = session::ActiveModel {
            id: NotSet,
            user_id: Set(user.id),
            token_hash: Set(token::hash(&token)),
            user_agent: Set(user_agent.clone()),
            created_at: Set(now),
            last_used_at: Set(now),
            expires_at: Set(expires_at),
        };
        session::Entity::delete_oldest(transaction, user.id, auth.sessions.limit - 1).await?;
        let session = session.insert(transaction).await?;
        Ok(LoggedIn { token, session: session.into(), user: user.into() })
    })
    .await
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
