use std::net::IpAddr;

use entity::{
    Locking, UserId, session,
    user::{self, PasswordHash},
};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};

use crate::{
    Actor, Auth, Db, Error, Rejection, Result, Rule, Work, audit, clock, text, token,
    users::Username,
};

/// How many characters of a `User-Agent` are stored.
const USER_AGENT_MAX_CHARS: usize = 256;

/// How often a password is verified again because its hash has changed in the meantime.
const TRIES: u32 = 3;

/// The longest username or password that can be sent to log in, in characters.
pub const MAX_CREDENTIAL_CHARS: usize = 1_024;

/// Accepts a username or a password sent to log in: up to [`MAX_CREDENTIAL_CHARS`] without NUL.
///
/// # Errors
/// Why the text is rejected.
pub fn credential(text: String) -> std::result::Result<String, Rejection> {
    if text.chars().count() > MAX_CREDENTIAL_CHARS {
        return Err(Rejection::TooLong { max: MAX_CREDENTIAL_CHARS });
    }
    text::without_nul(text)
}

/// A login request.
pub struct LogIn {
    /// The username, in any case.
    pub username: String,
    /// The password, as typed.
    pub password: String,
    /// The client's address, against which wrong passwords are counted.
    pub address: Option<IpAddr>,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
}

/// A new session and its token, which is shown only once.
#[derive(Debug)]
pub struct LoggedIn {
    /// The bearer token.
    pub token: String,
    /// The session.
    pub session: session::Model,
    /// Its user.
    pub user: user::Model,
}

/// Starts a session.
///
/// # Errors
/// [`Error::TooManyAttempts`]; [`Error::WrongCredentials`], which does not distinguish an unknown user from a
/// wrong password, not even by its duration; [`Error::LoginDisabled`].
pub async fn log_in(db: &Db, auth: &Auth, request: LogIn) -> Result<LoggedIn> {
    let (address, mut user_id) = (request.address, None);
    let attempt = try_to_log_in(db, auth, request, &mut user_id).await;
    audit::login(outcome(&attempt), user_id, address);
    attempt
}

/// The outcome of a login attempt, in one word: for the log and the metrics.
pub fn outcome(attempt: &Result<LoggedIn>) -> &'static str {
    match attempt {
        Ok(_) => "success",
        Err(Error::WrongCredentials) => "wrong_credentials",
        Err(Error::LoginDisabled) => "disabled",
        Err(Error::TooManyAttempts { .. }) => "throttled",
        Err(_) => "failure",
    }
}

/// Sets `user_id` as soon as it is known.
async fn try_to_log_in(
    db: &Db,
    auth: &Auth,
    request: LogIn,
    user_id: &mut Option<UserId>,
) -> Result<LoggedIn> {
    let username = Username::parse(request.username.clone()).ok();
    for _ in 0..TRIES {
        let rules = Rule::login(username.as_ref().map(Username::as_str), request.address);
        let mut attempt = auth.throttle.attempt(rules)?;
        let checked = check(db, auth, username.as_ref(), &request, user_id).await;
        // Only wrong passwords count.
        if !matches!(checked, Err(Error::WrongCredentials)) {
            attempt.forgive();
        }
        if let Some(logged_in) = start(db, auth, &checked?, &request).await? {
            auth.throttle.remember(&logged_in.user.username, request.address);
            return Ok(logged_in);
        }
    }
    Err(Error::unavailable("the password hash keeps changing"))
}

/// The user with this name and password.
async fn check(
    db: &Db,
    auth: &Auth,
    username: Option<&Username>,
    request: &LogIn,
    user_id: &mut Option<UserId>,
) -> Result<user::Model> {
    let user = match username {
        Some(name) => {
            user::Entity::find_by_username(name.as_str()).one(db.reader().sessions()).await?
        }
        None => None,
    };
    *user_id = user.as_ref().map(|user| user.id);
    let hash = user.as_ref().and_then(|user| user.password_hash.as_ref());
    let passwords = auth.passwords.on_behalf_of(request.address);
    let is_right = passwords.verify(&request.password, hash).await?;
    user.filter(|_| is_right).ok_or(Error::WrongCredentials)
}

/// Starts the session; `None` if the password hash has changed since it was verified, because another login
/// renewed it or the password was changed.
async fn start(
    db: &Db,
    auth: &Auth,
    checked: &user::Model,
    request: &LogIn,
) -> Result<Option<LoggedIn>> {
    let passwords = auth.passwords.on_behalf_of(request.address);
    let renewed = passwords.rehash(&request.password, checked.password_hash.as_ref()).await?;
    let user_agent: Option<String> = request
        .user_agent
        .as_ref()
        .map(|user_agent| user_agent.chars().take(USER_AGENT_MAX_CHARS).collect());
    db.write(&Actor::Anonymous, async |work| {
        let Some(user) = lock_checked(work, checked).await? else { return Ok(None) };
        let user = renew_hash(work, user, renewed.as_ref()).await?;
        new_session(work, auth, user, user_agent.clone()).await.map(Some)
    })
    .await
}

/// The user, locked so that no session survives a concurrent disabling or password change; `None` if the
/// hash is no longer the one that was verified.
async fn lock_checked(work: &Work, checked: &user::Model) -> Result<Option<user::Model>> {
    let user = user::Entity::find_by_id(checked.id).for_no_key_update();
    let user = user.one(work.transaction()).await?.ok_or(Error::WrongCredentials)?;
    if user.password_hash != checked.password_hash {
        return Ok(None);
    }
    if user.may_log_in() { Ok(Some(user)) } else { Err(Error::LoginDisabled) }
}

async fn renew_hash(
    work: &Work,
    user: user::Model,
    renewed: Option<&PasswordHash>,
) -> Result<user::Model> {
    let Some(hash) = renewed else { return Ok(user) };
    let mut user = user.into_active_model();
    user.set_password(hash.clone());
    Ok(user.update(work.transaction()).await?)
}

async fn new_session(
    work: &Work,
    auth: &Auth,
    user: user::Model,
    user_agent: Option<String>,
) -> Result<LoggedIn> {
    let now = clock::now();
    let expires_at = now + auth.sessions.ttl;
    let token = auth.keys.sign(user.id, &user.username, now, expires_at)?;
    let token_hash = token::hash(&token);
    let session = session::ActiveModel::new(user.id, token_hash, user_agent, now, expires_at);
    let older = auth.sessions.limit - 1;
    session::Entity::delete_oldest(work.transaction(), user.id, older).await?;
    let session = session.insert(work.transaction()).await?;
    Ok(LoggedIn { token, session, user })
}
