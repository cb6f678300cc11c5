use entity::{Locking, membership, team, user};
use sea_orm::EntityTrait;

use super::{UserKey, require_not_last_admin, require_self_or_admin};
use crate::{Db, Error, Result, Viewer, audit};

/// Deletes a user with its notes, memberships, marks and sessions. A team that loses its last owner
/// so gets its longest-standing member as owner.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] for others than the user and admins;
/// [`Error::LastAdmin`].
pub async fn delete(db: &Db, viewer: &Viewer, key: &UserKey) -> Result<()> {
    let user = require_self_or_admin(db, viewer, key).await?;

    db.write(async |transaction| {
        // Two who share a team and are deleted at once meet here: the second sees what it inherited.
        team::Entity::find_of_user(user.id).locked_for_change().all(transaction).await?;
        require_not_last_admin(transaction, user.id).await?;
        membership::Entity::promote_heirs_of(transaction, user.id).await?;
        let deleted = user::Entity::delete_by_id(user.id).exec(transaction).await?;
        if deleted.rows_affected == 0 { Err(Error::NotFound) } else { Ok(()) }
    })
    .await?;
    audit::change("deleted", viewer, user.id);
    Ok(())
}
