use entity::user::{self, Scopes};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    EntityTrait, PaginatorTrait,
};

use super::{Password, Username};
use crate::{Db, Error, Field, Passwords, Result, clock, error::Constraints};

/// Who becomes the first admin.
#[derive(Debug)]
pub struct Credentials {
    /// What the admin logs in with; the name too, until it is changed.
    pub username: Username,
    /// What only the admin knows.
    pub password: Password,
}

/// Makes an admin when there is none, and says whether it did. Of several processes that start at
/// once, one does.
///
/// # Errors
/// [`Error::Taken`] when there is no admin, but a user of this name.
pub async fn make_first_admin(db: &Db, passwords: &Passwords, admin: Credentials) -> Result<bool> {
    if has_admin(db).await? {
        return Ok(false);
    }
    let password_hash = passwords.hash(admin.password).await?;
    let now = clock::now();
    let username = admin.username.as_str().to_owned();
    let new = user::ActiveModel {
        id: NotSet,
        name: Set(username.clone()),
        username: Set(username),
        name_folded: NotSet,
        password_hash: Set(Some(password_hash)),
        admin: Set(true),
        disabled: Set(false),
        created_at: Set(now),
        updated_at: Set(now),
    };
    match new.insert(db.writer()).await.unless_taken(Field::Username) {
        Ok(_) => Ok(true),
        // Another process may have been first.
        Err(Error::Taken(_)) if has_admin(db).await? => Ok(false),
        Err(error) => Err(error),
    }
}

async fn has_admin(db: &Db) -> Result<bool> {
    Ok(user::Entity::find().admins().count(db.reader()).await? > 0)
}
