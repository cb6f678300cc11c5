use std::time::Duration;

use sea_orm_migration::sea_orm::DbErr;

/// Why the schema was not changed. Nothing of the command was done then.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// A migration failed.
    #[error(
        "migration {name} failed: {source}; nothing was changed: mend the cause and run the same \
         command again"
    )]
    Failed {
        /// Which.
        name: String,
        /// Why.
        source: DbErr,
    },
    /// The schema is newer than this binary.
    #[error(
        "the database has {}, which this version does not know: it is older than the schema, take \
         the version that made it",
        .0.join(", ")
    )]
    Newer(Vec<String>),
    /// Another process did not give up the lock in time.
    #[error(
        "another process is migrating this database and has not finished within {} s: wait for it, \
         or set MIGRATION_LOCK_TIMEOUT higher",
        .0.as_secs()
    )]
    Locked(Duration),
    /// The database did not answer in time.
    #[error("the database does not answer within {} s: does it run, and is its address right?", .0.as_secs())]
    Unreachable(Duration),
    /// The database failed.
    #[error("{0}")]
    Database(#[from] DbErr),
}
