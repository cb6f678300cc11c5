use sea_orm::{
    AccessMode, ConnectionTrait, DbBackend, DbErr, IsolationLevel, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};

/// Begins a transaction that will write. SQLite takes its write lock here, where it can wait for it: a
/// transaction that reads first and then finds another writer ahead of it fails at once. Inside a
/// transaction this is a savepoint.
///
/// # Errors
/// If no connection, or on SQLite the write lock, becomes free in time.
pub async fn begin_write<C: TransactionTrait>(db: &C) -> Result<C::Transaction, DbErr> {
    let immediate = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    db.begin_with_options(immediate).await
}

/// Begins a read-only transaction that sees the database as it is at its first statement, whatever
/// others write in the meantime.
///
/// # Errors
/// If no connection becomes free in time.
pub async fn begin_snapshot<C>(db: &C) -> Result<C::Transaction, DbErr>
where
    C: ConnectionTrait + TransactionTrait,
{
    match db.get_database_backend() {
        DbBackend::Postgres => {
            let isolation = IsolationLevel::RepeatableRead;
            db.begin_with_config(Some(isolation), Some(AccessMode::ReadOnly)).await
        }
        _ => db.begin().await,
    }
}
