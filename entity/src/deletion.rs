//! Users whose deletion has begun. Their rows are deleted a few at a time, and the user last.

use sea_orm::{ActiveValue::Set, entity::prelude::*, sea_query::OnConflict};

use crate::UserId;

/// A row of `deletions`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "deletions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// Records that the deletion of this user has begun, unless that is known.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn begin(db: &impl ConnectionTrait, user_id: UserId) -> Result<(), DbErr> {
        let begun = Self::insert(ActiveModel { user_id: Set(user_id) });
        let unless_known = OnConflict::column(Column::UserId).do_nothing().to_owned();
        begun.on_conflict(unless_known).exec_without_returning(db).await.map(|_| ())
    }
}
