use std::net::IpAddr;

use entity::user;
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
};

use super::{Name, Password, Username};
use crate::{Auth, Db, Error, Field, Passwords, Result, Rule, Viewer, clock, error::Constraints};

/// Who may sign up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// Everyone.
    Open,
    /// Nobody; admins make the users.
    Closed,
}

/// Who wants to be a user.
#[derive(Debug)]
pub struct NewUser {
    /// What the user logs in with.
    pub username: Username,
    /// What the user is called.
    pub name: Name,
    /// What only the user knows.
    pub password: Password,
}

/// Signs up over the network, from this address.
///
/// # Errors
/// [`Error::RegistrationClosed`] unless an admin asks; [`Error::TooManyAttempts`]; as [`create`].
pub async fn sign_up(
    db: &Db,
    auth: &Auth,
    viewer: &Viewer,
    address: Option<IpAddr>,
    new: NewUser,
) -> Result<user::Account> {
    if !viewer.is_admin() {
        if auth.registration == Registration::Closed {
            return Err(Error::RegistrationClosed);
        }
        let rules: Vec<Rule> = address.map(Rule::sign_up).into_iter().collect();
        auth.throttle.attempt(&rules)?;
    }
    create(db, &auth.passwords, new, false).await
}

/// Makes a user, enabled, and an admin or not.
///
/// # Errors
/// [`Error::Taken`] when another has the username.
pub async fn create(
    db: &Db,
    passwords: &Passwords,
    new: NewUser,
    admin: bool,
) -> Result<user::Account> {
    let password_hash = passwords.hash(new.password).await?;
    let user = new_row(new.username, new.name, password_hash, admin);
    let made = db.write(async |transaction| {
        user.clone().insert(transaction).await.unless_taken(Field::Username)
    });
    Ok(made.await?.into())
}

/// A row to insert.
pub(super) fn new_row(
    username: Username,
    name: Name,
    password_hash: String,
    admin: bool,
) -> user::ActiveModel {
    let now = clock::now();
    user::ActiveModel {
        id: NotSet,
        username: Set(username.into_string()),
        name: Set(name.into_string()),
        name_folded: NotSet,
        password_hash: Set(Some(password_hash)),
        admin: Set(admin),
        disabled: Set(false),
        created_at: Set(now),
        updated_at: Set(now),
    }
}
