//! Pools for statements that stand on their own and only read.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use futures_util::{Stream, StreamExt, future::BoxFuture, stream::Peekable};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, QueryStream,
    Statement, StreamTrait,
    metric::Info,
    sqlx::{Postgres, Sqlite},
};

use super::{
    StatementHook,
    kept::{Kept, Taken, Terms, Usage},
    statements::acquire_error,
};
use crate::{error::is_rolled_back, retry::retrying};

/// A pool for statements that stand on their own and only read. SeaORM runs them on a connection of
/// sqlx's pool; this runs them on one that is [kept](Kept). What the database rolls back in favour of something else is
/// run again.
#[derive(Clone)]
pub(crate) struct ReadPool {
    pool: DatabaseConnection,
    kept: AnyKept,
    hook: Option<StatementHook>,
}

#[derive(Clone)]
enum AnyKept {
    Postgres(Arc<Kept<Postgres>>),
    Sqlite(Arc<Kept<Sqlite>>),
}

impl fmt::Debug for ReadPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadPool").field("pool", &self.pool).finish_non_exhaustive()
    }
}

/// Calls a method of the connections, whichever database they lead to.
macro_rules! on_kept {
    ($pool:expr, $kept:ident => $call:expr) => {
        match &$pool.kept {
            AnyKept::Postgres($kept) => $call,
            AnyKept::Sqlite($kept) => $call,
        }
    };
}

impl ReadPool {
    /// Reads from this pool. `hook` is called with each statement.
    pub(super) fn new(pool: DatabaseConnection, terms: Terms, hook: Option<StatementHook>) -> Self {
        let kept = match pool.get_database_backend() {
            DbBackend::Postgres => {
                let pool = pool.get_postgres_connection_pool().clone();
                AnyKept::Postgres(Arc::new(Kept::new(pool, terms)))
            }
            _ => {
                let pool = pool.get_sqlite_connection_pool().clone();
                AnyKept::Sqlite(Arc::new(Kept::new(pool, terms)))
            }
        };
        Self { pool, kept, hook }
    }

    /// Which database it is.
    pub(crate) fn get_database_backend(&self) -> DbBackend {
        match self.kept {
            AnyKept::Postgres(_) => DbBackend::Postgres,
            AnyKept::Sqlite(_) => DbBackend::Sqlite,
        }
    }

    /// The pool itself, for transactions.
    pub(crate) fn pool(&self) -> &DatabaseConnection {
        &self.pool
    }

    /// How many connections are kept that are not in use.
    pub(super) fn num_idle(&self) -> usize {
        on_kept!(self, kept => kept.num_idle())
    }

    /// Closes the pool, once all connections are idle.
    ///
    /// # Errors
    /// If the database fails.
    pub(super) async fn close(&self) -> Result<(), DbErr> {
        on_kept!(self, kept => kept.close());
        self.pool.close_by_ref().await
    }

