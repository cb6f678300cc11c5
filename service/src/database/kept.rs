//! Connections that are kept at hand between statements.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, ThreadId},
    time::{Duration, Instant},
};

use sea_orm::sqlx::{self, Connection as _, Database, pool::PoolConnection};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::{pool::TESTED_WHEN_IDLE_FOR, postgres::TrustedSince, sqlite::Watch};

/// How long a connection is kept before it returns to its pool: the age at which sqlx's pool replaces it.
const KEPT_FOR: Duration = Duration::from_mins(30);

/// How connections are kept and used.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    /// How many there are at most, in use or kept.
    pub(super) connections: u32,
    /// How long a call waits for one.
    pub(super) patience: Duration,
    /// How long a statement may run, where the database does not limit that itself.
    pub(super) limit: Option<Duration>,
    /// Whether any are kept.
    pub(super) keeps: bool,
    pub(super) trusted_since: TrustedSince,
}

/// A database whose connections can be kept.
pub(super) trait Keepable: Database {
    /// Prepares a connection for use by many statements. Returns what stops them, unless the database does that
    /// by itself.
    fn prepare(
        connection: &mut Self::Connection,
    ) -> impl Future<Output = sqlx::Result<Option<Arc<Watch>>>> + Send;
}

/// The connections of a pool. Those whose statement has ended are kept for the next one, and all others are
/// returned to the pool: that takes a task and a round trip to the database each time, since sqlx tests
/// what returns.
#[derive(Debug)]
pub(super) struct Kept<DB: Database> {
    pool: sqlx::Pool<DB>,
    terms: Terms,
    permits: Arc<Semaphore>,
    idle: Mutex<Idle<DB>>,
}

#[derive(Debug)]
struct Idle<DB: Database> {
    /// Those used last are at the end.
    connections: Vec<Connection<DB>>,
    is_closed: bool,
}

#[derive(Debug)]
struct Connection<DB: Database> {
    inner: PoolConnection<DB>,
    watch: Option<Arc<Watch>>,
    /// The thread that opened it, as far as that is known.
    opened_by: Option<ThreadId>,
    /// When it was taken from the pool.
    since: Instant,
    used_at: Instant,
}

impl<DB: Keepable> Kept<DB> {
    pub(super) fn new(pool: sqlx::Pool<DB>, terms: Terms) -> Self {
        let permits = Arc::new(Semaphore::new(terms.connections as usize));
        let idle = Mutex::new(Idle { connections: Vec::new(), is_closed: !terms.keeps });
        Self { pool, terms, permits, idle }
    }

