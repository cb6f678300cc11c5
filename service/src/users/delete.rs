use entity::{Locking, membership, team, user};
use sea_orm::EntityTrait;

use super::{UserKey, require_not_last_admin};
use crate::{Db, Error, Result, Viewer};

/// Deletes a user with its notes, memberships, marks and sessions. A team that loses its last owner
/// so gets its longest-standing member as owner.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] for others than the user and admins;
/// [`Error::LastAdmin`].
pub async fn delete(db: &Db, viewer: &Viewer, key: &UserKey) -> Result<()> {
    let user = user::Entity::find_by_key(key).one(db.reader()).await?.ok_or(Error::NotFound)?;
    if user.disabled && !viewer.is_admin() {
        return Err(Error::NotFound);
    }
    viewer.require_self_or_admin(user.id)?;

    let transaction = db.begin().await?;
    // Two who share a team and are deleted at once meet here: the second sees what it inherited.
    team::Entity::find_of_user(user.id).locked_for_change().all(&transaction).await?;
    require_not_last_admin(&transaction, user.id).await?;
    membership::Entity::promote_heirs_of(&transaction, user.id).await?;
    let deleted = user::Entity::delete_by_id(user.id).exec(&transaction).await?;
    if deleted.rows_affected == 0 {
        return Err(Error::NotFound);
    }
    transaction.commit().await?;
    Ok(())
}
