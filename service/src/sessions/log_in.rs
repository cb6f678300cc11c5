use std::net::IpAddr;

use entity::{Locking, session, user};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    EntityTrait,
};

use crate::{Auth, Db, Error, Result, Rule, audit, clock, text, token, users::Username};

/// So much of what a client says of itself is kept, in characters.
const USER_AGENT_LIMIT: usize = 256;

/// So often a password is checked whose hash was changed meanwhile.
const TRIES: u32 = 3;

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
    let username = Username::parse(request.username.clone()).ok();
    let rules = rules(username.as_ref(), request.address);
    for _ in 0..TRIES {
        auth.throttle.attempt(&rules)?;
        let checked = check(db, auth, username.as_ref(), &request.password, user_id).await;
        // Only a wrong password is held against anyone.
        if !matches!(checked, Err(Error::WrongCredentials)) {
            auth.throttle.forgive(&rules);
        }
        if let Some(logged_in) = start(db, auth, &checked?, &request).await? {
            return Ok(logged_in);
        }
    }
    Err(Error::unavailable("the password is being hashed anew by others, again and again"))
}

/// The user with this name and password.
async fn check(
    db: &Db,
    auth: &Auth,
    username: Option<&Username>,
    password: &str,
    user_id: &mut i64,
) -> Result<user::Model> {
    let user = match username {
        Some(name) => user::Entity::find_by_username(name.as_str()).one(db.reader()).await?,
        None => None,
    };
    *user_id = user.as_ref().map_or(0, |user| user.id);
    let hash = user.as_ref().and_then(|user| user.password_hash.as_deref());
    let is_right = auth.passwords.verify(password, hash).await?;
    user.filter(|_| is_right).ok_or(Error::WrongCredentials)
}

/// A username that can't be one is not worth remembering.
fn rules(username: Option<&Username>, address: Option<IpAddr>) -> Vec<Rule> {
    let Some(address) = address else { return Vec::new() };
    let of_user = username.map(|name| Rule::password_of(name.clone().into_string(), address));
    of_user.into_iter().chain([Rule::password(address)]).collect()
}

/// Under the user's lock, so that a session never outlives a disabling or a change of password that
/// came between. `None` when the hash is no longer the one that was checked: the password was changed, or
/// hashed anew by another login.
async fn start(
    db: &Db,
    auth: &Auth,
    checked: &user::Model,
    request: &LogIn,
) -> Result<Option<LoggedIn>> {
    let rehashed =
        auth.passwords.rehash(&request.password, checked.password_hash.as_deref()).await?;
    let user_agent: Option<String> =
        request.user_agent.as_ref().map(|agent| agent.chars().take(USER_AGENT_LIMIT).collect());
    db.write(async |transaction| {
        let locked = user::Entity::find_by_id(checked.id).locked_for_change();
        let user = locked.one(transaction).await?.ok_or(Error::WrongCredentials)?;
        if user.password_hash != checked.password_hash {
            return Ok(None);
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
        Ok(Some(LoggedIn { token, session: session.into(), user: user.into() }))
    })
    .await
}
