use std::net::IpAddr;

use entity::user::{self, PasswordHash};
use sea_orm::ActiveModelTrait;

use super::{Name, Password, Username};
use crate::{
    Actor, Auth, Field, Passwords, Reader, Result, Rule, Work, clock, error::Constraints, policy,
};

/// Who may sign up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// Everyone.
    Open,
    /// Nobody; admins create users.
    Closed,
}

/// A user to create.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The username.
    pub username: Username,
    /// The name.
    pub name: Name,
    /// The password.
    pub password: Password,
}

/// A new user whose password is hashed, ready to be written.
#[derive(Debug)]
pub struct HashedUser {
    username: Username,
    name: Name,
    password_hash: PasswordHash,
    admin: bool,
    registration: Registration,
}

/// Admits a sign-up over the network from this address, and hashes the password. This takes long, so it
/// happens before the transaction in which [`create`] runs.
///
/// # Errors
/// [`Error::SessionExpired`] or [`Error::AccountDisabled`] if that has changed since the request came in;
/// [`Error::RegistrationClosed`] unless the actor is an admin; [`Error::TooManyAttempts`].
///
/// [`Error::AccountDisabled`]: crate::Error::AccountDisabled
/// [`Error::RegistrationClosed`]: crate::Error::RegistrationClosed
/// [`Error::SessionExpired`]: crate::Error::SessionExpired
/// [`Error::TooManyAttempts`]: crate::Error::TooManyAttempts
pub async fn admit(
    reader: &Reader,
    auth: &Auth,
    actor: &Actor,
    address: Option<IpAddr>,
    new: NewUser,
) -> Result<HashedUser> {
    // The limit does not apply to admins: to those who still are.
    let actor = actor.refresh(reader).await?;
    policy::sign_up(&actor, auth.registration)?;
    let rules = if actor.is_admin() { Vec::new() } else { Rule::sign_up(address) };
    let _counts = auth.throttle.attempt(rules)?;
    let hashed = hash(&auth.passwords.on_behalf_of(address), new, false).await?;
    Ok(HashedUser { registration: auth.registration, ..hashed })
}

/// Hashes the password of a user, or an admin, created by an operator.
///
/// # Errors
/// If passwords can't be hashed.
pub async fn hash(passwords: &Passwords, new: NewUser, admin: bool) -> Result<HashedUser> {
    let NewUser { username, name, password } = new;
    let password_hash = passwords.hash(password).await?;
    Ok(HashedUser { username, name, password_hash, admin, registration: Registration::Closed })
}

/// Creates a user, who is enabled.
///
/// # Errors
/// [`Error::Taken`] if another user has the username; [`Error::RegistrationClosed`].
///
/// [`Error::RegistrationClosed`]: crate::Error::RegistrationClosed
/// [`Error::Taken`]: crate::Error::Taken
pub async fn create(work: &Work, new: &HashedUser) -> Result<user::Model> {
    let HashedUser { username, name, password_hash, admin, registration } = new;
    policy::sign_up(work.actor().await?, *registration)?;
    let (username, name) = (username.as_str().to_owned(), name.as_str().to_owned());
    let mut user = user::ActiveModel::new(username, name, password_hash.clone(), clock::now());
    user.set_admin(*admin);
    let user = user.insert(work.transaction()).await.unless_taken(Field::Username)?;
    work.audit(if user.admin { "created as an admin" } else { "created" }, user.id);
    Ok(user)
}
