//! What keeps two processes from migrating at once.

use std::time::{Duration, Instant};

use clap::ValueEnum;
use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};

use crate::{MigrationError, database_code, lease::Lease};

/// An arbitrary number, the same for every process.
const ADVISORY_LOCK: i64 = 8_112_209;

/// How long to wait before trying again to get a lock.
const RETRY: Duration = Duration::from_millis(100);

/// A migration that waits longer than this for statements of the service gives up, since further ones
/// queue up behind it.
const TABLE_LOCK_TIMEOUT: &str = "5s";

/// How long one statement of a migration may take.
const STATEMENT_TIMEOUT: &str = "15min";

/// What keeps two processes from changing one schema at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LockKind {
    /// The database's own: SQLite's write lock, or an advisory lock on PostgreSQL. On servers that only resemble
    /// PostgreSQL, the same as `Table`.
    #[default]
    Auto,
    /// A row in a table `migration_lease`, which its holder renews. The same as `Auto` on SQLite.
    Table,
}

/// The lock, and how long to wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lock {
    /// The kind of lock.
    pub kind: LockKind,
    /// How long to wait before the command fails.
    pub timeout: Duration,
}

impl Default for Lock {
    fn default() -> Self {
        Self { kind: LockKind::Auto, timeout: Duration::from_mins(1) }
    }
}

impl Lock {
    /// Does this work in a transaction, under the lock. The work ends the transaction.
    ///
    /// # Errors
    /// Those of the work, or if the lock is not free in time, or the database fails.
    pub(crate) async fn in_transaction<T>(
        self,
        db: &DatabaseConnection,
        work: impl AsyncFnOnce(DatabaseTransaction) -> Result<T, MigrationError>,
    ) -> Result<T, MigrationError> {
        if (db.get_database_backend(), self.kind) == (DbBackend::Postgres, LockKind::Table) {
            let work = async { work(begin_limited(db).await?).await };
            return self.holding_lease(db, work).await;
        }
        work(self.acquire(db).await?).await
    }

    /// Begins a transaction that holds the database's own lock until it ends, at the latest with the process.
    ///
    /// # Errors
    /// If the lock is not free in time, or the database fails.
    pub async fn acquire(
        self,
        db: &DatabaseConnection,
    ) -> Result<DatabaseTransaction, MigrationError> {
        match db.get_database_backend() {
            DbBackend::Postgres => self.wait(async || try_postgres(db).await).await,
            _ => self.wait(async || try_sqlite(db).await).await,
        }
    }

    /// Does this work under a lock that does not end with a transaction.
    ///
    /// # Errors
    /// As [`Lock::in_transaction`]; [`MigrationError::LeaseLost`].
    pub(crate) async fn holding_lease<T>(
        self,
        db: &DatabaseConnection,
        work: impl Future<Output = Result<T, MigrationError>>,
    ) -> Result<T, MigrationError> {
        let lease = self.wait(async || Lease::try_acquire(db).await).await?;
        lease.hold(work).await
    }

    /// Tries to get the lock until its timeout.
    async fn wait<T>(
        self,
        try_acquire: impl AsyncFn() -> Result<Option<T>, DbErr>,
    ) -> Result<T, MigrationError> {
        let started = Instant::now();
        let mut is_reported = false;
        loop {
            if let Some(acquired) = try_acquire().await? {
                return Ok(acquired);
            }
            if started.elapsed() >= self.timeout {
                return Err(MigrationError::Locked(self.timeout));
            }
            if !is_reported {
                let seconds = self.timeout.as_secs();
                log::warn!("another process is migrating this database: waiting up to {seconds} s");
                is_reported = true;
            }
            tokio::time::sleep(RETRY).await;
        }
    }
}

/// A transaction that holds the advisory lock.
async fn try_postgres(db: &DatabaseConnection) -> Result<Option<DatabaseTransaction>, DbErr> {
    let transaction = begin_limited(db).await?;
    let free = format!("SELECT pg_try_advisory_xact_lock({ADVISORY_LOCK})");
    let free = Statement::from_string(DbBackend::Postgres, free);
    let is_free = match transaction.query_one_raw(free).await? {
        Some(row) => row.try_get_by_index(0)?,
        None => false,
    };
    if is_free {
        return Ok(Some(transaction));
    }
    transaction.rollback().await?;
    Ok(None)
}

/// A transaction on PostgreSQL whose statements have time limits.
async fn begin_limited(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let transaction = db.begin().await?;
    for (name, value) in
        [("lock_timeout", TABLE_LOCK_TIMEOUT), ("statement_timeout", STATEMENT_TIMEOUT)]
    {
        transaction.execute_unprepared(&format!("SET LOCAL {name} = '{value}'")).await?;
    }
    Ok(transaction)
}

/// How long SQLite waits to read while another process commits, and to commit while others read.
pub(crate) const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// How long one attempt to get SQLite's write lock takes.
const ATTEMPT: Duration = Duration::from_millis(100);

async fn try_sqlite(db: &DatabaseConnection) -> Result<Option<DatabaseTransaction>, DbErr> {
    let immediate = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    set_busy_timeout(db, ATTEMPT).await?;
    match db.begin_with_options(immediate).await {
        // SQLITE_BUSY
        Err(error) if database_code(&error).as_deref() == Some("5") => Ok(None),
        begun => {
            let transaction = begun?;
            set_busy_timeout(&transaction, SQLITE_BUSY_TIMEOUT).await?;
            Ok(Some(transaction))
        }
    }
}

async fn set_busy_timeout(db: &impl ConnectionTrait, timeout: Duration) -> Result<(), DbErr> {
    let set = format!("PRAGMA busy_timeout = {}", timeout.as_millis());
    db.execute_unprepared(&set).await.map(|_| ())
}
