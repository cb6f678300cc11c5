//! The database: its connection pools, and how they keep one kind of work from stopping another.

mod kept;
mod limits;
mod open_file;
mod pool;
mod postgres;
mod primary;
mod read_pool;
mod replicas;
mod settings;
mod source;
mod sqlite;
mod statements;
mod write_ahead_log;

use std::{sync::Arc, time::Duration};

use migration::Servers;
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbBackend};
use tokio::task::JoinSet;

use self::{
    open_file::OpenFile,
    pool::Pool,
    postgres::{Lookalike, TrustedSince},
    replicas::Replicas,
    settings::Shares,
};
pub use self::{
    pool::PoolUse,
    replicas::{ReplicaState, ReplicaUse},
    settings::DbSettings,
};
pub(crate) use self::{
    read_pool::ReadPool,
    replicas::{Purpose, Route},
    source::Source,
};
use crate::{Actor, Error, Reader, Result, uses::Uses};

/// Called with the text of each statement that ran, without the values bound to it, and how long it took.
pub type StatementHook = Arc<dyn Fn(&str, Duration) + Send + Sync>;

/// How long a search waits while others use all connections for searches.
const SEARCH_PATIENCE: Duration = Duration::from_secs(1);

/// The database: pools to read from, and one to write with, which on SQLite has one connection, so that
/// writers queue in order instead of racing for the file's lock.
#[derive(Clone, Debug)]
pub struct Db {
    reader: Reader,
    /// Standbys that may serve reads.
    replicas: Option<Arc<Replicas>>,
    writer: DatabaseConnection,
    /// The SQLite file.
    file: Option<OpenFile>,
    trusted_since: TrustedSince,
    uses: Arc<Uses>,
    lookalike: Lookalike,
    /// Keeps the pools leading to the primary, if there are several servers.
    _following: Option<Arc<JoinSet<()>>>,
}

impl Db {
    /// Opens the database for a command, whose statements may take as long as they need. A missing SQLite
    /// file is created; a database in memory is migrated, since nobody else can.
    ///
    /// # Errors
    /// If the URL does not name an SQLite or PostgreSQL database, or the database can't be reached.
    pub async fn connect(settings: &DbSettings) -> Result<Self> {
        Self::open(Pool::unlimited(settings)).await
    }

    /// Opens the database for the service: as [`Db::connect`], but statements are stopped when they take
    /// longer than the settings allow. `hook` is called with each statement.
    ///
    /// # Errors
    /// As [`Db::connect`].
    pub async fn connect_observed(settings: &DbSettings, hook: StatementHook) -> Result<Self> {
        Self::open(Pool::for_reads(settings).observed_by(hook)).await
    }

    /// Opens the pools, all like this one but for their sizes and limits.
    async fn open(reads: Pool<'_>) -> Result<Self> {
        let settings = reads.settings;
        if settings.is_in_memory() {
            return Self::open_in_memory(&reads).await;
        }
        let file = OpenFile::make(&settings.url).map_err(Error::internal)?;
        let mut servers = Servers::of(&settings.url);
        let url = match &mut servers {
            Some(servers) if reads.needs_primary => {
                let primary = servers.require_primary(settings.acquire_timeout).await;
                primary.map_err(Error::unavailable)?
            }
            Some(servers) => servers.choose().await,
            None => settings.url.clone(),
        };
        let reads = reads.on(file.clone()).at(url.clone());
        let shares = Shares::of(settings);
        let reader = Reader::new(
            reads.of(shares.reads).open().await?,
            reads.of(shares.sessions).open_lazily().await?,
            reads
                .of(shares.searches)
                .for_searches()
                .with_patience(SEARCH_PATIENCE)
                .open_lazily()
                .await?,
        );
        let writer = reads.for_writes().of(shares.writes).open_to_write().await?;
        let replicas = Replicas::open(&reads, reader.sessions()).await?;
        let servers = servers.filter(|servers| reads.is_for_service && servers.are_several());
        let (followers, trusted_since) = (reads.followers, reads.trusted_since);
        let lookalike = reads.lookalike;
        let following = servers.map(|servers| {
            Arc::new(primary::follow(servers, url, followers, trusted_since.clone()))
        });
        Ok(Self {
            reader,
            replicas,
            writer,
            file,
            trusted_since,
            uses: Arc::default(),
            lookalike,
            _following: following,
        })
    }

    /// Opens a database that is gone with its only connection.
    async fn open_in_memory(pool: &Pool<'_>) -> Result<Self> {
        let reads = pool.of(1).open().await?;
        let connection = reads.pool().clone();
        let up = migration::Command::Up { num: None };
        migration::apply(&connection, pool.settings.migration_lock, up)
            .await
            .map_err(Error::internal)?;
        Ok(Self {
            reader: Reader::new(reads.clone(), reads.clone(), reads),
            replicas: None,
            writer: connection,
            file: None,
            trusted_since: TrustedSince::now(),
            uses: Arc::default(),
            lookalike: Lookalike::default(),
            _following: None,
        })
    }

