use std::net::IpAddr;

use entity::user;
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
};

use super::{Name, Password, Username};
use crate::{Auth, Db, Error, Field, Result, Rule, Viewer, clock, error::Constraints};

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

/// Makes a user, enabled and no admin. `address` is where a sign-up over the network comes from.
///
/// # Errors
/// [`Error::RegistrationClosed`] unless an admin asks, [`Error::TooManyAttempts`],
/// [`Error::Taken`] when another has the username.
pub async fn create(
    db: &Db,
    auth: &Auth,
    viewer: &Viewer,
    address: Option<IpAddr>,
    new: NewUser,
) -> Result<user::Account> {
    if auth.registration == Registration::Closed && !viewer.is_admin() {
        return Err(Error::RegistrationClosed);
    }
    if let Some(address) = address
        && !viewer.is_admin()
    {
        let rules = [Rule::SignUp(address)];
        auth.throttle.check(&rules)?;
        auth.throttle.count(&rules);
    }
    let password_hash = auth.passwords.hash(new.password).await?;
    let now = clock::now();
    let user = user::ActiveModel {
        id: NotSet,
        username: Set(new.username.as_str().to_owned()),
        name: Set(new.name.into_string()),
        name_folded: NotSet,
        password_hash: Set(Some(password_hash)),
        admin: Set(false),
        disabled: Set(false),
        created_at: Set(now),
        updated_at: Set(now),
    };
    Ok(user.insert(db.writer()).await.unless_taken(Field::Username)?.into())
}
