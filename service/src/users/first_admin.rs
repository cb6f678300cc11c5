use entity::user::{self, Scopes};
use sea_orm::{ConnectionTrait, EntityTrait, SelectExt};

use super::{HashedUser, Name, NewUser, Password, Username, create, hash};
use crate::{Actor, Db, Error, Passwords, Result, Work};

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
    if has_admin(db.connection()).await? {
        return Ok(false);
    }
    let FirstAdmin { username, password } = admin;
    let name = Name::parse(username.as_str().to_owned()).map_err(Error::internal)?;
    let new = hash(passwords, NewUser { username, name, password }, true).await?;
    db.write(&Actor::Operator, async |work| {
        let created = create_first(work, &new).await?.is_some();
        if created {
            announce()?;
        }
        Ok(created)
    })
    .await
}

/// Creates this admin unless there is one with a password. Of several transactions at once, one does; on a database
/// without advisory locks each may, if the usernames differ.
///
/// # Errors
/// [`Error::Taken`] if another user has the username.
pub(crate) async fn create_first(work: &Work, admin: &HashedUser) -> Result<Option<user::Model>> {
    if work.has_advisory_locks() {
        user::Entity::lock_first_admin(work.transaction()).await?;
    }
    match has_admin(work.transaction()).await? {
        true => Ok(None),
        false => create(work, admin).await.map(Some),
    }
}

/// Whether there is an admin with a password.
///
/// # Errors
/// If the database fails.
pub(crate) async fn has_admin(db: &impl ConnectionTrait) -> Result<bool> {
    Ok(user::Entity::find().admins().with_password().exists(db).await?)
}
