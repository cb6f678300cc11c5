use entity::user::{self, Scopes};
use sea_orm::{EntityTrait, SelectExt};

use super::{Name, NewUser, Password, Username, create, hash};
use crate::{Actor, Db, Error, Passwords, Result};

/// Who becomes the first admin.
#[derive(Clone, Debug)]
pub struct FirstAdmin {
    /// The username; also the name, until it is changed.
    pub username: Username,
    /// The password.
    pub password: Password,
}

/// Creates an admin if there is none with a password, and returns whether it did. Of several processes that start at the
/// same time, one does. `announce` is called right before the admin is committed.
///
/// # Errors
/// [`Error::Taken`] if there is no admin, but a user with this username. Errors of `announce`; no admin is
/// created then.
pub async fn create_first_admin(
    db: &Db,
    passwords: &Passwords,
    admin: FirstAdmin,
    announce: impl Fn() -> Result<()>,
) -> Result<bool> {
    if has_admin(db).await? {
        return Ok(false);
    }
    let FirstAdmin { username, password } = admin;
    let name = Name::parse(username.as_str().to_owned()).map_err(Error::internal)?;
    let new = hash(passwords, NewUser { username, name, password }, true).await?;
    let created = db.write(&Actor::Operator, async |work| {
        create(work, &new).await?;
        announce()
    });
    match created.await {
        Ok(()) => Ok(true),
        // Another process may have been faster.
        Err(Error::Taken(_)) if has_admin(db).await? => Ok(false),
        Err(error) => Err(error),
    }
}

async fn has_admin(db: &Db) -> Result<bool> {
    Ok(user::Entity::find().admins().with_password().exists(db.connection()).await?)
}
