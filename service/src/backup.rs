//! Copies of an SQLite database, made while it is in use.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::{Db, Error};

/// Why a backup failed.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Only SQLite databases are copied this way.
    #[error("this is a PostgreSQL database: use pg_dump")]
    Postgres,
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
    /// The database can't be read, or the copy can't be written.
    #[error("can't copy the database to {}", .path.display())]
    Copy {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: Error,
    },
}

/// Copies an SQLite database, as it is at this moment, into a new file that only its owner can read.
///
/// # Errors
/// See [`BackupError`]; no file is left behind then.
pub async fn create(db: &Db, path: &Path) -> Result<(), BackupError> {
    if db.is_postgres() {
        return Err(BackupError::Postgres);
    }
    let name = path.to_str().ok_or_else(|| BackupError::FileName(path.into()))?;
    let mut empty = OpenOptions::new();
    empty.write(true).create_new(true).mode(0o600);
    empty.open(path).map_err(|source| BackupError::Create { path: path.into(), source })?;
    let copy = Statement::from_sql_and_values(DbBackend::Sqlite, "VACUUM INTO ?", [name.into()]);
    let copied = db.connection().execute_raw(copy).await.map(|_| ()).map_err(Error::from);
    let copied = copied.map_err(|source| BackupError::Copy { path: path.into(), source });
    if copied.is_err()
        && let Err(error) = fs::remove_file(path)
    {
        log::warn!("can't remove the incomplete {}: {error}", path.display());
    }
    copied
}
