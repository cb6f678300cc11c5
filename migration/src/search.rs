//! The trigram indexes that searches use: whether a database has them, and how they are made again.

use std::collections::HashSet;

use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement,
};

use crate::{
    Lock, MigrationError, connect,
    m20211209_000018_add_search_indexes::{
        SEARCHED, drop_on_sqlite, make_on_sqlite, postgres_index, postgres_index_name,
        provide_extension, run, sqlite_objects, sqlite_table,
    },
};

/// What an operator is told if PostgreSQL has no trigrams.
pub const NO_EXTENSION: &str = "searches read all rows, since the database lacks the extension pg_trgm: have a \
     superuser run CREATE EXTENSION pg_trgm, then run `teamnotes doctor --repair`";

/// The SQL of the virtual tables and triggers that the migrations make on SQLite.
pub fn on_sqlite() -> Vec<String> {
    SEARCHED.iter().flat_map(|(table, column)| sqlite_objects(table, column)).collect()
}

/// The names of the virtual tables on SQLite.
pub(crate) fn sqlite_tables() -> impl Iterator<Item = String> {
    SEARCHED.iter().map(|(table, _)| sqlite_table(table))
}

/// The names of the indexes that the database lacks; on SQLite, those of the tables whose index is not as the
/// migrations make it. Changes nothing.
///
/// # Errors
/// If the database can't be read.
pub async fn missing(db: &impl ConnectionTrait) -> Result<Vec<String>, MigrationError> {
    let backend = db.get_database_backend();
    let found = match backend {
        DbBackend::Postgres => {
            "SELECT relname::text FROM pg_class JOIN pg_index ON indexrelid = oid \
             WHERE indisvalid AND pg_table_is_visible(oid)"
        }
        _ => "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL",
    };
    let found = db.query_all_raw(Statement::from_string(backend, found)).await?;
    let found: HashSet<String> =
        found.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, DbErr>>()?;
    let lacking = SEARCHED.iter().filter(|(table, column)| match backend {
        DbBackend::Postgres => !found.contains(&postgres_index_name(table, column)),
        _ => !sqlite_objects(table, column).iter().all(|object| found.contains(object)),
    });
    Ok(lacking.map(|(table, column)| postgres_index_name(table, column)).collect())
}

/// Makes the indexes that are missing, and returns their names. On PostgreSQL others go on writing meanwhile; what an
/// interruption leaves behind is replaced.
///
/// # Errors
/// If the database fails; [`MigrationError::NoTrigrams`] if PostgreSQL lacks the extension and the role may not create
/// it.
pub async fn make(url: &str) -> Result<Vec<String>, MigrationError> {
    let db = connect(url, None).await?;
    let made = make_on(&db).await;
    db.close().await?;
    made
}

async fn make_on(db: &DatabaseConnection) -> Result<Vec<String>, MigrationError> {
    let missing = missing(db).await?;
    let searched: Vec<(&str, &str)> = SEARCHED
        .into_iter()
        .filter(|(table, column)| missing.contains(&postgres_index_name(table, column)))
        .collect();
    if searched.is_empty() {
        return Ok(missing);
    }
    if db.get_database_backend() == DbBackend::Postgres {
        let schema = provide_extension(db).await?.ok_or(MigrationError::NoTrigrams)?;
        for (table, column) in searched {
            let name = postgres_index_name(table, column);
            run(db, &format!("DROP INDEX CONCURRENTLY IF EXISTS \"{name}\"")).await?;
            let create = "CREATE INDEX CONCURRENTLY";
            run(db, &postgres_index(create, table, column, &schema)).await?;
        }
    } else {
        let transaction = Lock::default().acquire(db).await?;
        drop_on_sqlite(&transaction, &searched).await?;
        make_on_sqlite(&transaction, &searched).await?;
        transaction.commit().await?;
    }
    Ok(missing)
}
