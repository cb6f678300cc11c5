use service::{Db, StatementHook, schema};

use super::{Settings, StartError};

/// Migrates the database if the settings say so, then opens it. `hook` is called with each statement.
pub(super) async fn open(settings: &Settings, hook: StatementHook) -> Result<Db, StartError> {
    // A database in memory is migrated as it is opened.
    if settings.auto_migrate && !settings.database.is_in_memory() {
        schema::bring_up_to_date(&settings.database).await.map_err(StartError::Migrate)?;
    }
    let opened = Db::connect_observed(&settings.database, hook).await;
    let db = opened.map_err(StartError::database(&settings.database))?;
    db.require_schema().await.map_err(StartError::Schema)?;
    Ok(db)
}
