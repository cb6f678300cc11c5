//! Schema changes, by commands and at startup.

pub use migration::{Applied, Command, Lock, LockKind, MigrationError, Planned};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use crate::{Db, DbSettings, Error, Result};

/// Something that a command would permanently delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// A table, or a column as `table.column`.
    pub what: String,
    /// How many rows the table has.
    pub rows: i64,
}

/// Runs a command, under the lock that all processes take, and returns the state of each migration
/// afterwards.
///
/// # Errors
/// If the database can't be reached, or see [`MigrationError`]; nothing is changed then.
pub async fn run(settings: &DbSettings, command: Command) -> Result<Vec<Applied>> {
    on_connection(settings, async |connection| {
        command.run(connection, settings.migration_lock).await.map_err(Error::internal)
    })
    .await
}

/// Applies the pending migrations.
///
/// # Errors
/// As [`run`].
pub async fn bring_up_to_date(settings: &DbSettings) -> Result<()> {
    run(settings, Command::Up { num: None }).await.map(drop)
}

/// The SQL that the command would run, without running it.
///
/// # Errors
/// As [`run`]; [`MigrationError::NoRollback`] on servers that only resemble PostgreSQL.
pub async fn plan(settings: &DbSettings, command: Command) -> Result<Vec<Planned>> {
    on_connection(settings, async |connection| {
        let planned = migration::plan(connection.clone(), settings.migration_lock, command);
        planned.await.map_err(Error::internal)
    })
    .await
}

/// What the command would permanently delete.
///
/// # Errors
/// As [`plan`].
pub async fn losses(settings: &DbSettings, command: Command) -> Result<Vec<Loss>> {
    let planned = plan(settings, command).await?;
    on_connection(settings, async |connection| {
        let mut losses = Vec::new();
        let statements = planned.iter().flat_map(|step| &step.statements);
        for (table, column) in statements.filter_map(|sql| dropped(sql)) {
            let rows = count(connection, table).await?;
            let what = column.map_or(table.to_owned(), |column| format!("{table}.{column}"));
            losses.push(Loss { what, rows });
        }
        Ok(losses)
    })
    .await
}

/// Requires a database that accepts changes.
///
/// # Errors
/// [`Error::Unavailable`] if it is read-only, or can't be read.
pub async fn require_writable(db: &Db) -> Result<()> {
    match is_read_only(db).await? {
        true => Err(Error::unavailable(MigrationError::ReadOnly)),
        false => Ok(()),
    }
}

/// Whether the database accepts no changes. Asks for one that changes nothing.
///
/// # Errors
/// If the database can't be read.
pub async fn is_read_only(db: &Db) -> Result<bool> {
    const READ_ONLY: &str = "8";
    const BUSY: &str = "5";
    if db.is_postgres() {
        let ask = Statement::from_string(DbBackend::Postgres, "SHOW transaction_read_only");
        let row = db.writer().query_one_raw(ask).await?;
        return Ok(
            row.is_some_and(|row| row.try_get_by_index(0).is_ok_and(|on: String| on == "on"))
        );
    }
    let nothing = "DELETE FROM seaql_migrations WHERE false";
    let Err(error) = db.writer().execute_unprepared(nothing).await else { return Ok(false) };
    match migration::database_code(&error).as_deref() {
        Some(READ_ONLY) => Ok(true),
        // Another process is writing.
        Some(BUSY) => Ok(false),
        _ => Err(error.into()),
    }
}

/// Does this work on a connection for migrations, and closes it.
async fn on_connection<T>(
    settings: &DbSettings,
    work: impl AsyncFnOnce(&DatabaseConnection) -> Result<T>,
) -> Result<T> {
    let connection = migration::connect(&settings.url, None).await.map_err(Error::internal)?;
    let done = work(&connection).await.map_err(|error| named(settings, error));
    let closed = connection.close().await;
    let done = done?;
    closed.map_err(Error::internal)?;
    Ok(done)
}

/// The same error, with the name of the file if the database has one.
fn named(settings: &DbSettings, error: Error) -> Error {
    let Error::Internal(source) = error else { return error };
    match source.downcast::<MigrationError>().map(|error| *error) {
        Ok(MigrationError::Database(source)) => {
            Error::internal(MigrationError::of(&settings.url, source))
        }
        Ok(other) => Error::internal(other),
        Err(other) => Error::Internal(other),
    }
}

/// The table that a statement drops, or the table and the column.
fn dropped(sql: &str) -> Option<(&str, Option<&str>)> {
    let mut quoted = sql.split('"').skip(1).step_by(2);
    let table = quoted.next()?;
    if sql.starts_with("DROP TABLE") {
        return Some((table, None));
    }
    if sql.starts_with("ALTER TABLE") && sql.contains(" DROP COLUMN ") {
        return Some((table, Some(quoted.next()?)));
    }
    None
}

async fn count(connection: &DatabaseConnection, table: &str) -> Result<i64> {
    let count = format!("SELECT COUNT(*) FROM \"{table}\"");
    let count = Statement::from_string(connection.get_database_backend(), count);
    let row = connection.query_one_raw(count).await?;
    row.map_or(Ok(0), |row| row.try_get_by_index(0)).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_tells_what_it_drops() {
        assert_eq!(dropped(r#"DROP TABLE "notes""#), Some(("notes", None)));
        assert_eq!(dropped(r#"DROP TABLE IF EXISTS "notes" CASCADE"#), Some(("notes", None)));
        let column = r#"ALTER TABLE "users" DROP COLUMN "admin""#;
        assert_eq!(dropped(column), Some(("users", Some("admin"))));
        assert_eq!(dropped(r#"ALTER TABLE "users" ADD COLUMN "admin" boolean"#), None);
        assert_eq!(dropped(r#"DROP INDEX "uq_users_username""#), None);
    }
}
