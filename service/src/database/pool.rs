//! Connection pools: how they are opened, and how long their statements may run.

use std::{
    borrow::Cow,
    time::{Duration, Instant},
};

use log::LevelFilter;
use migration::MigrationError;
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbBackend, DbErr, RuntimeErr, sqlx};

use super::{
    DbSettings, StatementHook,
    kept::Terms,
    open_file::OpenFile,
    postgres::{self, Lookalike, TrustedSince},
    primary::Followers,
    read_pool::ReadPool,
    sqlite,
};
use crate::{Error, Result};

/// Connections that were idle for longer are tested before use. After a restart of the database each of
/// the others fails once, which does not take long, since they are in constant use.
pub(super) const TESTED_WHEN_IDLE_FOR: Duration = Duration::from_secs(1);

/// How long a connection is kept that a query was abandoned on, for the query to end.
const ABANDONED_QUERY: Duration = Duration::from_millis(250);

/// How full a pool is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolUse {
    /// What the pool is for, and which replica it leads to, if it does.
    pub name: Cow<'static, str>,
    /// Open connections, including idle ones.
    pub open: u32,
    /// Idle connections.
    pub idle: u32,
}

impl PoolUse {
    pub(super) fn of(name: impl Into<Cow<'static, str>>, pool: &DatabaseConnection) -> Self {
        let (open, idle) = match pool.get_database_backend() {
            DbBackend::Postgres => {
                let pool = pool.get_postgres_connection_pool();
                (pool.size(), pool.num_idle())
            }
            _ => {
                let pool = pool.get_sqlite_connection_pool();
                (pool.size(), pool.num_idle())
            }
        };
        Self { name: name.into(), open, idle: u32::try_from(idle).unwrap_or(open) }
    }

    /// With the idle connections that are kept outside the pool.
    pub(super) fn of_reads(name: impl Into<Cow<'static, str>>, reads: &ReadPool) -> Self {
        let of_pool = Self::of(name, reads.pool());
        let kept = u32::try_from(reads.num_idle()).unwrap_or(of_pool.open);
        Self { idle: (of_pool.idle + kept).min(of_pool.open), ..of_pool }
    }
}

/// A pool to open.
#[derive(Clone)]
pub(super) struct Pool<'a> {
    pub(super) settings: &'a DbSettings,
    /// The URL of the server, which is one of those in the settings.
    url: String,
    /// The pools that are opened like this one.
    pub(super) followers: Followers,
    /// How many connections at most.
    connections: u32,
    /// How long a call waits for a free connection.
    patience: Duration,
    /// How long a statement may run, or on SQLite all that is done with a connection until it is returned.
    pub(super) limit: Option<Duration>,
    /// Whether PostgreSQL plans each statement for its values, rather than once for all.
    pub(super) plans_by_values: bool,
    /// How long a statement may go on whose caller is gone, before its connection is closed.
    pub(super) abandoned_limit: Duration,
    /// The SQLite file.
    pub(super) file: Option<OpenFile>,
    /// Whether it is for the service rather than for a command.
    pub(super) is_for_service: bool,
    /// Whether a standby is refused.
    pub(super) needs_primary: bool,
    pub(super) trusted_since: TrustedSince,
    pub(super) lookalike: Lookalike,
    hook: Option<StatementHook>,
}

impl<'a> Pool<'a> {
    /// A pool whose statements may run as long as they need.
    pub(super) fn unlimited(settings: &'a DbSettings) -> Self {
        Self {
            settings,
            url: settings.url.clone(),
            followers: Followers::default(),
            connections: 1,
            patience: settings.acquire_timeout,
            limit: None,
            plans_by_values: false,
            abandoned_limit: ABANDONED_QUERY,
            file: None,
            is_for_service: false,
            needs_primary: false,
            trusted_since: TrustedSince::now(),
            lookalike: Lookalike::default(),
            hook: None,
        }
    }

    /// A pool for queries of the service.
    pub(super) fn for_reads(settings: &'a DbSettings) -> Self {
        let limit = Some(settings.read_timeout);
        Self { limit, is_for_service: true, needs_primary: true, ..Self::unlimited(settings) }
    }

    /// The same for statements that write, which end by themselves when their caller is gone: a server that is
    /// alive has finished them, or cancelled them, within the limit.
    pub(super) fn for_writes(&self) -> Self {
        let DbSettings { statement_timeout, acquire_timeout, .. } = *self.settings;
        Self {
            limit: self.limit.map(|_| statement_timeout),
            abandoned_limit: statement_timeout + acquire_timeout,
            ..self.clone()
        }
    }

