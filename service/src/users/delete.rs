use entity::{
    membership::{self, Role, Scopes as _},
    team, user,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect, sea_query::LockType,
};

use super::{UserKey, require_not_last_admin};
use crate::{Db, Error, Result, Viewer, teams};

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
    // Teams before users: whoever changes members locks in this order too.
    let owned = lock_owned_teams(&transaction, user.id).await?;
    require_not_last_admin(&transaction, user.id).await?;
    let deleted = user::Entity::delete_by_id(user.id).exec(&transaction).await?;
    if deleted.rows_affected == 0 {
        return Err(Error::NotFound);
    }
    for team_id in owned {
        if !teams::has_owner(&transaction, team_id).await? {
            promote_longest_standing(&transaction, team_id).await?;
        }
    }
    transaction.commit().await?;
    Ok(())
}

async fn lock_owned_teams(transaction: &impl ConnectionTrait, user_id: i64) -> Result<Vec<i64>> {
    let owned = membership::Entity::find().of_user(user_id).owners().all(transaction).await?;
    let ids: Vec<i64> = owned.iter().map(|membership| membership.team_id).collect();
    team::Entity::find()
        .filter(team::Column::Id.is_in(ids.clone()))
        .order_by_asc(team::Column::Id)
        .lock(LockType::NoKeyUpdate)
        .all(transaction)
        .await?;
    Ok(ids)
}

/// Disabled members only where there is no other.
async fn promote_longest_standing(transaction: &impl ConnectionTrait, team_id: i64) -> Result<()> {
    let heir = membership::Entity::find()
        .in_team(team_id)
        .inner_join(user::Entity)
        .order_by_asc(user::Column::Disabled)
        .order_by_asc(membership::Column::Id)
        .one(transaction)
        .await?;
    if let Some(heir) = heir {
        let mut heir = heir.into_active_model();
        heir.role = Set(Role::Owner);
        heir.update(transaction).await?;
    }
    Ok(())
}