    /// A connection, which must be one to PostgreSQL. Nothing if others have all of them for longer than this.
    ///
    /// # Errors
    /// If a new one can't be opened in time.
    pub(super) async fn take_within(
        &self,
        wait: Duration,
    ) -> Result<Option<Taken<'_, Postgres>>, DbErr> {
        match &self.kept {
            AnyKept::Postgres(kept) => kept.take_within(wait).await.map_err(acquire_error),
            AnyKept::Sqlite(_) => Err(DbErr::Custom("not a PostgreSQL database".into())),
        }
    }

    /// Runs a statement, and calls the hook when it is done.
    pub(super) async fn observed<T>(&self, sql: &str, run: impl Future<Output = T>) -> T {
        let Some(hook) = &self.hook else { return run.await };
        let started = Instant::now();
        let done = run.await;
        hook(sql, started.elapsed());
        done
    }

    /// Rows of which the first has been read, if there is any.
    async fn start(&self, statement: Statement) -> Result<Rows, DbErr> {
        let hook = self.stream_hook();
        let mut rows = on_kept!(self, kept => kept.stream(statement, hook).await)?;
        match Pin::new(&mut rows.rows).next_if(Result::is_err).await {
            Some(Err(error)) => Err(error),
            _ => Ok(rows),
        }
    }

    /// The hook, as a stream calls it when it is dropped.
    fn stream_hook(&self) -> StreamHook {
        let hook = self.hook.clone()?;
        Some(Arc::new(move |info| hook(&info.statement.sql, info.elapsed)))
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for ReadPool {
    fn get_database_backend(&self) -> DbBackend {
        self.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let run = async { on_kept!(self, kept => kept.execute(&statement).await) };
        self.observed(&statement.sql, run).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let run = async { on_kept!(self, kept => kept.execute_unprepared(sql).await) };
        self.observed(sql, run).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let run = || async { on_kept!(self, kept => kept.fetch_one(&statement).await) };
        self.observed(&statement.sql, retrying(is_rolled_back, run)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let run = || async { on_kept!(self, kept => kept.fetch_all(&statement).await) };
        self.observed(&statement.sql, retrying(is_rolled_back, run)).await
    }
}

impl StreamTrait for ReadPool {
    type Stream<'a> = Rows;

    fn get_database_backend(&self) -> DbBackend {
        self.get_database_backend()
    }

    fn stream_raw(&self, statement: Statement) -> BoxFuture<'_, Result<Rows, DbErr>> {
        Box::pin(async move { retrying(is_rolled_back, || self.start(statement.clone())).await })
    }
}

/// Rows that are read one by one. The statement is stopped when this is dropped.
pub(crate) struct Rows {
    rows: Peekable<QueryStream>,
    _usage: Usage,
}

impl Rows {
    /// These rows, as long as their connection is used.
    pub(super) fn new(rows: QueryStream, usage: Usage) -> Self {
        Self { rows: rows.peekable(), _usage: usage }
    }
}

impl Stream for Rows {
    type Item = Result<QueryResult, DbErr>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.rows.poll_next_unpin(context)
    }
}

/// A hook, as SeaORM has it.
pub(super) type StreamHook = Option<Arc<dyn Fn(&Info<'_>) + Send + Sync>>;

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt;
    use tempfile::TempDir;
    use tokio::time::timeout;

    use super::{
        super::{DbSettings, pool::Pool},
        *,
    };

    const NUMBERS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)";

    /// A pool of one connection to a new SQLite file.
    async fn pool() -> (ReadPool, TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("test.db");
        let settings = DbSettings::new(format!("sqlite:{}?mode=rwc", file.display()));
        migration::sqlite_file::make(&settings.url).unwrap();
        (Pool::for_reads(&settings).of(1).open().await.unwrap(), directory)
    }

    fn statement(sql: &str) -> Statement {
        Statement::from_string(DbBackend::Sqlite, sql)
    }

    async fn works(pool: &ReadPool) -> bool {
        pool.query_one_raw(statement("SELECT 1")).await.is_ok_and(|row| row.is_some())
    }

    #[tokio::test]
    async fn a_connection_is_kept_unless_its_statement_has_failed() {
        let (pool, _directory) = pool().await;
        assert!(works(&pool).await);
        assert_eq!(pool.num_idle(), 1);
        pool.query_all_raw(statement("SELECT nothing")).await.unwrap_err();
        assert_eq!(pool.num_idle(), 0);
        assert!(works(&pool).await);
        assert_eq!(pool.num_idle(), 1);
    }

    #[tokio::test]
    async fn a_query_that_nobody_waits_for_is_stopped() {
        let (pool, _directory) = pool().await;
        let endless = pool.query_all_raw(statement(&format!("{NUMBERS} SELECT max(i) FROM n")));
        timeout(Duration::from_millis(50), endless).await.unwrap_err();
        assert!(works(&pool).await);
        let rows = pool.stream_raw(statement(&format!("{NUMBERS} SELECT i FROM n"))).await;
        assert!(rows.unwrap().try_next().await.unwrap().is_some());
        assert!(works(&pool).await);
    }

    #[tokio::test]
    async fn a_closed_pool_runs_no_statements() {
        let (pool, _directory) = pool().await;
        assert!(works(&pool).await);
        pool.close().await.unwrap();
        assert_eq!(pool.num_idle(), 0);
        assert!(!works(&pool).await);
    }
}