    /// The same to the server at this URL.
    pub(super) fn at(self, url: String) -> Self {
        Self { url, ..self }
    }

    /// The same to the standby at this URL.
    pub(super) fn to_replica(&self, url: String) -> Self {
        Self {
            url,
            needs_primary: false,
            followers: Followers::default(),
            trusted_since: TrustedSince::now(),
            ..self.clone()
        }
    }

    /// The same on this SQLite file.
    pub(super) fn on(self, file: Option<OpenFile>) -> Self {
        Self { file, ..self }
    }

    /// The same with this many connections.
    pub(super) fn of(&self, connections: u32) -> Self {
        Self { connections, ..self.clone() }
    }

    /// The same whose callers wait for this long for a connection.
    pub(super) fn with_patience(&self, patience: Duration) -> Self {
        Self { patience, ..self.clone() }
    }

    /// The same for searches: how many rows a word or a pattern finds decides which plan is best.
    pub(super) fn for_searches(&self) -> Self {
        Self { plans_by_values: true, ..self.clone() }
    }

    /// The same that calls the hook with each statement.
    pub(super) fn observed_by(self, hook: StatementHook) -> Self {
        Self { hook: Some(hook), ..self }
    }

    /// Opens the pool and its first connection.
    ///
    /// # Errors
    /// If the database can't be reached.
    pub(super) async fn open(&self) -> Result<ReadPool> {
        Ok(self.to_read(self.connect(self.options()).await?))
    }

    /// Opens the pool, whose connections are opened when they are needed.
    ///
    /// # Errors
    /// If the settings are invalid.
    pub(super) async fn open_lazily(&self) -> Result<ReadPool> {
        Ok(self.to_read(self.open_to_write().await?))
    }

    /// The same for transactions.
    ///
    /// # Errors
    /// As [`Pool::open_lazily`].
    pub(super) async fn open_to_write(&self) -> Result<DatabaseConnection> {
        let mut options = self.options();
        options.connect_lazy(true);
        self.connect(options).await
    }

    fn to_read(&self, pool: DatabaseConnection) -> ReadPool {
        let terms = Terms {
            connections: self.connections,
            patience: self.patience,
            limit: self.limit,
            // The only connection to a database in memory is for writing too, and a command's for transactions.
            keeps: self.is_for_service && !self.settings.is_in_memory(),
            trusted_since: self.trusted_since.clone(),
        };
        ReadPool::new(pool, terms, self.hook.clone())
    }

    async fn connect(&self, options: ConnectOptions) -> Result<DatabaseConnection> {
        let acquire_timeout = self.settings.acquire_timeout;
        let connected = connect_when_free(options, acquire_timeout).await;
        let mut connection = connected.map_err(|error| match error {
            DbErr::Conn(RuntimeErr::SqlxError(cause))
                if matches!(*cause, sqlx::Error::PoolTimedOut) =>
            {
                Error::unavailable(MigrationError::Unreachable(acquire_timeout))
            }
            error => error.into(),
        })?;
        if connection.get_database_backend() == DbBackend::Postgres {
            let pool = connection.get_postgres_connection_pool();
            self.followers.add(pool.clone(), self.session());
        }
        if let Some(hook) = self.hook.clone() {
            connection.set_metric_callback(move |info| hook(&info.statement.sql, info.elapsed));
        }
        Ok(connection)
    }

    fn options(&self) -> ConnectOptions {
        let mut options = ConnectOptions::new(&self.url);
        options
            .max_connections(self.connections)
            .acquire_timeout(self.patience)
            .connect_timeout(self.settings.acquire_timeout)
            .test_before_acquire_if_idle_for(TESTED_WHEN_IDLE_FOR)
            .sqlx_logging_level(LevelFilter::Off)
            .sqlx_slow_statements_logging_settings(LevelFilter::Warn, self.settings.slow_statement);
        if self.settings.is_sqlite() {
            sqlite::configure(&mut options, self);
        } else {
            postgres::configure(&mut options, self);
        }
        options
    }
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
        migration::sqlite_file::make(&settings.url).unwrap();
        let reads = Pool::for_reads(&settings).open().await.unwrap();
        let options = reads.pool().get_sqlite_connection_pool().options();
        assert_eq!((options.get_idle_timeout(), options.get_max_lifetime()), (None, None));
    }
}
