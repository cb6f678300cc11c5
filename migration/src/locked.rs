use std::{collections::HashSet, fmt, time::Duration};

use sea_orm_migration::{
    IntoSchemaManagerConnection, MigratorTrait,
    sea_orm::{
        ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction,
        DbBackend, DbErr, RuntimeErr, Statement, sqlx,
    },
};

use crate::{
    Command, Lock, MigrationError, Migrator, Servers, lock::SQLITE_BUSY_TIMEOUT, schema::TABLES,
    search, server, sqlite_file,
};

/// How long to wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A migration of this binary, and whether the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The migration's name, which is that of its file.
    pub name: String,
    /// False while it is pending.
    pub applied: bool,
}

impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.applied { "applied" } else { "pending" };
        write!(f, "{state}  {}", self.name)
    }
}

/// Opens the connection that [`apply`] works on. A missing SQLite file is created. Foreign keys are off
/// there, as SQLite requires for schema changes, since dropping a table that others reference would
/// silently empty those.
///
/// # Errors
/// If the URL is not one of SQLite or PostgreSQL, or the database can't be reached, or is not in UTF-8.
pub async fn connect(
    url: &str,
    schema: Option<&str>,
) -> Result<DatabaseConnection, MigrationError> {
    sqlite_file::make(url).map_err(MigrationError::Create)?;
    let mut options = ConnectOptions::new(of_one_server(url).await);
    options
        .max_connections(connections(url))
        .connect_timeout(CONNECT_TIMEOUT)
        .acquire_timeout(CONNECT_TIMEOUT)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|sqlite| {
            sqlite.foreign_keys(false).busy_timeout(SQLITE_BUSY_TIMEOUT)
        });
    if let Some(schema) = schema {
        options.set_schema_search_path(schema);
    }
    let connected = Database::connect(options).await.map_err(|error| match error {
        DbErr::Conn(RuntimeErr::SqlxError(cause))
            if matches!(*cause, sqlx::Error::PoolTimedOut) =>
        {
            MigrationError::Unreachable(CONNECT_TIMEOUT)
        }
        error => MigrationError::of(url, error),
    });
    let db = connected?;
    if let Err(unsuitable) = server::require_utf8(&db).await {
        db.close().await?;
        return Err(unsuitable);
    }
    Ok(db)
}

/// How many connections at most: on PostgreSQL one to migrate and one to renew a lease, if that is the lock.
fn connections(url: &str) -> u32 {
    if url.starts_with("postgres") { 2 } else { 1 }
}

/// The URL of one server: of several, the one that takes changes if there is one.
async fn of_one_server(url: &str) -> String {
    match Servers::of(url) {
        Some(mut servers) => servers.choose().await,
        None => url.to_owned(),
    }
}

/// Runs `command` in one transaction, under a lock that every process takes: of several that start
/// together on one database, one migrates and the others find it done. On servers that only resemble PostgreSQL, which
/// may commit before each change of the schema, each migration has a transaction of its own.
///
/// # Errors
/// If a migration fails, the lock is not free in time, or the database has a migration that this binary
/// does not know; nothing is changed then, except with [`MigrationError::FailedInPart`] and [`MigrationError::LeaseLost`].
pub async fn apply(
    db: &DatabaseConnection,
    lock: Lock,
    command: Command,
) -> Result<(), MigrationError> {
    // Whoever has nothing to do needs neither the lock nor the right to create tables.
    if matches!(command, Command::Up { .. }) && pending(db).await?.is_empty() {
        return Ok(());
    }
    if let Some(server) = server::lookalike(db).await? {
        let done = lock.holding_lease(db, run(db, command)).await;
        return done.map_err(|error| error.in_part(server));
    }
    let work = async |transaction: DatabaseTransaction| {
        run(&transaction, command).await?;
        Ok(transaction.commit().await?)
    };
    lock.in_transaction(db, work).await
}

/// Runs it under the lock: in the caller's transaction, or each migration in one of its own.
pub(crate) async fn run<C: ConnectionTrait>(db: &C, command: Command) -> Result<(), MigrationError>
where
    for<'c> &'c C: IntoSchemaManagerConnection<'c>,
{
    match command {
        Command::Status => return Ok(()),
        Command::Up { num } => up(db, num).await?,
        Command::Down { num } => down(db, Some(num)).await?,
        Command::Fresh => {
            drop_all(db).await?;
            up(db, None).await?;
        }
        Command::Refresh => {
            down(db, None).await?;
            up(db, None).await?;
        }
        Command::Reset => {
            down(db, None).await?;
            Migrator::reset(db).await?;
        }
    }
    check_foreign_keys(db).await
}

