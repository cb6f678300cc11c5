use service::{Db, StatementHook, schema};

use super::{Settings, StartError, describe};

/// Migrates the database if the settings say so, then opens it. `hook` is called with each statement.
pub(super) async fn open(settings: &Settings, hook: StatementHook) -> Result<Db, StartError> {
    // A database in memory is migrated as it is opened.
    if settings.auto_migrate && !settings.database.is_in_memory() {
        schema::bring_up_to_date(&settings.database).await.map_err(StartError::Migrate)?;
    }
    let opened = Db::connect_observed(&settings.database, hook).await;
    let db = opened.map_err(StartError::database(&settings.database))?;
    match db.require_schema().await {
        Ok(()) => Ok(db),
        Err(error) => {
            close(db).await;
            Err(StartError::Schema(error))
        }
    }
}

/// Closes the database, which leaves an SQLite file without a write-ahead log.
pub(super) async fn close(db: Db) {
    if let Err(error) = db.close().await {
        log::warn!("can't close the database: {}", describe(&error));
    }
}
