use std::time::{Duration, Instant};

use clap::ValueEnum;
use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, RuntimeErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};

use crate::MigrationError;

/// Any number will do, as long as every process takes the same.
const ADVISORY_LOCK: i64 = 8_112_209;

/// How often a lock that was not free is tried again.
const RETRY: Duration = Duration::from_millis(100);

/// A migration that waits longer than this for the service's own statements gives up, since these
/// queue behind it meanwhile.
const TABLE_LOCK_TIMEOUT: &str = "5s";

/// How long one statement of a migration may take.
const STATEMENT_TIMEOUT: &str = "15min";

/// What keeps two processes from changing one schema at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LockKind {
    /// The database's own: the write lock of SQLite, an advisory lock of PostgreSQL.
    #[default]
    Auto,
    /// A row of a table `migration_lock`, for servers that speak PostgreSQL's language and have no
    /// advisory locks. On SQLite the same as `Auto`.
    Table,
}

/// The lock, and how long to wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lock {
    /// Which.
    pub kind: LockKind,
    /// How long, before the command fails.
    pub timeout: Duration,
}

impl Default for Lock {
    fn default() -> Self {
        Self { kind: LockKind::Auto, timeout: Duration::from_secs(60) }
    }
}

impl Lock {
    /// Begins a transaction that holds the lock until its end, also when that is the process's.
    ///
    /// # Errors
    /// When it is not free in time, or the database fails.
    pub async fn acquire(
        self,
        db: &DatabaseConnection,
    ) -> Result<DatabaseTransaction, MigrationError> {
        let started = Instant::now();
        let mut is_told = false;
        loop {
            if let Some(transaction) = self.try_acquire(db).await? {
                return Ok(transaction);
            }
            if started.elapsed() >= self.timeout {
                return Err(MigrationError::Locked(self.timeout));
            }
            if !is_told {
                let seconds = self.timeout.as_secs();
                log::warn!("another process is migrating this database: waiting up to {seconds} s");
                is_told = true;
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
                    // Another process has dropped it with all tables.
                    Err(error) if code(&error).as_deref() == Some("42P01") => Ok(None),
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

/// Whether the row to lock is there. Two that make the table at once get in each other's way.
async fn make_lock_row(db: &DatabaseConnection) -> Result<bool, DbErr> {
    for make in [
        "CREATE TABLE IF NOT EXISTS migration_lock (id integer PRIMARY KEY)",
        "INSERT INTO migration_lock (id) VALUES (1) ON CONFLICT (id) DO NOTHING",
    ] {
        match db.execute_unprepared(make).await {
            Err(error) if is_another_making_it(&error) => return Ok(false),
            made => made?,
        };
    }
    Ok(true)
}

/// `IF NOT EXISTS` looks first and makes then: in between, another process's table, its row type, its
/// row or its end may come.
fn is_another_making_it(error: &DbErr) -> bool {
    const UNIQUE_VIOLATION: &str = "23505";
    const DUPLICATE_TABLE: &str = "42P07";
    const DUPLICATE_OBJECT: &str = "42710";
    const UNDEFINED_TABLE: &str = "42P01";
    matches!(
        code(error).as_deref(),
        Some(UNIQUE_VIOLATION | DUPLICATE_TABLE | DUPLICATE_OBJECT | UNDEFINED_TABLE)
    )
}

async fn try_sqlite(db: &DatabaseConnection) -> Result<Option<DatabaseTransaction>, DbErr> {
    let immediate = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    match db.begin_with_options(immediate).await {
        // SQLITE_BUSY
        Err(error) if code(&error).as_deref() == Some("5") => Ok(None),
        begun => begun.map(Some),
    }
}

/// The database's own code of an error.
fn code(error: &DbErr) -> Option<String> {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) =
        error
    else {
        return None;
    };
    cause.as_database_error()?.code().map(String::from)
}
