use std::{collections::HashSet, time::Duration};

use sea_orm_migration::{
    MigratorTrait,
    sea_orm::{
        ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction,
        DbBackend, DbErr, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
    },
};

use crate::{Command, Migrator, sqlite_file};

/// Any number will do, as long as every process takes the same.
const ADVISORY_LOCK: i64 = 8_112_209;

/// How long to wait for another process that migrates the same SQLite file.
const SQLITE_LOCK_TIMEOUT: Duration = Duration::from_secs(60);

/// How long to wait for the database to answer at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A migration of this binary, and whether the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The migration's name, as in its file's name.
    pub name: String,
    /// False while it is pending.
    pub applied: bool,
}

/// Opens the one connection that [`apply`] works on. An SQLite file is made when it is missing;
/// foreign keys are off on it, as SQLite asks for schema changes, since dropping a table that others
/// refer to would silently empty those.
///
/// # Errors
/// When the URL is not one of SQLite or PostgreSQL, or the database can't be reached.
pub async fn connect(url: &str, schema: Option<&str>) -> Result<DatabaseConnection, DbErr> {
    sqlite_file::make(url).map_err(|error| DbErr::Custom(error.to_string()))?;
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(1)
        .connect_timeout(CONNECT_TIMEOUT)
        .acquire_timeout(CONNECT_TIMEOUT)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|sqlite| {
            sqlite.foreign_keys(false).busy_timeout(SQLITE_LOCK_TIMEOUT)
        });
    if let Some(schema) = schema {
        options.set_schema_search_path(schema);
    }
    Database::connect(options).await
}

/// Changes the schema as `command` says, in one transaction under a lock that every process takes:
/// of several that start together on one database the first migrates and the others find it done.
///
/// # Errors
/// When a migration fails, or the database has one that this binary does not know; nothing is
/// changed then.
pub async fn apply(db: &DatabaseConnection, command: Command) -> Result<(), DbErr> {
    let transaction = lock(db).await?;
    match command {
        Command::Up { num } => Migrator::up(&transaction, num).await?,
        Command::Down { num } => Migrator::down(&transaction, Some(num)).await?,
        Command::Fresh => Migrator::fresh(&transaction).await?,
        Command::Refresh => Migrator::refresh(&transaction).await?,
        Command::Reset => Migrator::reset(&transaction).await?,
        Command::Status => {}
    }
    check_foreign_keys(&transaction).await?;
    transaction.commit().await
}

/// Every migration of this binary, oldest first. Changes nothing.
///
/// # Errors
/// When the database can't be read, or has a migration that this binary does not know.
pub async fn status(db: &impl ConnectionTrait) -> Result<Vec<Applied>, DbErr> {
    let pending = pending(db).await?;
    let names = Migrator::migrations().into_iter().map(|migration| migration.name().to_owned());
    Ok(names.map(|name| Applied { applied: !pending.contains(&name), name }).collect())
}

/// The names of the migrations that the database lacks, oldest first. Changes nothing.
///
/// # Errors
/// As [`status`].
pub async fn pending(db: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
    let pending = Migrator::get_pending_migrations_read_only(db).await?;
    Ok(pending.iter().map(|migration| migration.name().to_owned()).collect())
}

/// As [`pending`], but migrations that this binary does not know are no error.
///
/// # Errors
/// When the database can't be read, or was never migrated.
pub async fn lacking(db: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
    let applied =
        Statement::from_string(db.get_database_backend(), "SELECT version FROM seaql_migrations");
    let rows = db.query_all_raw(applied).await?;
    let applied: HashSet<String> =
        rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
    let names = Migrator::migrations().into_iter().map(|migration| migration.name().to_owned());
    Ok(names.filter(|name| !applied.contains(name)).collect())
}

async fn lock(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let immediate = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    let transaction = db.begin_with_options(immediate).await?;
    if db.get_database_backend() == DbBackend::Postgres {
        let lock = format!("SELECT pg_advisory_xact_lock({ADVISORY_LOCK})");
        transaction.execute_unprepared(&lock).await?;
    }
    Ok(transaction)
}

/// What SQLite would have refused, had foreign keys been on.
async fn check_foreign_keys(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    if transaction.get_database_backend() != DbBackend::Sqlite {
        return Ok(());
    }
    let check = Statement::from_string(DbBackend::Sqlite, "PRAGMA foreign_key_check");
    match transaction.query_one_raw(check).await? {
        None => Ok(()),
        Some(row) => {
            let table: String = row.try_get_by_index(0)?;
            Err(DbErr::Migration(format!("rows of {table} refer to rows that are not there")))
        }
    }
}
