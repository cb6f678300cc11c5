use std::time::Duration;

use sea_orm_migration::sea_orm::DbErr;

/// Why the schema was not changed. No part of the command has taken effect then.
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
    /// The database returned an error.
    #[error("{0}")]
    Database(#[from] DbErr),
}
