//! Connections to SQLite, and when the statements on them are stopped.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sea_orm::{
    ConnectOptions,
    sqlx::{
        self, Connection, SqliteConnection,
        sqlite::{SqliteJournalMode, SqliteSynchronous},
    },
};

use super::{open_file::OpenFile, pool::Pool, write_ahead_log};

/// After how many instructions of its virtual machine SQLite asks whether to go on. A row takes about ten, and
/// the longest text in one a fraction of a millisecond to search.
const INSTRUCTIONS: i32 = 100;

tokio::task_local! {
    /// Exists for as long as somebody waits for the query.
    static WAITING: Arc<()>;
}

/// Runs a query that SQLite stops when the future is dropped.
pub(crate) async fn interrupted_when_dropped<T>(query: impl Future<Output = T>) -> T {
    WAITING.scope(Arc::new(()), query).await
}

/// Sets how connections are opened, which are kept, and how long they may be used at a time.
pub(super) fn configure(options: &mut ConnectOptions, pool: &Pool<'_>) {
    let busy_timeout = pool.settings.acquire_timeout;
    let (limit, file) = (pool.limit, pool.file.clone());
    options
        // Connections to a file need not be replaced, and the code that looks for old ones in sqlx
        // 0.9.0 may spin forever while others wait for a pool's last connection, as writers do:
        // https://github.com/launchbadge/sqlx/issues/3645
        .idle_timeout(None)
        .max_lifetime(None)
        .map_sqlx_sqlite_pool_opts(move |pool| {
            let file = file.clone();
            pool.after_connect(move |connection, _| {
                let in_place = file.as_ref().map_or(Ok(()), OpenFile::require_in_place);
                Box::pin(async move {
                    in_place.map_err(|error| sqlx::Error::Configuration(error.into()))?;
                    start(connection, limit).await
                })
            })
            .before_acquire(move |connection, _| {
                Box::pin(async move { start(connection, limit).await.map(|()| true) })
            })
            .after_release(|connection, _| Box::pin(is_reusable(connection)))
        })
        .map_sqlx_sqlite_opts(move |sqlite| {
            sqlite
                // The file was created when the database was opened. If it is gone, a new one would have none of its rows.
                .create_if_missing(false)
                .foreign_keys(true)
                .journal_mode(SqliteJournalMode::Wal)
                .pragma("journal_size_limit", write_ahead_log::LIMIT.to_string())
                // An acknowledged write survives a power cut.
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(busy_timeout)
        });
    if pool.settings.is_in_memory() {
        options.min_connections(1);
    }
}

/// Has SQLite stop what the connection is about to be used for at the end of the limit, or when nobody waits for
/// it any longer. This runs in the task that acquires the connection.
async fn start(connection: &mut SqliteConnection, limit: Option<Duration>) -> sqlx::Result<()> {
    let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
    let waiting = WAITING.try_with(Arc::downgrade).ok();
    let goes_on = move || {
        waiting.as_ref().is_none_or(|waiting| waiting.strong_count() > 0)
            && deadline.is_none_or(|deadline| Instant::now() < deadline)
    };
    connection.lock_handle().await?.set_progress_handler(INSTRUCTIONS, goes_on);
    Ok(())
}

/// Whether a returned connection has no transaction left open.
///
/// On a full disk, SQLite may roll back a transaction by itself when the commit fails. sqlx then fails
/// to roll it back, still counts it as open, and turns all later transactions into savepoints inside
/// it: what they commit would be acknowledged and lost.
async fn is_reusable(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    if connection.is_in_transaction() {
        // The rollback may still be queued; this waits for it.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}
