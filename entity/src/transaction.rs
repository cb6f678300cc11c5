use sea_orm::{
    AccessMode, ConnectionTrait, DbBackend, DbErr, EntityTrait, IsolationLevel, QuerySelect,
    Select, SqliteTransactionMode, TransactionOptions, TransactionTrait, sea_query::LockType,
};

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

/// Begins a transaction that only reads, and sees the database as it is at its first statement,
/// whatever others write meanwhile.
///
/// # Errors
/// When no connection is free in time.
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

/// Locks of rows until the end of a transaction. On SQLite they are nothing, since a transaction
/// that writes is alone there.
///
/// Whoever takes several locks takes them in this order, so that nobody waits in a circle: teams by
/// id, admins by id, other users.
pub trait Locking {
    /// Nobody else changes or deletes the rows.
    fn locked_for_change(self) -> Self;
    /// Nobody else changes or deletes the rows, which many may rely on at once.
    fn locked_for_reading(self) -> Self;
    /// Nobody else deletes the rows, which others may change.
    fn locked_for_reference(self) -> Self;
}

impl<E: EntityTrait> Locking for Select<E> {
    fn locked_for_change(self) -> Self {
        self.lock(LockType::NoKeyUpdate)
    }

    fn locked_for_reading(self) -> Self {
        self.lock(LockType::Share)
    }

    fn locked_for_reference(self) -> Self {
        self.lock(LockType::KeyShare)
    }
}
