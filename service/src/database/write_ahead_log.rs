//! SQLite's write-ahead log, which grows for as long as some reader needs what is in it.

use std::{fs, path::PathBuf};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use crate::{Db, Error, Result};

/// The size in bytes above which the log is emptied.
pub(super) const LIMIT: u64 = 64 * 1024 * 1024;

/// The size of an entry in bytes: a page with its header.
const FRAME: u64 = 4096 + 24;

impl Db {
    /// The size of SQLite's write-ahead log in bytes, if there is one.
    pub fn wal_bytes(&self) -> Option<u64> {
        let path = wal_path(self)?;
        Some(fs::metadata(path).map_or(0, |metadata| metadata.len()))
    }

    /// Empties SQLite's write-ahead log if it has grown beyond 64 MiB, which SQLite itself does only at a moment
    /// without readers. Writers wait meanwhile, for the queries that are in progress. If somebody reads for longer,
    /// such as an export, nothing is done. Returns whether the log was emptied.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the database is busy.
    pub async fn empty_wal(&self) -> Result<bool> {
        if self.wal_bytes().is_none_or(|bytes| bytes <= LIMIT) {
            return Ok(false);
        }
        self.require_file()?;
        let done = checkpoint(&self.writer, "PASSIVE").await?;
        if done.remaining_bytes() > LIMIT {
            return Ok(false);
        }
        let done = checkpoint(&self.writer, "TRUNCATE").await?;
        if done.is_blocked { Err(Error::unavailable("readers keep the log")) } else { Ok(true) }
    }
}

fn wal_path(db: &Db) -> Option<PathBuf> {
    let mut path = db.file.as_ref()?.path().to_owned().into_os_string();
    path.push("-wal");
    Some(path.into())
}

/// What a checkpoint has done.
struct Checkpoint {
    is_blocked: bool,
    /// Pages in the log.
    logged: i64,
    /// Those of them that are in the database by now.
    transferred: i64,
}

impl Checkpoint {
    fn remaining_bytes(&self) -> u64 {
        u64::try_from(self.logged - self.transferred).unwrap_or(0) * FRAME
    }
}

/// Transfers what is in the log to the database: <https://sqlite.org/pragma.html#pragma_wal_checkpoint>.
async fn checkpoint(db: &DatabaseConnection, mode: &str) -> Result<Checkpoint> {
    let checkpoint = format!("PRAGMA wal_checkpoint({mode})");
    let row = db.query_one_raw(Statement::from_string(DbBackend::Sqlite, checkpoint)).await?;
    let row = row.ok_or_else(|| Error::internal("no row"))?;
    Ok(Checkpoint {
        is_blocked: row.try_get_by_index::<i64>(0)? != 0,
        logged: row.try_get_by_index(1)?,
        transferred: row.try_get_by_index(2)?,
    })
}
