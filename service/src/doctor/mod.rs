//! Checks that tell an operator about problems before users notice them.

mod note_counts;
mod replicas;
mod search;

use std::fs;

use chrono::{DateTime, Utc};
use entity::user;
use migration::{details, sqlite_file};
use sea_orm::{ConnectionTrait, DbBackend, PaginatorTrait, Statement, TryGetable};

use crate::{Actor, Db, DbSettings, Error, Result, clock, policy, schema};

/// Free disk space below which a finding is doubtful, in bytes.
const LITTLE_DISK: u64 = 500 * 1024 * 1024;

/// Size of the write-ahead log above which a finding is doubtful, in bytes.
const LARGE_LOG: u64 = 256 * 1024 * 1024;

/// How much the clocks of the service and the database may differ, in seconds.
const CLOCK_SKEW: i64 = 5;

/// The state of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// As it should be.
    Good,
    /// It works, but needs attention.
    Doubtful,
    /// It does not work.
    Bad,
}

impl Health {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Good, Self::Doubtful, Self::Bad];

    /// In one word, for programs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Doubtful => "look",
            Self::Bad => "bad",
        }
    }
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was checked.
    pub subject: &'static str,
    /// Its state.
    pub health: Health,
    /// What was found, and what to do about it.
    pub detail: String,
}

impl Finding {
    /// The result of a check of this subject.
    pub fn new(subject: &'static str, health: Health, detail: impl Into<String>) -> Self {
        Self { subject, health, detail: detail.into() }
    }

    fn of(subject: &'static str, examined: Result<Self>) -> Self {
        examined.unwrap_or_else(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            let cause = cause.unwrap_or_else(|| error.to_string());
            let details = details(&error).map(|details| format!(" ({details})"));
            Self::new(subject, Health::Bad, cause + &details.unwrap_or_default())
        })
    }
}

/// Checks the database and its surroundings. Changes nothing. On PostgreSQL the connection must have the limits
/// of the service, which are checked too.
pub async fn examine(db: &Db, settings: &DbSettings) -> Vec<Finding> {
    check(db, settings, Extent::Everything).await
}

/// The checks of [`examine`] that do not read all of the database, for admins of a running service.
///
/// # Errors
/// [`Error::NotAllowed`] for anyone but admins.
pub async fn examine_running(
    db: &Db,
    actor: &Actor,
    settings: &DbSettings,
) -> Result<Vec<Finding>> {
    policy::administer(actor)?;
    Ok(check(db, settings, Extent::Quick).await)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// With what reads all of the database.
    Everything,
    /// Without that.
    Quick,
}

async fn check(db: &Db, settings: &DbSettings, extent: Extent) -> Vec<Finding> {
    let reads_all = extent == Extent::Everything;
    let schema = Finding::of("schema", complete_schema(db).await);
    let is_migrated = schema.health == Health::Good;
    let mut findings = vec![Finding::of("version", version(db).await), schema];
    if is_migrated {
        findings.push(Finding::of("admins", admins(db).await));
        if reads_all {
            findings.push(Finding::of("note counts", note_counts::examine(db).await));
        }
        findings.push(Finding::of("search", search::examine(db).await));
    }
    findings.push(Finding::of("writing", writing(db).await));
    if db.is_postgres() {
        findings.push(Finding::of("clock", clock_skew(db).await));
        findings.push(Finding::of("connections", connections(db, settings).await));
        findings.push(Finding::of("statement timeout", statement_timeout(db, settings).await));
        findings.extend(replicas::examine(db).await);
    } else {
        if reads_all {
            findings.push(Finding::of("integrity", integrity(db).await));
            findings.push(Finding::of("foreign keys", foreign_keys(db).await));
        }
        findings.extend(log(settings));
        findings.push(disk(settings));
    }
    findings
}

/// Checks what may keep a database from being opened: on SQLite, whether there is space on the disk.
pub fn examine_unopened(settings: &DbSettings) -> Option<Finding> {
    settings.is_sqlite().then(|| disk(settings))
}

/// Corrects what can be made from the rows again: the number of each user's notes, and the indexes of searches.
pub async fn repair(db: &Db, settings: &DbSettings) -> Vec<Finding> {
    let counts = note_counts::repair(db).await;
    let indexes = search::repair(settings).await;
    vec![Finding::of("repair of counts", counts), Finding::of("repair of indexes", indexes)]
}

async fn version(db: &Db) -> Result<Finding> {
    let sql =
        if db.is_postgres() { "SELECT version()" } else { "SELECT 'SQLite ' || sqlite_version()" };
    let version: String = one(db, sql).await?;
    Ok(Finding::new("version", Health::Good, version))
}

async fn complete_schema(db: &Db) -> Result<Finding> {
    db.require_schema().await?;
    let missing = migration::schema::missing(db.connection()).await.map_err(Error::internal)?;
    Ok(if missing.is_empty() {
        Finding::new("schema", Health::Good, "is as the migrations of this version make it")
    } else {
        let missing = missing.join("; ");
        let detail = format!("lacks {missing}: restore a backup, or re-create what is missing");
        Finding::new("schema", Health::Bad, detail)
    })
}

