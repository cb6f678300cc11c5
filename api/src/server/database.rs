use std::time::{Duration, Instant};

use service::{Db, StatementHook, schema};

use super::{Settings, StartError, describe};

/// How long to wait before trying again to open the database.
const RETRY: Duration = Duration::from_millis(500);

/// Migrates the database if the settings say so, then opens it. Waits for one that is away or read-only, as
/// long as the settings say. `hook` is called with each statement.
pub(super) async fn open(settings: &Settings, hook: StatementHook) -> Result<Db, StartError> {
    let started = Instant::now();
    let mut is_reported = false;
    loop {
        let error = match try_to_open(settings, hook.clone()).await {
            Err(error) if service::is_outage(&error) => error,
            opened => return opened,
        };
        if started.elapsed() >= settings.wait_for_database {
            return Err(error);
        }
        if !is_reported {
            let seconds = settings.wait_for_database.as_secs();
            log::warn!("waiting up to {seconds} s for the database: {}", describe(&error));
            is_reported = true;
        }
        tokio::time::sleep(RETRY).await;
    }
}

async fn try_to_open(settings: &Settings, hook: StatementHook) -> Result<Db, StartError> {
    // A database in memory is migrated as it is opened.
    if settings.auto_migrate && !settings.database.is_in_memory() {
        schema::bring_up_to_date(&settings.database).await.map_err(StartError::Migrate)?;
    }
    let opened = Db::connect_observed(&settings.database, hook).await;
    let db = opened.map_err(StartError::database(&settings.database))?;
    if let Some(server) = db.lookalike() {
        log::warn!("the database is not PostgreSQL but {server}, which is not tested");
    }
    match require_usable(&db).await {
        Ok(()) => Ok(db),
        Err(error) => {
            close(db).await;
            Err(error)
        }
    }
}

async fn require_usable(db: &Db) -> Result<(), StartError> {
    db.require_schema().await.map_err(StartError::Schema)?;
    schema::require_writable(db).await.map_err(StartError::ReadOnly)
}

/// Closes the database, which leaves an SQLite file without a write-ahead log.
pub(super) async fn close(db: Db) {
    if let Err(error) = db.close().await {
        log::warn!("can't close the database: {}", describe(&error));
    }
}
