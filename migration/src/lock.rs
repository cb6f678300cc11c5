use std::time::{Duration, Instant};

use clap::ValueEnum;
use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};

use crate::{MigrationError, database_code};

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
    /// The database's own: SQLite's write lock, or an advisory lock on PostgreSQL.
    #[default]
    Auto,
    /// A row in a table `migration_lock`, for servers that speak PostgreSQL's protocol but lack advisory
    /// locks. Same as `Auto` on SQLite.
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
    /// Begins a transaction that holds the lock until it ends, at the latest with the process.
    ///
    /// # Errors
    /// If the lock is not free in time, or the database fails.
    pub async fn acquire(
        self,
        db: &DatabaseConnection,
    ) -> Result<DatabaseTransaction, MigrationError> {
        let started = Instant::now();
        let mut is_reported = false;
        loop {
            if let Some(transaction) = self.try_acquire(db).await? {
                return Ok(transaction);
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

    async fn try_acquire(
        self,
        db: &DatabaseConnection,
    ) -> Result<Option<DatabaseTransaction>, DbErr> {
        match (db.get_database_backend(), self.kind) {
            (DbBackend::Postgres, LockKind::Auto) => {
                let free = format!("SELECT pg_try_advisory_xact_lock({ADVISORY_LOCK})");
                try_postgres(db, &free).await
            }
            (DbBackend::Postgres, LockKind::Table) => {
                if !make_lock_row(db).await? {
                    return Ok(None);
                }
                let free = "SELECT true FROM migration_lock WHERE id = 1 FOR UPDATE SKIP LOCKED";
                match try_postgres(db, free).await {
                    // Another process has dropped it along with all other tables.
                    Err(error) if database_code(&error).as_deref() == Some("42P01") => Ok(None),
                    tried => tried,
                }
            }
            _ => try_sqlite(db).await,
        }
    }
}

async fn try_postgres(
    db: &DatabaseConnection,
    free: &str,
) -> Result<Option<DatabaseTransaction>, DbErr> {
    let transaction = db.begin().await?;
    let free = Statement::from_string(DbBackend::Postgres, free);
    let is_free = match transaction.query_one_raw(free).await? {
        Some(row) => row.try_get_by_index(0)?,
        None => false,
    };
    if !is_free {
        transaction.rollback().await?;
        return Ok(None);
    }
    for (name, value) in
        [("lock_timeout", TABLE_LOCK_TIMEOUT), ("statement_timeout", STATEMENT_TIMEOUT)]
    {
        transaction.execute_unprepared(&format!("SET LOCAL {name} = '{value}'")).await?;
    }
    Ok(Some(transaction))
}

/// Creates the row to lock, and returns whether it is there. Two processes that create the table at once
/// interfere with each other.
async fn make_lock_row(db: &DatabaseConnection) -> Result<bool, DbErr> {
    for make in [
        "CREATE TABLE IF NOT EXISTS migration_lock (id integer PRIMARY KEY)",
        "INSERT INTO migration_lock (id) VALUES (1) ON CONFLICT (id) DO NOTHING",
    ] {
        match db.execute_unprepared(make).await {
            Err(error) if is_created_concurrently(&error) => return Ok(false),
            made => made?,
        };
    }
    Ok(true)
}

/// `IF NOT EXISTS` checks first and creates then: in between, another process may create the table, its
/// row type or its row, or drop the table.
fn is_created_concurrently(error: &DbErr) -> bool {
    const UNIQUE_VIOLATION: &str = "23505";
    const DUPLICATE_TABLE: &str = "42P07";
    const DUPLICATE_OBJECT: &str = "42710";
    const UNDEFINED_TABLE: &str = "42P01";
    matches!(
        database_code(error).as_deref(),
        Some(UNIQUE_VIOLATION | DUPLICATE_TABLE | DUPLICATE_OBJECT | UNDEFINED_TABLE)
    )
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