async fn writing(db: &Db) -> Result<Finding> {
    Ok(match schema::is_read_only(db).await? {
        true => Finding::new("writing", Health::Bad, "the database is read-only"),
        false => Finding::new("writing", Health::Good, "the database accepts changes"),
    })
}

async fn admins(db: &Db) -> Result<Finding> {
    let count = user::Entity::find_admins_who_can_log_in().count(db.connection()).await?;
    Ok(match count {
        0 => Finding::new(
            "admins",
            Health::Doubtful,
            "none: run `teamnotes user promote` to make one",
        ),
        count => Finding::new("admins", Health::Good, format!("{count} can log in")),
    })
}

async fn clock_skew(db: &Db) -> Result<Finding> {
    let theirs: DateTime<Utc> = one(db, "SELECT clock_timestamp()").await?;
    let skew = (clock::now() - theirs).num_seconds();
    Ok(if skew.abs() <= CLOCK_SKEW {
        Finding::new("clock", Health::Good, "in step with the database's")
    } else {
        let detail = format!("{skew} s ahead of the database's: sessions may end early or late");
        Finding::new("clock", Health::Doubtful, detail)
    })
}

async fn connections(db: &Db, settings: &DbSettings) -> Result<Finding> {
    let most: String = one(db, "SHOW max_connections").await?;
    let (ours, most) = (settings.max_connections, most.parse::<u32>().unwrap_or(0));
    let detail = format!("{ours} per instance, of {most} that the server allows");
    let health = if ours.saturating_mul(2) <= most { Health::Good } else { Health::Doubtful };
    Ok(Finding::new("connections", health, detail))
}

/// A connection pooler may drop the limit that the service asks for.
async fn statement_timeout(db: &Db, settings: &DbSettings) -> Result<Finding> {
    let limit = "SELECT setting::bigint FROM pg_settings WHERE name = 'statement_timeout'";
    let milliseconds: i64 = one(db, limit).await?;
    let asked = settings.read_timeout.as_millis();
    let (health, detail) = match u128::try_from(milliseconds) {
        Ok(limit) if limit == asked => {
            (Health::Good, format!("queries are stopped after {limit} ms"))
        }
        _ => (
            Health::Doubtful,
            format!("{milliseconds} ms instead of {asked} ms: does a connection pooler drop it?"),
        ),
    };
    Ok(Finding::new("statement timeout", health, detail))
}

/// The size of the write-ahead log. It grows while something keeps reading.
fn log(settings: &DbSettings) -> Option<Finding> {
    let mut log = sqlite_file::of(&settings.url)?;
    log.as_mut_os_string().push("-wal");
    let bytes = fs::metadata(log).map_or(0, |log| log.len());
    let health = if bytes > LARGE_LOG { Health::Doubtful } else { Health::Good };
    Some(Finding::new("write-ahead log", health, format!("{} MiB", bytes / 1024 / 1024)))
}

async fn integrity(db: &Db) -> Result<Finding> {
    let complaint: String = one(db, "PRAGMA integrity_check(1)").await?;
    Ok(match complaint.as_str() {
        "ok" => Finding::new("integrity", Health::Good, "the file is intact"),
        _ => Finding::new("integrity", Health::Bad, format!("{complaint}: restore a backup")),
    })
}

async fn foreign_keys(db: &Db) -> Result<Finding> {
    let check = Statement::from_string(DbBackend::Sqlite, "PRAGMA foreign_key_check");
    let dangling = db.connection().query_all_raw(check).await?.len();
    Ok(match dangling {
        0 => Finding::new("foreign keys", Health::Good, "all valid"),
        count => {
            let detail = format!("{count} rows reference missing rows: restore a backup");
            Finding::new("foreign keys", Health::Bad, detail)
        }
    })
}

fn disk(settings: &DbSettings) -> Finding {
    let Some(file) = sqlite_file::of(&settings.url) else {
        return Finding::new(
            "disk",
            Health::Doubtful,
            "none: all data is lost when the service stops",
        );
    };
    match fs4::available_space(&file) {
        Err(error) => Finding::new("disk", Health::Bad, error.to_string()),
        Ok(free) => {
            let health = if free < LITTLE_DISK { Health::Doubtful } else { Health::Good };
            Finding::new("disk", health, format!("{} MiB free", free / 1024 / 1024))
        }
    }
}

/// The single value that a query returns.
async fn one<T: TryGetable>(db: &Db, sql: &str) -> Result<T> {
    let backend = db.connection().get_database_backend();
    let row = db.connection().query_one_raw(Statement::from_string(backend, sql)).await?;
    let row = row.ok_or_else(|| Error::internal("no row"))?;
    row.try_get_by_index(0).map_err(Into::into)
}
