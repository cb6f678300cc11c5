//! Whether a file is a whole database of this service.

use std::{collections::BTreeMap, fmt, path::Path};

use migration::{MigrationError, schema::TABLES};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, Statement};

/// How many rows each table has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows(BTreeMap<&'static str, i64>);

impl Rows {
    pub(super) fn has(&self, table: &str) -> bool {
        self.0.contains_key(table)
    }
}

impl fmt::Display for Rows {
    /// The rows of the service's tables.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |table: &&str| Some(format!("{} {table}", self.0.get(*table)?));
        f.write_str(&TABLES.iter().filter_map(count).collect::<Vec<_>>().join(", "))
    }
}

/// Why a file can't be used as a database, as the rest of a sentence that starts with its name.
#[derive(Debug, thiserror::Error)]
pub enum Unsound {
    /// It can't be read as a database.
    #[error("can't be read as an SQLite database")]
    Unreadable(#[source] DbErr),
    /// SQLite's own check found a fault.
    #[error("is damaged: {0}")]
    Damaged(String),
    /// Rows refer to others that are missing.
    #[error("is damaged: rows of {0} reference missing rows")]
    Dangling(String),
    /// No migration of this service was applied to it.
    #[error("is not a database of Teamnotes")]
    Foreign,
    /// It has something that no migration made, such as a trigger.
    #[error("has {0}, which is not part of the schema")]
    Unknown(String),
    /// A part of the schema is missing, or a later version made it.
    #[error("does not fit this version")]
    Schema(#[source] MigrationError),
    /// It has other rows than what it was copied from.
    #[error("is incomplete: it has fewer or more rows than the database")]
    Incomplete,
    /// There is a write-ahead log, which may have the newest changes.
    #[error("has a write-ahead log next to it ({0}): copy databases with `teamnotes backup`")]
    HasLog(String),
}

impl From<DbErr> for Unsound {
    fn from(error: DbErr) -> Self {
        Self::Unreadable(error)
    }
}

/// Examines a file that nobody else uses, and returns how many rows it has. It may lack the newest migrations.
///
/// # Errors
/// See [`Unsound`].
pub(super) async fn examine(path: &Path) -> Result<Rows, Unsound> {
    let mut options = ConnectOptions::new("sqlite:file");
    let file = path.to_owned();
    // Immutable: without files for locks and the log.
    options
        .max_connections(1)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |sqlite| sqlite.filename(&file).read_only(true).immutable(true));
    let copy = Database::connect(options).await?;
    let examined = examine_open(&copy).await;
    copy.close().await?;
    examined
}

async fn examine_open(copy: &DatabaseConnection) -> Result<Rows, Unsound> {
    if let Some(fault) = text(copy, "PRAGMA integrity_check(1)").await?.filter(|told| told != "ok")
    {
        return Err(Unsound::Damaged(fault));
    }
    if let Some(table) = text(copy, "PRAGMA foreign_key_check").await? {
        return Err(Unsound::Dangling(table));
    }
    let migrations = migration::status(copy).await.map_err(Unsound::Schema)?;
    if !migrations.iter().any(|migration| migration.applied) {
        return Err(Unsound::Foreign);
    }
    if let Some(object) = text(copy, &unknown_objects()).await? {
        return Err(Unsound::Unknown(object));
    }
    if migrations.iter().all(|migration| migration.applied) {
        migration::lacking(copy).await.map_err(Unsound::Schema)?;
    }
    Ok(rows(copy).await?)
}

/// Selects what no migration made: triggers and views, which could change what a statement does, and tables.
fn unknown_objects() -> String {
    let made = migration::search::on_sqlite().join("\n").replace('\'', "''");
    format!(
        "SELECT m.type || ' ' || m.name FROM sqlite_master m \
         LEFT JOIN pragma_table_list t ON t.name = m.name AND t.schema = 'main' \
         WHERE CASE WHEN m.type IN ('trigger', 'view') OR t.type = 'virtual' \
               THEN instr('\n{made}\n', char(10) || m.sql || char(10)) = 0 \
               WHEN m.type = 'table' THEN t.type <> 'shadow' AND m.name NOT LIKE 'sqlite#_%' ESCAPE '#' \
                    AND m.name NOT IN ('seaql_migrations', '{}') \
               ELSE FALSE END",
        TABLES.join("', '")
    )
}

/// Counts the rows of the service's tables.
pub(super) async fn rows(db: &DatabaseConnection) -> Result<Rows, DbErr> {
    let mut counts = BTreeMap::new();
    for row in db.query_all_raw(statement(db, EXISTING)).await? {
        let name: String = row.try_get_by_index(0)?;
        if let Some(table) = TABLES.into_iter().find(|table| *table == name) {
            let count = number(db, &format!("SELECT COUNT(*) FROM {table}")).await?;
            counts.insert(table, count);
        }
    }
    Ok(Rows(counts))
}

const EXISTING: &str = "SELECT name FROM sqlite_master WHERE type = 'table'";

/// The single number that a query returns.
pub(super) async fn number(db: &DatabaseConnection, sql: &str) -> Result<i64, DbErr> {
    let row = db.query_one_raw(statement(db, sql)).await?;
    row.ok_or_else(|| DbErr::RecordNotFound(sql.into()))?.try_get_by_index(0)
}

/// The first text that a query returns, if it returns a row.
pub(super) async fn text(db: &DatabaseConnection, sql: &str) -> Result<Option<String>, DbErr> {
    let row = db.query_one_raw(statement(db, sql)).await?;
    row.map(|row| row.try_get_by_index(0)).transpose()
}

fn statement(db: &DatabaseConnection, sql: &str) -> Statement {
    Statement::from_string(db.get_database_backend(), sql)
}