    /// The database for use cases that only read, which is the primary.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// A replica that may serve the reads of a request of this actor, if one is in service: it is used as far as it has
    /// all that was committed before the request began, and else the primary. Not for what a change depends on.
    pub fn replica_reader(&self, actor: &Actor) -> Option<Reader> {
        let route = self.replicas.as_ref()?.route(actor.position())?;
        Some(self.reader.by(route))
    }

    /// Whether reads may go to replicas, so that the check of a credential has to say how far they must be.
    pub(crate) fn has_replicas(&self) -> bool {
        self.replicas.is_some()
    }

    /// What the replicas have been used for.
    pub fn replicas(&self) -> Vec<ReplicaUse> {
        self.replicas.as_ref().map(|replicas| replicas.uses()).unwrap_or_default()
    }

    /// How far behind the replicas are, by host and port.
    pub(crate) async fn replica_states(&self) -> Vec<(String, Result<ReplicaState>)> {
        match &self.replicas {
            Some(replicas) => replicas.states().await,
            None => Vec::new(),
        }
    }

    /// For statements that only read.
    pub(crate) fn connection(&self) -> &ReadPool {
        self.reader.connection().primary()
    }

    /// For housekeeping: a single statement that writes, returns no row, and is repeated later if it fails.
    /// Everything else goes through [`Db::write`]. On SQLite a statement that returns its row (`insert` of an
    /// active model) must: the row comes before the commit, whose failure would go unnoticed.
    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// The latest attempts to record uses in the background.
    pub(crate) fn uses(&self) -> &Uses {
        &self.uses
    }

    /// Begins a transaction that will write, for work that is not retried.
    ///
    /// `BEGIN` completes even if the caller is gone, and is rolled back then. On PostgreSQL, sqlx only knows
    /// of a transaction once `BEGIN` has been answered: a connection that was returned before would remain
    /// inside the transaction, along with everything that others do on it.
    ///
    /// # Errors
    /// If no connection is free in time, or the write lock is not, or the SQLite file is gone.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction> {
        self.require_file()?;
        let writer = self.writer.clone();
        let begun = tokio::spawn(async move { entity::begin_write(&writer).await });
        Ok(begun.await.map_err(Error::internal)??)
    }

    /// Requires that the SQLite file, if it is one, is where it was when it was opened.
    ///
    /// # Errors
    /// [`Error::Unavailable`] otherwise.
    pub(crate) fn require_file(&self) -> Result<()> {
        self.file.as_ref().map_or(Ok(()), OpenFile::require_in_place)
    }

    /// Replaces the connections before they are used again, since they turned out to be read-only.
    pub(crate) fn replace_connections(&self) {
        self.trusted_since.renew();
    }

    /// Whether it is PostgreSQL, which several instances can share.
    pub fn is_postgres(&self) -> bool {
        self.connection().get_database_backend() == DbBackend::Postgres
    }

    /// The name of the server, if it only resembles PostgreSQL.
    pub fn lookalike(&self) -> Option<&'static str> {
        self.lookalike.name()
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
        none_lacking(db).await
    }

    /// Requires that the database responds, can be written to, and lacks no migration and no table of this
    /// binary. It may have newer ones: while a new version is rolled out, the old one keeps working. Changes
    /// nothing.
    ///
    /// # Errors
    /// [`Error::ReadOnly`] or [`Error::Unavailable`] otherwise.
    pub async fn require_ready(&self) -> Result<()> {
        self.require_file()?;
        let db = self.reader.sessions();
        if self.is_postgres() && postgres::is_read_only(db).await? {
            self.replace_connections();
            return Err(Error::ReadOnly);
        }
        none_lacking(db).await
    }

    /// How full the pools are.
    pub fn pools(&self) -> Vec<PoolUse> {
        let reads = self.reads().map(|(name, pool)| PoolUse::of_reads(name, pool));
        let replicas = self.replicas.iter().flat_map(|replicas| replicas.pools());
        let replicas = replicas.map(|(name, pool)| PoolUse::of_reads(name, pool));
        [PoolUse::of("writer", &self.writer)].into_iter().chain(reads).chain(replicas).collect()
    }

    /// Closes all pools, once all connections are idle.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn close(self) -> Result<()> {
        let mut closed = self.writer.close_by_ref().await;
        for (_, pool) in self.reads() {
            closed = closed.and(pool.close().await);
        }
        for (_, pool) in self.replicas.iter().flat_map(|replicas| replicas.pools()) {
            closed = closed.and(pool.close().await);
        }
        Ok(closed?)
    }

    /// The pools to read from, with their names; for a database in memory all are the writer's.
    fn reads(&self) -> [(&'static str, &ReadPool); 3] {
        [
            ("searches", self.reader.searches().primary()),
            ("sessions", self.reader.sessions()),
            ("reader", self.reader.connection().primary()),
        ]
    }
}

async fn none_lacking(db: &ReadPool) -> Result<()> {
    none_pending(&migration::lacking(db).await.map_err(Error::unavailable)?)
}

fn none_pending(names: &[String]) -> Result<()> {
    match names.first() {
        None => Ok(()),
        Some(name) => Err(Error::unavailable(format!(
            "migration {name} is pending: run `teamnotes migrate up`"
        ))),
    }
}
