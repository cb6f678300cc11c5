//! Connection pools: how they are opened, and which connections are returned to them.

use std::time::{Duration, Instant};

use log::LevelFilter;
use migration::MigrationError;
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DbErr, RuntimeErr,
    sqlx::{
        self, Connection, PgConnection, SqliteConnection,
        sqlite::{SqliteJournalMode, SqliteSynchronous},
    },
};
use tokio::time::timeout;

use crate::{DbSettings, Error, Result, StatementHook};

/// PostgreSQL ends a transaction that has been idle for this long, and releases its locks.
const IDLE_IN_TRANSACTION: Duration = Duration::from_mins(1);

/// Connections that were idle for longer are tested before use. After a restart of the database each of
/// the others fails once, which does not take long, since they are in constant use.
const TESTED_WHEN_IDLE_FOR: Duration = Duration::from_secs(1);

/// How full a pool is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUse {
    /// What the pool is for.
    pub name: &'static str,
    /// Open connections, including idle ones.
    pub open: u32,
    /// Idle connections.
    pub idle: u32,
}

impl PoolUse {
    pub(crate) fn new(name: &'static str, open: u32, idle: usize) -> Self {
        Self { name, open, idle: u32::try_from(idle).unwrap_or(open) }
    }
}

/// Opens a pool of at most `connections` connections, which calls `hook` with each statement.
///
/// # Errors
/// If the database can't be reached.
pub(crate) async fn open(
    settings: &DbSettings,
    connections: u32,
    hook: Option<StatementHook>,
) -> Result<DatabaseConnection> {
    let busy_timeout = settings.acquire_timeout;
    let answer_timeout = settings.statement_timeout + settings.acquire_timeout;
    let mut options = ConnectOptions::new(&settings.url);
    options
        .max_connections(connections)
        .acquire_timeout(settings.acquire_timeout)
        .connect_timeout(settings.acquire_timeout)
        .statement_timeout(settings.statement_timeout)
        .test_before_acquire_if_idle_for(TESTED_WHEN_IDLE_FOR)
        .sqlx_logging_level(LevelFilter::Off)
        .sqlx_slow_statements_logging_settings(LevelFilter::Warn, settings.slow_statement)
        .map_sqlx_postgres_opts(move |postgres| {
            let milliseconds = IDLE_IN_TRANSACTION.as_millis().to_string();
            postgres.options([("idle_in_transaction_session_timeout", milliseconds)])
        })
        .map_sqlx_postgres_pool_opts(move |pool| {
            pool.after_release(move |connection, _| {
                Box::pin(require_answer(connection, answer_timeout))
            })
        })
        .map_sqlx_sqlite_pool_opts(|pool| {
            pool.after_release(|connection, _| Box::pin(is_reusable(connection)))
        })
        .map_sqlx_sqlite_opts(move |sqlite| {
            sqlite
                .foreign_keys(true)
                .journal_mode(SqliteJournalMode::Wal)
                // An acknowledged write survives a power cut.
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(busy_timeout)
        });
    if settings.is_sqlite() {
        // Connections to a file need not be replaced, and the code that looks for old ones in sqlx
        // 0.9.0 may spin forever while others wait for a pool's last connection, as writers do:
        // https://github.com/launchbadge/sqlx/issues/3645
        options.idle_timeout(None).max_lifetime(None);
    }
    if settings.is_in_memory() {
        options.min_connections(1);
    }
    let connected = connect_when_free(options, settings.acquire_timeout).await;
    let mut connection = connected.map_err(|error| match error {
        DbErr::Conn(RuntimeErr::SqlxError(cause))
            if matches!(*cause, sqlx::Error::PoolTimedOut) =>
        {
            Error::unavailable(MigrationError::Unreachable(settings.acquire_timeout))
        }
        error => error.into(),
    })?;
    if let Some(hook) = hook {
        connection.set_metric_callback(move |info| hook(&info.statement.sql));
    }
    Ok(connection)
}

/// Whether a returned connection has no transaction left open.
///
/// On a full disk, SQLite may roll back a transaction by itself when the commit fails. sqlx then fails
/// to roll it back, still counts it as open, and turns all later transactions into savepoints inside
/// it: what they commit would be acknowledged and lost.
async fn is_reusable(connection: &mut SqliteConnection) -> std::result::Result<bool, sqlx::Error> {
    if connection.is_in_transaction() {
        // The rollback may still be queued; this waits for it.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

/// Waits until a returned connection has finished the statement that it was abandoned with. A server
/// that is alive has finished it, or cancelled it, within the limit.
///
/// # Errors
/// If it does not finish: the connection is then closed, so that the pool loses no capacity to a server
/// that is silently gone.
async fn require_answer(
    connection: &mut PgConnection,
    limit: Duration,
) -> std::result::Result<bool, sqlx::Error> {
    // Unlike `ping`, this sends nothing if nothing is in progress.
    let answered = timeout(limit, connection.flush()).await;
    answered.map_err(|elapsed| sqlx::Error::Io(elapsed.into()))??;
    Ok(true)
}

/// Switching a new SQLite file to WAL needs exclusive access, and does not wait for it by itself.
async fn connect_when_free(
    options: ConnectOptions,
    patience: Duration,
) -> std::result::Result<DatabaseConnection, DbErr> {
    let deadline = Instant::now() + patience;
    loop {
        match Database::connect(options.clone()).await {
            Err(error) if is_busy(&error) && Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            connected => return connected,
        }
    }
}

fn is_busy(error: &DbErr) -> bool {
    let DbErr::Conn(RuntimeErr::SqlxError(cause)) = error else { return false };
    cause.as_database_error().and_then(|database| database.code()).as_deref() == Some("5")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn connections_to_a_file_are_never_closed_for_being_idle_or_old() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("test.db");
        let settings = DbSettings::new(format!("sqlite:{}?mode=rwc", file.display()));
        let pool = open(&settings, 1, None).await.unwrap();
        let options = pool.get_sqlite_connection_pool().options();
        assert_eq!((options.get_idle_timeout(), options.get_max_lifetime()), (None, None));
    }
}
