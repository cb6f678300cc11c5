use std::{error::Error, io, path::PathBuf, time::Duration};

use sea_orm_migration::sea_orm::{DbErr, RuntimeErr, SqlxError, SqlxPostgresError};

use crate::sqlite_file;

/// Why the schema was not changed. No part of the command has taken effect then, unless the variant says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// A migration failed.
    #[error(
        "migration {name} failed: {source}; nothing was changed: fix the cause and re-run the command"
    )]
    Failed {
        /// Its name.
        name: String,
        /// The cause.
        source: DbErr,
    },
    /// A migration failed on a server that only resembles PostgreSQL. Those before it are applied, and some of its own
    /// changes may be.
    #[error(
        "migration {name} failed: {source}; on this server ({server}) a part of it may have taken effect: restore the \
         backup, or undo that part, and re-run the command"
    )]
    FailedInPart {
        /// Its name.
        name: String,
        /// The server's.
        server: &'static str,
        /// The cause.
        source: DbErr,
    },
    /// The lock could not be renewed. Some of the changes may have taken effect on a server that only resembles PostgreSQL,
    /// none on others.
    #[error(
        "the migration lock was lost, since the database did not respond or another process took it: check \
         `teamnotes migrate status` and re-run the command"
    )]
    LeaseLost,
    /// The schema is newer than this binary.
    #[error(
        "the database has {}, which this version does not know: it is older than the schema, use the \
         version that created it",
        .0.join(", ")
    )]
    Newer(Vec<String>),
    /// Another process did not release the lock in time.
    #[error(
        "another process is migrating this database and has not finished within {} s: wait for it, \
         or increase MIGRATION_LOCK_TIMEOUT",
        .0.as_secs()
    )]
    Locked(Duration),
    /// The database did not respond in time.
    #[error("the database does not respond within {} s: is it running, and is its address right?", .0.as_secs())]
    Unreachable(Duration),
    /// The database can't store every text.
    #[error(
        "the database is encoded in {0}, which can't represent every character: create one with \
         ENCODING 'UTF8' TEMPLATE template0"
    )]
    Encoding(String),
    /// The server can't roll back a change of the schema, which trying it without keeping it takes.
    #[error(
        "can't try out a schema change on this server ({0}): it may not roll it back completely; make a backup \
         and run the command itself, with --yes"
    )]
    NoRollback(&'static str),
    /// PostgreSQL lacks the extension that search indexes need.
    #[error("{}", crate::search::NO_EXTENSION)]
    NoTrigrams,
    /// The list of migrations says that the schema is up to date, but it is not.
    #[error(
        "the database has lost {}: restore a backup, or re-create them as the migrations do",
        .0.join(", ")
    )]
    Incomplete(Vec<String>),
    /// The database accepts no changes.
    #[error("the database is read-only: is it a standby?")]
    ReadOnly,
    /// The file of an SQLite database can't be created.
    #[error("{0}")]
    Create(io::Error),
    /// The file can't be opened, or is not a database.
    #[error("{}: {source}", .file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// The cause.
        source: DbErr,
    },
    /// The database returned an error.
    #[error("{0}")]
    Database(#[from] DbErr),
}

impl MigrationError {
    /// An error of the database at this URL, with the name of its file if it has one.
    pub fn of(url: &str, source: DbErr) -> Self {
        match sqlite_file::of(url) {
            Some(file) => Self::File { file, source },
            None => Self::Database(source),
        }
    }

    /// The same on a server that may keep a part of a migration that failed.
    pub(crate) fn in_part(self, server: &'static str) -> Self {
        match self {
            Self::Failed { name, source } => Self::FailedInPart { name, server, source },
            other => other,
        }
    }
}

/// What PostgreSQL adds to the message of an error: the detail, such as which view depends on a table, and a
/// hint. They may contain values of rows, so they are for operators only.
pub fn details(error: &(dyn Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(failed) = error.downcast_ref::<DbErr>().and_then(postgres_error) {
            let detail = failed.detail().map(|detail| format!("detail: {}", one_line(detail)));
            let hint = failed.hint().map(|hint| format!("hint: {}", one_line(hint)));
            let parts: Vec<String> = detail.into_iter().chain(hint).collect();
            return (!parts.is_empty()).then(|| parts.join("; "));
        }
        next = error.source();
    }
    None
}

/// Whether the database is away or read-only, which may end by itself, unlike a wrong password, for instance.
pub fn is_outage(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if matches!(
            error.downcast_ref(),
            Some(MigrationError::Unreachable(_) | MigrationError::ReadOnly)
        ) {
            return true;
        }
        if let Some(error) = error.downcast_ref::<DbErr>() {
            return is_outage_of_server(error);
        }
        next = error.source();
    }
    false
}

/// Connection exceptions (08), operator intervention (57), too many connections, or a read-only server.
fn is_outage_of_server(error: &DbErr) -> bool {
    if let Some(SqlxError::Io(_) | SqlxError::PoolTimedOut) = sqlx_error(error) {
        return true;
    }
    database_code(error).is_some_and(|code| {
        code.len() == 5
            && (["08", "57"].contains(&&code[..2]) || ["53300", "25006"].contains(&&*code))
    })
}

fn postgres_error(error: &DbErr) -> Option<&SqlxPostgresError> {
    sqlx_error(error)?.as_database_error()?.try_downcast_ref()
}

/// The driver's error.
pub(crate) fn sqlx_error(error: &DbErr) -> Option<&SqlxError> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause)) => Some(cause),
        _ => None,
    }
}

/// The database's own error code: an SQLSTATE of PostgreSQL, or a result code of SQLite.
pub fn database_code(error: &DbErr) -> Option<String> {
    sqlx_error(error)?.as_database_error()?.code().map(String::from)
}

fn one_line(text: &str) -> String {
    text.lines().collect::<Vec<_>>().join(", ")
}
