//! Trigram indexes for searches in contents and names: virtual tables of FTS5 on SQLite, which triggers keep, and
//! GIN indexes on PostgreSQL. Where PostgreSQL lacks the extension `pg_trgm`, searches go on reading all rows.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend, Statement, TransactionSession, TransactionTrait},
};

use crate::database_code;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// (table, searched column)
pub(crate) const SEARCHED: [(&str, &str); 3] =
    [("notes", "content_folded"), ("users", "name_folded"), ("teams", "name_folded")];

/// Marks an extension that this migration created, and that `down` drops.
const MADE_HERE: &str = "created by a migration of Teamnotes";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        match db.get_database_backend() {
            DbBackend::Postgres => make_on_postgres(db).await,
            _ => make_on_sqlite(db, &SEARCHED).await,
        }
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        match db.get_database_backend() {
            DbBackend::Postgres => drop_on_postgres(db).await,
            _ => drop_on_sqlite(db, &SEARCHED).await,
        }
    }
}

async fn make_on_postgres(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    let Some(schema) = provide_extension(db).await? else {
        log::warn!("{}", crate::search::NO_EXTENSION);
        return Ok(());
    };
    for (table, column) in SEARCHED {
        // One that was created before, without keeping others from writing, is left alone.
        let create = postgres_index("CREATE INDEX IF NOT EXISTS", table, column, &schema);
        run(db, &create).await?;
    }
    Ok(())
}

/// The schema of the extension, which is created if that is possible.
pub(crate) async fn provide_extension(db: &impl ConnectionTrait) -> Result<Option<String>, DbErr> {
    const MAY_BE_CREATED: &str = "SELECT name::text FROM pg_available_extensions \
        WHERE name = 'pg_trgm' AND has_database_privilege(current_database(), 'CREATE')";
    if text(db, EXTENSION).await?.is_none() && text(db, MAY_BE_CREATED).await?.is_some() {
        run(db, "CREATE EXTENSION pg_trgm").await?;
        run(db, &format!("COMMENT ON EXTENSION pg_trgm IS '{MADE_HERE}'")).await?;
    }
    text(db, EXTENSION).await
}

const EXTENSION: &str = "SELECT nspname::text FROM pg_extension e \
    JOIN pg_namespace n ON n.oid = e.extnamespace WHERE extname = 'pg_trgm'";

pub(crate) fn postgres_index_name(table: &str, column: &str) -> String {
    format!("idx_{table}_{column}_trigrams")
}

pub(crate) fn postgres_index(create: &str, table: &str, column: &str, schema: &str) -> String {
    let name = postgres_index_name(table, column);
    format!("{create} \"{name}\" ON \"{table}\" USING gin (\"{column}\" \"{schema}\".gin_trgm_ops)")
}

async fn drop_on_postgres(db: &(impl ConnectionTrait + TransactionTrait)) -> Result<(), DbErr> {
    for (table, column) in SEARCHED {
        let name = postgres_index_name(table, column);
        run(db, &format!("DROP INDEX IF EXISTS \"{name}\"")).await?;
    }
    let made_here = format!(
        "SELECT extname::text FROM pg_extension e WHERE extname = 'pg_trgm' \
         AND obj_description(e.oid, 'pg_extension') = '{MADE_HERE}'"
    );
    match text(db, &made_here).await? {
        Some(_) => drop_extension(db).await,
        None => Ok(()),
    }
}

/// Drops the extension, unless others use it by now.
async fn drop_extension(db: &impl TransactionTrait) -> Result<(), DbErr> {
    const USED_BY_OTHERS: &str = "2BP01";
    let attempt = db.begin().await?;
    match run(&attempt, "DROP EXTENSION pg_trgm").await {
        Err(error) if database_code(&error).as_deref() == Some(USED_BY_OTHERS) => {
            attempt.rollback().await
        }
        dropped => {
            dropped?;
            attempt.commit().await
        }
    }
}

/// A virtual table has no rows of its own, but the ids of the rows that have a trigram.
pub(crate) fn sqlite_table(table: &str) -> String {
    format!("{table}_search")
}

/// The virtual table of a table, and the triggers that keep it.
pub(crate) fn sqlite_objects(table: &str, column: &str) -> [String; 4] {
    let search = sqlite_table(table);
    let add = format!(
        "INSERT INTO \"{search}\" (rowid, \"{column}\") VALUES (NEW.id, NEW.\"{column}\");"
    );
    let remove = format!(
        "INSERT INTO \"{search}\" (\"{search}\", rowid, \"{column}\") \
         VALUES ('delete', OLD.id, OLD.\"{column}\");"
    );
    [
        format!(
            "CREATE VIRTUAL TABLE \"{search}\" USING fts5(\"{column}\", content='{table}', \
             content_rowid='id', tokenize='trigram case_sensitive 1', detail='none', columnsize=0)"
        ),
        format!("CREATE TRIGGER \"{search}_insert\" AFTER INSERT ON \"{table}\" BEGIN {add} END"),
        format!(
            "CREATE TRIGGER \"{search}_delete\" AFTER DELETE ON \"{table}\" BEGIN {remove} END"
        ),
        format!(
            "CREATE TRIGGER \"{search}_update\" AFTER UPDATE OF \"{column}\" ON \"{table}\" \
             BEGIN {remove} {add} END"
        ),
    ]
}

/// Makes the indexes of these tables, from the rows that are there.
pub(crate) async fn make_on_sqlite(
    db: &impl ConnectionTrait,
    searched: &[(&str, &str)],
) -> Result<(), DbErr> {
    for (table, column) in searched {
        for object in sqlite_objects(table, column) {
            run(db, &object).await?;
        }
        let search = sqlite_table(table);
        run(db, &format!("INSERT INTO \"{search}\" (\"{search}\") VALUES ('rebuild')")).await?;
    }
    Ok(())
}

/// Drops what there is of the indexes of these tables.
pub(crate) async fn drop_on_sqlite(
    db: &impl ConnectionTrait,
    searched: &[(&str, &str)],
) -> Result<(), DbErr> {
    for (table, _) in searched {
        let search = sqlite_table(table);
        for change in ["insert", "delete", "update"] {
            run(db, &format!("DROP TRIGGER IF EXISTS \"{search}_{change}\"")).await?;
        }
        run(db, &format!("DROP TABLE IF EXISTS \"{search}\"")).await?;
    }
    Ok(())
}

pub(crate) async fn run(db: &impl ConnectionTrait, sql: &str) -> Result<(), DbErr> {
    db.execute_raw(Statement::from_string(db.get_database_backend(), sql)).await.map(|_| ())
}

/// The first text that a query returns, if it returns a row.
async fn text(db: &impl ConnectionTrait, sql: &str) -> Result<Option<String>, DbErr> {
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    row.map(|row| row.try_get_by_index(0)).transpose()
}
