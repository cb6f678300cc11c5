use sea_orm::{ActiveModelBehavior, ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait};

/// Inserts rows in one statement, after each row's `before_save`, which SeaORM's own `insert_many`
/// skips.
///
/// # Errors
/// If a constraint rejects a row, or the database fails; nothing is inserted then.
pub async fn insert_many<A>(
    db: &impl ConnectionTrait,
    rows: impl IntoIterator<Item = A>,
) -> Result<u64, DbErr>
where
    A: ActiveModelTrait + ActiveModelBehavior + Send,
{
    let mut ready = Vec::new();
    for row in rows {
        ready.push(row.before_save(db, true).await?);
    }
    A::Entity::insert_many(ready).exec_without_returning(db).await
}
