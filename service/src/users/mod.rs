//! Users: signing up, looking up, changing, deleting.

mod change;
mod delete;
mod first_admin;
mod lookup;
mod sign_up;
mod values;

pub use change::{Change, update};
pub use delete::delete;
pub use entity::user::UserKey;
pub use first_admin::{FirstAdmin, create_first_admin};
pub use lookup::{Detail, DisabledFilter, Filter, Include, Listed, Newest, get, list};
pub use sign_up::{NewUser, Registration, create, sign_up};
pub use values::{Name, Password, Username};

use entity::{
    Locking,
    user::{self, Scopes},
};
use sea_orm::ConnectionTrait;

use crate::{Db, Error, Result, Viewer};

/// The user that this names, for the user itself and for admins. Others are not told of a disabled
/// one.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`].
pub(crate) async fn require_self_or_admin(
    db: &Db,
    viewer: &Viewer,
    key: &UserKey,
) -> Result<user::Model> {
    let user = user::Entity::find_by_key(key).one(db.reader()).await?.ok_or(Error::NotFound)?;
    if user.disabled && !viewer.is_admin() {
        return Err(Error::NotFound);
    }
    viewer.require_self_or_admin(user.id)?;
    Ok(user)
}

/// Goes on unless this user is the last enabled admin, and keeps it so until the end of the
/// transaction: of two admins who demote each other at once, one fails.
pub(crate) async fn require_not_last_admin(
    transaction: &impl ConnectionTrait,
    user_id: i64,
) -> Result<()> {
    let admins = user::Entity::find_enabled_admins().locked_for_change().all(transaction).await?;
    if matches!(&admins[..], [last] if last.id == user_id) { Err(Error::LastAdmin) } else { Ok(()) }
}

/// The enabled user that this names, who is not deleted until the end of the transaction.
pub(crate) async fn lock_enabled(
    transaction: &impl ConnectionTrait,
    key: &UserKey,
) -> Result<user::Author> {
    let found = user::Entity::find_by_key(key).enabled().locked_for_reference();
    let found = found.into_partial_model::<user::Author>().one(transaction).await?;
    found.ok_or(Error::NotFound)
}
