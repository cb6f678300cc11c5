use std::{fmt, sync::Arc, time::Duration};

use migration::sqlite_file;
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbBackend};

use crate::{
    Error, Reader, Result,
    pool::{self, PoolUse},
};

/// Called with the text of each statement that runs, without the values bound to it.
pub type StatementHook = Arc<dyn Fn(&str) + Send + Sync>;

/// How to reach the database, and how much of it to use.
#[derive(Clone)]
pub struct DbSettings {
    /// `sqlite:FILE`, `sqlite::memory:` or `postgres://…`.
    pub url: String,
    /// How many connections at most.
    pub max_connections: u32,
    /// How long a call waits for a free connection, and on SQLite for the write lock.
    pub acquire_timeout: Duration,
    /// How long a statement may run (PostgreSQL).
    pub statement_timeout: Duration,
    /// Statements that take longer are logged, without their values.
    pub slow_statement: Duration,
    /// What keeps two processes from migrating at once, and how long to wait for it.
    pub migration_lock: migration::Lock,
}

impl fmt::Debug for DbSettings {
    /// Omits the URL, which may contain a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DbSettings")
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}

impl DbSettings {
    /// The default settings for the database at this URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            max_connections: 10,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            slow_statement: Duration::from_secs(1),
            migration_lock: migration::Lock::default(),
        }
    }

    /// Whether the database is an SQLite one that is gone with its last connection.
    pub fn is_in_memory(&self) -> bool {
        self.is_sqlite() && sqlite_file::of(&self.url).is_none()
    }

    /// Whether the database is an SQLite one.
    pub fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }
}

/// The database: a pool to read from, and on SQLite one connection that does all the writing, so
/// that writers queue in order instead of racing for the file's lock.
#[derive(Clone, Debug)]
pub struct Db {
    reader: Reader,
    writer: DatabaseConnection,
}

impl Db {
    /// Opens the pools. A missing SQLite file is created; a database in memory is migrated, since
    /// nobody else can.
    ///
    /// # Errors
    /// If the URL does not name an SQLite or PostgreSQL database, or the database can't be reached.
    pub async fn connect(settings: &DbSettings) -> Result<Self> {
        Self::open(settings, None).await
    }

    /// As [`Db::connect`], with a hook that is called with each statement.
    ///
    /// # Errors
    /// As [`Db::connect`].
    pub async fn connect_observed(settings: &DbSettings, hook: StatementHook) -> Result<Self> {
        Self::open(settings, Some(hook)).await
    }

    async fn open(settings: &DbSettings, hook: Option<StatementHook>) -> Result<Self> {
        sqlite_file::make(&settings.url).map_err(Error::internal)?;
        let in_memory = settings.is_in_memory();
        let readers = if in_memory { 1 } else { settings.max_connections };
        let reader = pool::open(settings, readers, hook.clone()).await?;
        let writer = if settings.is_sqlite() && !in_memory {
            pool::open(settings, 1, hook).await?
        } else {
            reader.clone()
        };
        if in_memory {
            let up = migration::Command::Up { num: None };
            migration::apply(&writer, settings.migration_lock, up)
                .await
                .map_err(Error::internal)?;
        }
        Ok(Self { reader: Reader::new(reader), writer })
    }

    /// The database for use cases that only read.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// For statements that only read.
    pub(crate) fn connection(&self) -> &DatabaseConnection {
        self.reader.connection()
    }

    /// For housekeeping: a single statement that writes, returns no row, and is repeated later if it fails.
    /// Everything else goes through [`Db::write`]. On SQLite a statement that returns its row (`insert` of an
    /// active model) must: the row comes before the commit, whose failure would go unnoticed.
    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// Begins a transaction that will write, for work that is not retried.
    ///
    /// `BEGIN` completes even if the caller is gone, and is rolled back then. On PostgreSQL, sqlx only knows
    /// of a transaction once `BEGIN` has been answered: a connection that was returned before would remain
    /// inside the transaction, along with everything that others do on it.
    ///
    /// # Errors
    /// If no connection is free in time, or the write lock is not.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction> {
        let writer = self.writer.clone();
        let begun = tokio::spawn(async move { entity::begin_write(&writer).await });
        Ok(begun.await.map_err(Error::internal)??)
    }

    /// Whether it is PostgreSQL, which several instances can share.
    pub fn is_postgres(&self) -> bool {
        self.connection().get_database_backend() == DbBackend::Postgres
    }

    /// Requires that the schema is that of this binary, with all its tables, and that the database can store
    /// any text. Changes nothing.
    ///
    /// # Errors
    /// [`Error::Unavailable`] otherwise, also when the database has a migration that this binary
    /// does not know.
    pub async fn require_schema(&self) -> Result<()> {
        let db = self.connection();
        migration::server::require_utf8(db).await.map_err(Error::unavailable)?;
        none_pending(&migration::pending(db).await.map_err(Error::unavailable)?)?;
        self.require_ready().await
    }

    /// Requires that the database responds and lacks no migration and no table of this binary. It may have
    /// newer ones: while a new version is rolled out, the old one keeps working. Changes nothing.
    ///
    /// # Errors
    /// [`Error::Unavailable`] otherwise.
    pub async fn require_ready(&self) -> Result<()> {
        let lacking = migration::lacking(self.connection()).await.map_err(Error::unavailable)?;
        none_pending(&lacking)
    }

    /// How full the pools are.
    pub fn pools(&self) -> Vec<PoolUse> {
        if self.is_postgres() {
            let pool = self.connection().get_postgres_connection_pool();
            return vec![PoolUse::new("main", pool.size(), pool.num_idle())];
        }
        let [reader, writer] =
            [self.connection(), &self.writer].map(|db| db.get_sqlite_connection_pool());
        vec![
            PoolUse::new("reader", reader.size(), reader.num_idle()),
            PoolUse::new("writer", writer.size(), writer.num_idle()),
        ]
    }

    /// Closes the pools, once all connections are idle.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn close(self) -> Result<()> {
        self.writer.close_by_ref().await?;
        self.connection().close_by_ref().await.map_err(Error::from)
    }
}

fn none_pending(names: &[String]) -> Result<()> {
    match names.first() {
        None => Ok(()),
        Some(name) => Err(Error::unavailable(format!(
            "migration {name} is pending: run `teamnotes migrate up`"
        ))),
    }
}
