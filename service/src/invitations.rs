//! Invitations: an admin makes a user without a password, who sets one with the token of the invitation.

use std::net::IpAddr;

use chrono::TimeDelta;
use entity::{
    Locking, invitation,
    user::{self, PasswordHash, UserKey},
};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};

use crate::{
    Actor, Auth, Db, Error, Field, Rejection, Result, Rule, Work, clock,
    error::Constraints,
    policy, random, text, token,
    users::{Name, Password, Username, lock_for_change},
};

/// How long an invitation is valid.
pub const LIFETIME: TimeDelta = TimeDelta::days(7);

/// The random bytes of a token.
const TOKEN_BYTES: usize = 32;

/// The longest token that can be sent, in characters.
pub const MAX_TOKEN_CHARS: usize = 100;

/// A user to invite.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// The username.
    pub username: Username,
    /// The name.
    pub name: Name,
    /// Whether the user is an admin.
    pub admin: bool,
}

/// An invitation, and its token, which is shown only once.
#[derive(Debug)]
pub struct Invited {
    /// What the user sends to set a password.
    pub token: String,
    /// The invitation.
    pub invitation: invitation::Model,
    /// Who is invited.
    pub user: user::Model,
}

/// Accepts a token that is sent: up to [`MAX_TOKEN_CHARS`] without NUL.
///
/// # Errors
/// Why the text is rejected.
pub fn sent_token(text: String) -> std::result::Result<String, Rejection> {
    if text.chars().count() > MAX_TOKEN_CHARS {
        return Err(Rejection::TooLong { max: MAX_TOKEN_CHARS });
    }
    text::without_nul(text)
}

/// Invites somebody: makes a user without a password. One who has not set a password yet stays as is and gets a new
/// invitation, with which the one before ends.
///
/// # Errors
/// [`Error::NotAllowed`] for anyone but admins; [`Error::Taken`] if another user has the username: one with a
/// password, or who is disabled.
pub async fn create(work: &Work, new: &NewInvitation) -> Result<Invited> {
    let key = UserKey::Username(new.username.as_str().to_owned());
    let found = match lock_for_change(work, &key).await {
        Err(Error::NotFound) => None,
        found => Some(found?),
    };
    policy::administer(work.actor().await?)?;
    let user = match found {
        None => create_user(work, new).await?,
        Some(user) if user.awaits_password() => user,
        Some(_) => return Err(Error::Taken(Field::Username)),
    };
    invitation::Entity::delete_by_id(user.id).exec(work.transaction()).await?;
    let (token, now) = (random::text(TOKEN_BYTES)?, clock::now());
    let hash = token::hash(&token);
    let invitation = invitation::ActiveModel::new(user.id, hash, now, now + LIFETIME);
    let invitation = invitation.insert(work.transaction()).await?;
    work.audit(if user.admin { "invited as an admin" } else { "invited" }, user.id);
    Ok(Invited { token, invitation, user })
}

async fn create_user(work: &Work, new: &NewInvitation) -> Result<user::Model> {
    let NewInvitation { username, name, admin } = new;
    let (username, name) = (username.as_str().to_owned(), name.as_str().to_owned());
    let mut user = user::ActiveModel::without_password(username, name, clock::now());
    user.set_admin(*admin);
    user.insert(work.transaction()).await.unless_taken(Field::Username)
}

/// Sets the password of the user with this invitation, which ends. Of several calls at once, one does.
///
/// # Errors
/// [`Error::TooManyAttempts`], which wrong passwords count for too; [`Error::Invalid`] if there is no such
/// invitation (any more), or it has expired.
pub async fn accept(
    db: &Db,
    auth: &Auth,
    address: Option<IpAddr>,
    token: &str,
    password: Password,
) -> Result<user::Model> {
    let token_hash = token::hash(token);
    let mut attempt = auth.throttle.attempt(Rule::login(None, address))?;
    let found = invitation::Entity::find_by_token(&token_hash).one(db.reader().sessions()).await;
    let live = found.map_err(Error::from).and_then(require_live);
    // Only wrong tokens count.
    if !matches!(live, Err(Error::Invalid(_))) {
        attempt.forgive();
    }
    live?;
    let hash = auth.passwords.on_behalf_of(address).hash(password).await?;
    db.write(&Actor::Anonymous, async |work| set_password(work, &token_hash, &hash).await).await
}

async fn set_password(work: &Work, token_hash: &str, hash: &PasswordHash) -> Result<user::Model> {
    let found = invitation::Entity::find_by_token(token_hash).one(work.transaction()).await?;
    let found = require_live(found)?;
    let user = user::Entity::find_by_id(found.user_id).for_no_key_update();
    let user = user.one(work.transaction()).await?.ok_or_else(unknown)?;
    // Whoever had the user locked may have ended the invitation.
    let ended = invitation::Entity::delete_by_token(work.transaction(), token_hash).await?;
    if !ended || !user.awaits_password() {
        return Err(unknown());
    }
    let mut user = user.into_active_model();
    user.set_password(hash.clone());
    user.record_change(clock::now());
    let user = user.update(work.transaction()).await?;
    work.audit("invitation accepted", user.id);
    Ok(user)
}

fn require_live(found: Option<invitation::Model>) -> Result<invitation::Model> {
    let found = found.ok_or_else(unknown)?;
    match found.is_live(clock::now()) {
        true => Ok(found),
        false => Err(Error::invalid("token", "has expired")),
    }
}

fn unknown() -> Error {
    Error::invalid("token", "is not that of an invitation, or has been used or replaced")
}
