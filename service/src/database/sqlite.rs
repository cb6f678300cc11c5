//! Connections to SQLite, and when the statements on them are stopped.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use sea_orm::{
    ConnectOptions,
    sqlx::{
        self, Connection, Sqlite, SqliteConnection,
        sqlite::{SqliteJournalMode, SqliteSynchronous},
    },
};

use super::{kept::Keepable, open_file::OpenFile, pool::Pool, write_ahead_log};

/// After how many instructions of its virtual machine SQLite asks whether to go on. A row takes about ten, and
/// the longest text in one a fraction of a millisecond to search.
const INSTRUCTIONS: i32 = 100;

/// When SQLite stops what a connection is used for.
#[derive(Debug)]
pub(super) struct Watch {
    made_at: Instant,
    /// In nanoseconds after that.
    stop_after: AtomicU64,
}

impl Watch {
    fn new() -> Self {
        Self { made_at: Instant::now(), stop_after: AtomicU64::new(u64::MAX) }
    }

    /// Allows what begins now to go on for this long.
    pub(super) fn start(&self, limit: Option<Duration>) {
        let stop_after = limit.map(|limit| self.made_at.elapsed().saturating_add(limit));
        self.stop_after.store(stop_after.map_or(u64::MAX, nanoseconds), Ordering::Relaxed);
    }

    /// Stops what is in progress.
    pub(super) fn stop(&self) {
        self.stop_after.store(0, Ordering::Relaxed);
    }

    fn goes_on(&self) -> bool {
        nanoseconds(self.made_at.elapsed()) < self.stop_after.load(Ordering::Relaxed)
    }
}

/// In 64 bits, which last for centuries.
fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Keepable for Sqlite {
    async fn prepare(connection: &mut SqliteConnection) -> sqlx::Result<Option<Arc<Watch>>> {
        Ok(Some(watch(connection).await?))
    }
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

/// Has SQLite stop what the connection is about to be used for at the end of the limit. Takes a round trip to the
/// connection's thread.
async fn start(connection: &mut SqliteConnection, limit: Option<Duration>) -> sqlx::Result<()> {
    watch(connection).await?.start(limit);
    Ok(())
}

/// Has SQLite ask from now on whether to go on.
async fn watch(connection: &mut SqliteConnection) -> sqlx::Result<Arc<Watch>> {
    let watch = Arc::new(Watch::new());
    let asked = watch.clone();
    connection.lock_handle().await?.set_progress_handler(INSTRUCTIONS, move || asked.goes_on());
    Ok(watch)
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
