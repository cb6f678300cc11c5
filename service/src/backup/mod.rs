//! Copies of an SQLite database, made while it is in use, and put back.

mod examine;
mod restore;

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use migration::sqlite_file;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, Statement,
};

use crate::{DbSettings, Error};
pub use examine::{Rows, Unsound};
use examine::{examine, number, rows};
pub use restore::{Ended, Restored, restore};

/// How long to wait for other processes that use the database.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a backup failed, or was not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Only SQLite databases are copied this way.
    #[error("this is a PostgreSQL database: use pg_dump and pg_restore")]
    Postgres,
    /// A database in memory belongs to one process.
    #[error("this database is in memory: there is no file to copy")]
    InMemory,
    /// SQLite takes file names in UTF-8 only.
    #[error("the file name {} is not valid UTF-8", .0.display())]
    FileName(PathBuf),
    /// The file exists already, or its directory can't be written to.
    #[error("can't create {}", .path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file can't be read or written.
    #[error("can't use {}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The database can't be read, or the copy can't be written.
    #[error("can't copy {} to {}", .database.display(), .path.display())]
    Copy {
        /// The database.
        database: PathBuf,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: Error,
    },
    /// The copy can't be used.
    #[error("{}: {source}", .path.display())]
    Unsound {
        /// The copy.
        path: PathBuf,
        /// Why.
        source: Unsound,
    },
    /// The database to be replaced is in use.
    #[error("{} is in use: stop the service first", .0.display())]
    InUse(PathBuf),
    /// The database to be replaced, or the copy that replaces it, can't be changed.
    #[error("can't replace {}", .path.display())]
    Replace {
        /// The database.
        path: PathBuf,
        /// The cause.
        source: Error,
    },
}

type Result<T> = std::result::Result<T, BackupError>;

/// Copies an SQLite database, as it is at one moment, into a new file that only its owner can read. Checks the
/// copy, and returns how many rows it has when it is safely on disk.
///
/// # Errors
/// See [`BackupError`]; no file is left behind then.
pub async fn create(settings: &DbSettings, path: &Path) -> Result<Rows> {
    let database = database_file(settings)?;
    let name = path.to_str().ok_or_else(|| BackupError::FileName(path.into()))?;
    let mut empty = OpenOptions::new();
    empty.write(true).create_new(true).mode(0o600);
    empty.open(path).map_err(|source| BackupError::Create { path: path.into(), source })?;
    let copied = copy(settings, database, path, name).await;
    if copied.is_err()
        && let Err(error) = fs::remove_file(path)
    {
        log::warn!("can't remove the incomplete {}: {error}", path.display());
    }
    copied
}

/// As [`create`], into a file without a name.
///
/// # Errors
/// See [`BackupError`].
pub async fn create_unnamed(settings: &DbSettings) -> Result<(File, Rows)> {
    // Where there is room for the database.
    let file = database_file(settings)?;
    let failed = |source| BackupError::Create { path: file.clone(), source };
    let home = tempfile::Builder::new().prefix(".backup-").tempdir_in(directory(&file));
    let home = home.map_err(failed)?;
    let copy = home.path().join("copy.db");
    let rows = create(settings, &copy).await?;
    let copy = File::open(&copy).map_err(|source| BackupError::File { path: copy, source })?;
    Ok((copy, rows))
}

async fn copy(settings: &DbSettings, database: PathBuf, path: &Path, name: &str) -> Result<Rows> {
    let expected = copy_rows(settings, name).await.map_err(|error| BackupError::Copy {
        database,
        path: path.into(),
        source: error.into(),
    })?;
    let unsound = |source| BackupError::Unsound { path: path.into(), source };
    let found = examine(path).await.map_err(unsound)?;
    if expected.is_some_and(|expected| expected != found) {
        return Err(unsound(Unsound::Incomplete));
    }
    sync(path).map_err(|source| BackupError::File { path: path.into(), source })?;
    Ok(found)
}

/// Copies the database, and returns how many rows it has, unless others changed it in the meantime.
async fn copy_rows(settings: &DbSettings, name: &str) -> std::result::Result<Option<Rows>, DbErr> {
    let database = open(&settings.url).await?;
    let copied = vacuum_into(&database, name).await;
    database.close().await?;
    copied
}

async fn vacuum_into(
    database: &DatabaseConnection,
    name: &str,
) -> std::result::Result<Option<Rows>, DbErr> {
    const CHANGES_OF_OTHERS: &str = "PRAGMA data_version";
    let before = number(database, CHANGES_OF_OTHERS).await?;
    let rows = rows(database).await?;
    let copy = Statement::from_sql_and_values(DbBackend::Sqlite, "VACUUM INTO ?", [name.into()]);
    database.execute_raw(copy).await?;
    let after = number(database, CHANGES_OF_OTHERS).await?;
    Ok((before == after).then_some(rows))
}

/// The file of the database.
fn database_file(settings: &DbSettings) -> Result<PathBuf> {
    match sqlite_file::of(&settings.url) {
        Some(file) => Ok(file),
        None if settings.is_sqlite() => Err(BackupError::InMemory),
        None => Err(BackupError::Postgres),
    }
}

/// A single connection to an existing file.
async fn open(url: &str) -> std::result::Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(1)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|sqlite| sqlite.create_if_missing(false).busy_timeout(BUSY_TIMEOUT));
    Database::connect(options).await
}

/// Makes sure that a file and its name survive a power cut.
fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()?;
    File::open(directory(path))?.sync_all()
}

/// The directory of a file.
fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