    /// A connection for one statement. Waits for one if need be, in turn with others.
    ///
    /// # Errors
    /// If there is none in time.
    pub(super) async fn take(&self) -> sqlx::Result<Taken<'_, DB>> {
        if let Some(taken) = self.try_take() {
            return Ok(taken);
        }
        // In a box, since the future of opening a connection is large, and is moved with those around it.
        let waited = Box::pin(timeout(self.terms.patience, self.wait())).await;
        waited.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    /// A connection that was used just now, if there is one.
    fn try_take(&self) -> Option<Taken<'_, DB>> {
        let permit = self.permits.clone().try_acquire_owned().ok()?;
        let connection = self.pop_fresh()?;
        Some(self.start(connection, permit))
    }

    async fn wait(&self) -> sqlx::Result<Taken<'_, DB>> {
        let permit = self.permit().await?;
        self.take_with(permit).await
    }

    /// The same as [`Kept::take`], but nothing if others have all connections for longer than this.
    ///
    /// # Errors
    /// If a new one can't be opened in time.
    pub(super) async fn take_within(&self, wait: Duration) -> sqlx::Result<Option<Taken<'_, DB>>> {
        if let Some(taken) = self.try_take() {
            return Ok(Some(taken));
        }
        let Ok(permit) = timeout(wait, self.permit()).await else { return Ok(None) };
        let taken = timeout(self.terms.patience, self.take_with(permit?)).await;
        taken.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map(Some)
    }

    /// The right to use a connection.
    async fn permit(&self) -> sqlx::Result<OwnedSemaphorePermit> {
        let permit = self.permits.clone().acquire_owned().await;
        permit.map_err(|_closed| sqlx::Error::PoolClosed)
    }

    async fn take_with(&self, permit: OwnedSemaphorePermit) -> sqlx::Result<Taken<'_, DB>> {
        while let Some(mut connection) = self.pop() {
            if self.is_usable(&mut connection).await {
                return Ok(self.start(connection, permit));
            }
        }
        let since = Instant::now();
        let is_new = self.pool.num_idle() == 0;
        let mut inner = self.pool.acquire().await?;
        let opened_by = is_new.then(|| thread::current().id());
        let watch = DB::prepare(&mut inner).await?;
        Ok(self.start(Connection { inner, watch, opened_by, since, used_at: since }, permit))
    }

    fn start(&self, connection: Connection<DB>, permit: OwnedSemaphorePermit) -> Taken<'_, DB> {
        let Connection { inner, watch, opened_by, since, used_at: _ } = connection;
        if let Some(watch) = &watch {
            watch.start(self.terms.limit);
        }
        Taken { kept: self, inner, opened_by, since, usage: Usage { watch, _permit: permit } }
    }

    async fn is_usable(&self, connection: &mut Connection<DB>) -> bool {
        self.is_fresh(connection)
            || self.is_keepable(connection) && connection.inner.ping().await.is_ok()
    }

    /// Whether the connection can be used untested.
    fn is_fresh(&self, connection: &Connection<DB>) -> bool {
        self.is_keepable(connection) && connection.used_at.elapsed() <= TESTED_WHEN_IDLE_FOR
    }

    fn is_keepable(&self, connection: &Connection<DB>) -> bool {
        let age = connection.since.elapsed();
        age <= KEPT_FOR && self.terms.trusted_since.includes(age)
    }

    /// The connection that was used last; among those that this thread opened if there are any, since a socket wakes the
    /// thread that opened it.
    fn pop_fresh(&self) -> Option<Connection<DB>> {
        let this_thread = Some(thread::current().id());
        let connections = &mut self.idle().connections;
        let is_own = |connection: &Connection<DB>| connection.opened_by == this_thread;
        let newest = connections.iter().rposition(is_own).or(connections.len().checked_sub(1))?;
        connections
            .get(newest)
            .is_some_and(|found| self.is_fresh(found))
            .then(|| connections.remove(newest))
    }

    fn pop(&self) -> Option<Connection<DB>> {
        self.idle().connections.pop()
    }

    /// How many connections are kept that are not in use.
    pub(super) fn num_idle(&self) -> usize {
        self.idle().connections.len()
    }

    /// Returns all connections to the pool, and keeps no more.
    pub(super) fn close(&self) {
        let mut idle = self.idle();
        idle.is_closed = true;
        idle.connections.clear();
    }

    fn idle(&self) -> MutexGuard<'_, Idle<DB>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection in use. If it is dropped, its statement is stopped, and it returns to the pool.
pub(super) struct Taken<'a, DB: Database> {
    kept: &'a Kept<DB>,
    pub(super) inner: PoolConnection<DB>,
    opened_by: Option<ThreadId>,
    since: Instant,
    usage: Usage,
}

impl<DB: Keepable> Taken<'_, DB> {
    /// Keeps the connection, whose statement has ended.
    pub(super) fn keep(mut self) {
        let connection = Connection {
            inner: self.inner,
            watch: self.usage.watch.take(),
            opened_by: self.opened_by,
            since: self.since,
            used_at: Instant::now(),
        };
        let mut idle = self.kept.idle();
        if !idle.is_closed {
            idle.connections.push(connection);
        }
    }

    /// Gives the connection away, which then returns to the pool.
    pub(super) fn into_inner(self) -> (PoolConnection<DB>, Usage) {
        (self.inner, self.usage)
    }
}

/// The use of a connection. When it is dropped, its statement is stopped.
pub(super) struct Usage {
    watch: Option<Arc<Watch>>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Usage {
    fn drop(&mut self) {
        if let Some(watch) = &self.watch {
            watch.stop();
        }
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::sqlx::{Sqlite, SqlitePool};
    use tokio::runtime::Handle;

    use super::*;

    #[tokio::test]
    async fn a_thread_prefers_the_connections_that_it_opened() {
        let terms = Terms {
            connections: 2,
            patience: Duration::from_secs(5),
            limit: None,
            keeps: true,
            trusted_since: TrustedSince::now(),
        };
        let pool = SqlitePool::connect_lazy("sqlite::memory:").unwrap();
        let kept = Kept::<Sqlite>::new(pool, terms);
        let own = kept.take().await.unwrap();
        let runtime = Handle::current();
        let others = thread::scope(|scope| {
            scope.spawn(|| runtime.block_on(kept.take()).unwrap()).join().unwrap()
        });
        own.keep();
        others.keep();
        for _ in 0..2 {
            let taken = kept.take().await.unwrap();
            assert_eq!(taken.opened_by, Some(thread::current().id()));
            taken.keep();
        }
    }
}