/// Applies them one by one, so that a failing one can be named.
async fn up<C: ConnectionTrait>(db: &C, num: Option<u32>) -> Result<(), MigrationError>
where
    for<'c> &'c C: IntoSchemaManagerConnection<'c>,
{
    Migrator::install(db).await?;
    let most = num.map_or(usize::MAX, |num| num as usize);
    for name in pending(db).await?.into_iter().take(most) {
        let done = Migrator::up(db, Some(1)).await;
        done.map_err(|source| MigrationError::Failed { name, source })?;
    }
    Ok(())
}

async fn down<C: ConnectionTrait>(db: &C, num: Option<u32>) -> Result<(), MigrationError>
where
    for<'c> &'c C: IntoSchemaManagerConnection<'c>,
{
    let most = num.map_or(usize::MAX, |num| num as usize);
    let applied = status(db).await?.into_iter().filter(|step| step.applied).rev();
    for step in applied.take(most) {
        let done = Migrator::down(db, Some(1)).await;
        done.map_err(|source| MigrationError::Failed { name: step.name, source })?;
    }
    Ok(())
}

/// Drops the service's own tables, whatever state they are in, and nothing that belongs to others.
async fn drop_all(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    let backend = db.get_database_backend();
    let virtual_tables = search::sqlite_tables().filter(|_| backend == DbBackend::Sqlite);
    let tables = TABLES.iter().rev().chain(&["seaql_migrations"]).map(ToString::to_string);
    for table in virtual_tables.chain(tables) {
        let drop = format!("DROP TABLE IF EXISTS \"{table}\"");
        db.execute_raw(Statement::from_string(backend, drop)).await?;
    }
    Ok(())
}

/// Every migration of this binary, oldest first. Changes nothing.
///
/// # Errors
/// If the database can't be read, or has a migration that this binary does not know.
pub async fn status(db: &impl ConnectionTrait) -> Result<Vec<Applied>, MigrationError> {
    let pending = pending(db).await?;
    let applied = |name| Applied { applied: !pending.contains(&name), name };
    Ok(known().into_iter().map(applied).collect())
}

/// The names of the migrations that the database lacks, oldest first. Changes nothing.
///
/// # Errors
/// As [`status`].
pub async fn pending(db: &impl ConnectionTrait) -> Result<Vec<String>, MigrationError> {
    match Migrator::get_pending_migrations_read_only(db).await {
        Ok(pending) => Ok(pending.iter().map(|migration| migration.name().to_owned()).collect()),
        // The only cause of this error.
        Err(DbErr::Custom(_)) => {
            let known: HashSet<String> = known().into_iter().collect();
            let newer = versions(db).await?.into_iter().filter(|name| !known.contains(name));
            Err(MigrationError::Newer(newer.collect()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Like [`pending`], but migrations that this binary does not know are not an error. Takes one statement.
///
/// # Errors
/// If the database can't be read, or was never migrated; [`MigrationError::Incomplete`] if none is lacking,
/// but a table is.
pub async fn lacking(db: &impl ConnectionTrait) -> Result<Vec<String>, MigrationError> {
    let found = versions_and_tables(db).await?;
    let lacking: Vec<String> = known().into_iter().filter(|name| !found.contains(name)).collect();
    let tables = TABLES.iter().filter(|table| !found.contains(**table));
    let tables: Vec<String> = tables.map(|table| format!("table {table}")).collect();
    if lacking.is_empty() && !tables.is_empty() {
        return Err(MigrationError::Incomplete(tables));
    }
    Ok(lacking)
}

/// The migrations that the database has, and the service's tables.
async fn versions_and_tables(db: &impl ConnectionTrait) -> Result<HashSet<String>, DbErr> {
    let backend = db.get_database_backend();
    let tables = match backend {
        DbBackend::Postgres => {
            "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p') AND pg_table_is_visible(oid) AND relname"
        }
        _ => "SELECT name FROM sqlite_master WHERE type = 'table' AND name",
    };
    let names = TABLES.join("', '");
    let sql = format!("SELECT version FROM seaql_migrations UNION ALL {tables} IN ('{names}')");
    let rows = db.query_all_raw(Statement::from_string(backend, sql)).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

fn known() -> Vec<String> {
    Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect()
}

/// The migrations that the database has.
async fn versions(db: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
    let applied = "SELECT version FROM seaql_migrations ORDER BY version";
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), applied)).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

/// Finds violations that SQLite would have rejected with foreign keys on.
async fn check_foreign_keys(db: &impl ConnectionTrait) -> Result<(), MigrationError> {
    if db.get_database_backend() != DbBackend::Sqlite {
        return Ok(());
    }
    let check = Statement::from_string(DbBackend::Sqlite, "PRAGMA foreign_key_check");
    let Some(row) = db.query_one_raw(check).await? else { return Ok(()) };
    let table: String = row.try_get_by_index(0)?;
    let dangling = format!("rows of {table} reference missing rows");
    Err(DbErr::Migration(dangling).into())
}
