use sea_orm::{DbErr, SqliteTransactionMode, TransactionOptions, TransactionTrait};

/// Begins a transaction that will write. SQLite takes the write lock here, where it can wait for it:
/// a transaction that reads first and then finds another writer ahead of it fails at once. Inside a
/// transaction this is a savepoint.
///
/// # Errors
/// When no connection is free in time, or the write lock is not.
pub async fn begin_write<C: TransactionTrait>(db: &C) -> Result<C::Transaction, DbErr> {
    let immediate = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    db.begin_with_options(immediate).await
}
