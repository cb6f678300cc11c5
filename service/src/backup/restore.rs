use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, ErrorKind, Read},
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
};

use migration::{database_code, sqlite_file};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};
use tempfile::NamedTempFile;

use super::{
    BackupError, Result, Rows, Unsound, database_file, directory,
    examine::{examine, number, text},
    open, sync,
};
use crate::{DbSettings, clock};

/// SQLite's result codes.
const BUSY: &str = "5";
const CORRUPT: &str = "11";
const NOT_A_DATABASE: &str = "26";

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// How many rows the copy has.
    pub rows: Rows,
    /// How many sessions, API tokens and invitations of the copy were ended.
    pub ended: Ended,
    /// Where the database is that was replaced, if there was one.
    pub previous: Option<PathBuf>,
}

/// What was ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Sessions.
    pub sessions: u64,
    /// API tokens.
    pub api_tokens: u64,
    /// Invitations.
    pub invitations: u64,
}

/// Replaces the database, which no process may be using, by a copy. The copy is checked first, and put in
/// place in one step; the database that was there is kept next to it. Unless they are to be kept, sessions, API
/// tokens and invitations are ended, since some may have been ended since the copy was made.
///
/// # Errors
/// See [`BackupError`]; the database is unchanged then.
pub async fn restore(settings: &DbSettings, copy: &Path, keep_sessions: bool) -> Result<Restored> {
    let file = database_file(settings)?;
    require_no_log(copy)?;
    let draft = draft(&file, copy)?;
    let unsound = |source| BackupError::Unsound { path: copy.into(), source };
    let rows = examine(draft.path()).await.map_err(unsound)?;
    let replace = |error: DbErr| BackupError::Replace { path: file.clone(), source: error.into() };
    let ended = match keep_sessions {
        true => Ended::default(),
        false => end_all(draft.path(), &rows).await.map_err(replace)?,
    };
    let lock = if file.exists() { lock(settings, &file).await? } else { None };
    let previous = swap(&file, draft);
    if let Some(lock) = lock {
        lock.close().await.map_err(replace)?;
    }
    let previous = previous.map_err(|source| BackupError::File { path: file.clone(), source })?;
    Ok(Restored { rows, ended, previous })
}

/// A file that was copied while it was in use lacks what is in its log.
fn require_no_log(copy: &Path) -> Result<()> {
    let log = with_suffix(copy, "-wal");
    match fs::metadata(&log) {
        Ok(found) if found.len() > 0 => Err(BackupError::Unsound {
            path: copy.into(),
            source: Unsound::HasLog(log.display().to_string()),
        }),
        _ => Ok(()),
    }
}

/// A copy of the copy, on the same volume as the database.
fn draft(file: &Path, copy: &Path) -> Result<NamedTempFile> {
    let unusable = |source| BackupError::File { path: copy.into(), source };
    let mut copy = File::open(copy).map_err(unusable)?;
    let made = sqlite_file::make_directory(file).and_then(|()| {
        let draft = NamedTempFile::new_in(directory(file))?;
        own_like(file, draft.path())?;
        Ok(draft)
    });
    let mut draft = made.map_err(|source| BackupError::Create { path: file.into(), source })?;
    io::copy(&mut copy.by_ref(), &mut draft).map_err(unusable)?;
    Ok(draft)
}

/// Gives the draft to the owner of the database, or else of its directory: the service may run as another
/// user than this command.
fn own_like(file: &Path, draft: &Path) -> io::Result<()> {
    let like = fs::metadata(file).or_else(|_| fs::metadata(directory(file)))?;
    let own = fs::metadata(draft)?;
    if (own.uid(), own.gid()) == (like.uid(), like.gid()) {
        return Ok(());
    }
    chown(draft, Some(like.uid()), Some(like.gid()))
}

/// Ends all sessions, API tokens and invitations.
async fn end_all(draft: &Path, rows: &Rows) -> std::result::Result<Ended, DbErr> {
    let draft = draft.to_string_lossy();
    let database = open(&format!("sqlite:{draft}")).await?;
    let sessions = delete_all(&database, rows, "sessions").await;
    let api_tokens = delete_all(&database, rows, "api_tokens").await;
    let invitations = delete_all(&database, rows, "invitations").await;
    database.close().await?;
    Ok(Ended { sessions: sessions?, api_tokens: api_tokens?, invitations: invitations? })
}

/// Deletes all rows of a table, if the copy has it.
async fn delete_all(
    database: &DatabaseConnection,
    rows: &Rows,
    table: &str,
) -> std::result::Result<u64, DbErr> {
    if !rows.has(table) {
        return Ok(0);
    }
    let deleted = database.execute_unprepared(&format!("DELETE FROM {table}")).await?;
    match number(database, &format!("SELECT COUNT(*) FROM {table}")).await? {
        0 => Ok(deleted.rows_affected()),
        left => Err(DbErr::Custom(format!("{left} {table} could not be ended"))),
    }
}

/// Keeps other processes from using the database, whose log it removes. `None` if the file is too damaged to
/// find out who uses it.
async fn lock(settings: &DbSettings, file: &Path) -> Result<Option<DatabaseConnection>> {
    let failed = |error: DbErr| match database_code(&error).as_deref() {
        Some(BUSY) => Err(BackupError::InUse(file.into())),
        Some(CORRUPT | NOT_A_DATABASE) => Ok(None),
        _ => Err(BackupError::Replace { path: file.into(), source: error.into() }),
    };
    let database = match open(&settings.url).await {
        Ok(database) => database,
        Err(error) => return failed(error),
    };
    match exclude_others(&database).await {
        Ok(true) => Ok(Some(database)),
        excluded => {
            // It has changed nothing, and what came before is more telling.
            let _ = database.close().await;
            excluded.map_or_else(failed, |_| Err(BackupError::InUse(file.into())))
        }
    }
}

/// Writes the log back into the file, which SQLite does only if nobody else has it open, and keeps everybody
/// out until the connection is closed. Returns whether it did.
async fn exclude_others(database: &DatabaseConnection) -> std::result::Result<bool, DbErr> {
    let mode = text(database, "PRAGMA journal_mode = DELETE").await?;
    database.execute_unprepared("BEGIN EXCLUSIVE").await?;
    Ok(mode.as_deref() == Some("delete"))
}

/// Puts the draft in the place of the database. Returns where that is now, if there was one.
fn swap(file: &Path, draft: NamedTempFile) -> io::Result<Option<PathBuf>> {
    draft.as_file().sync_all()?;
    // Fractions of seconds, so that a second restore has another name.
    let time = clock::now().format("%Y%m%dT%H%M%S%.6fZ");
    let previous = with_suffix(file, &format!(".replaced-{time}"));
    let is_replaced = file.exists();
    if is_replaced {
        fs::hard_link(file, &previous)?;
    }
    // SQLite would apply the log of another database. Its index is made anew.
    unless_missing(fs::rename(with_suffix(file, "-wal"), with_suffix(&previous, "-wal")))?;
    unless_missing(fs::remove_file(with_suffix(file, "-shm")))?;
    draft.persist(file).map_err(|failed| failed.error)?;
    sync(file)?;
    Ok(is_replaced.then_some(previous))
}

fn unless_missing(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(suffix);
    name.into()
}
