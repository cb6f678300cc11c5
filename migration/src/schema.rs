//! The schema that the migrations lead to, compared with that of a database.

use std::collections::HashSet;

use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, QueryResult, Statement,
};

use crate::{Command, Lock, MigrationError, apply, connect};

/// The tables, each after those that it refers to.
pub const TABLES: [&str; 12] = [
    "users",
    "notes",
    "teams",
    "memberships",
    "user_notes",
    "sessions",
    "deletions",
    "note_counts",
    "idempotency_keys",
    "api_tokens",
    "invitations",
    "note_teams",
];

/// A table, or something that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Object {
    table: String,
    /// The same text on both databases; empty for the table itself.
    part: String,
}

impl Object {
    fn read(row: &QueryResult) -> Result<Self, DbErr> {
        Ok(Self { table: row.try_get_by_index(0)?, part: row.try_get_by_index(1)? })
    }

    fn is_table(&self) -> bool {
        self.part.is_empty()
    }

    fn describe(&self) -> String {
        match self.part.as_str() {
            "" => format!("table {}", self.table),
            part => format!("{part} of {}", self.table),
        }
    }
}

/// The tables, columns, indexes and constraints that the database should have and lacks, or has in another
/// form, such as `table notes` or `column admin boolean not null of users`. Changes nothing.
///
/// # Errors
/// If the database can't be read.
pub async fn missing(db: &impl ConnectionTrait) -> Result<Vec<String>, MigrationError> {
    let found: HashSet<Object> = objects(db).await?.into_iter().collect();
    let (mut missing, expected): (Vec<_>, Vec<_>) = expected()
        .await?
        .into_iter()
        .filter(|object| !found.contains(object))
        .partition(Object::is_table);
    // What belongs to a missing table need not be listed.
    let tables: HashSet<String> = missing.iter().map(|object| object.table.clone()).collect();
    missing.extend(expected.into_iter().filter(|object| !tables.contains(&object.table)));
    Ok(missing.iter().map(Object::describe).collect())
}

/// What the migrations make of an empty database, which is one in memory.
async fn expected() -> Result<Vec<Object>, MigrationError> {
    let scratch = connect("sqlite::memory:", None).await?;
    let made = migrated_objects(&scratch).await;
    let closed = scratch.close().await;
    let made = made?;
    closed?;
    Ok(made)
}

async fn migrated_objects(scratch: &DatabaseConnection) -> Result<Vec<Object>, MigrationError> {
    apply(scratch, Lock::default(), Command::Up { num: None }).await?;
    Ok(objects(scratch).await?)
}

async fn objects(db: &impl ConnectionTrait) -> Result<Vec<Object>, DbErr> {
    let backend = db.get_database_backend();
    let sql = if backend == DbBackend::Postgres { POSTGRES_OBJECTS } else { SQLITE_OBJECTS };
    let rows = db.query_all_raw(Statement::from_string(backend, sql)).await?;
    rows.iter().map(Object::read).collect()
}

/// Types are called as on PostgreSQL, where the migrations make all integers `bigint`. Only constraints that
/// check something have names on SQLite; its primary keys are marked in their columns.
const SQLITE_OBJECTS: &str = "
WITH tables AS (
  SELECT m.name, m.sql FROM sqlite_master m JOIN pragma_table_list l ON l.name = m.name
  WHERE l.schema = 'main' AND l.type = 'table' AND m.type = 'table'
    AND m.name NOT LIKE 'sqlite_%' AND m.name <> 'seaql_migrations'
)
SELECT name, '' FROM tables
UNION ALL
SELECT t.name, 'column ' || c.name || ' ' || CASE lower(c.type)
    WHEN 'integer' THEN 'bigint'
    WHEN 'timestamp_with_timezone_text' THEN 'timestamp with time zone'
    ELSE lower(c.type) END || CASE WHEN c.\"notnull\" THEN ' not null' ELSE '' END
  FROM tables t, pragma_table_info(t.name) c
UNION ALL
SELECT t.name, 'primary key (' || c.name || ')' FROM tables t, pragma_table_info(t.name) c WHERE c.pk > 0
UNION ALL
SELECT t.name, CASE WHEN i.\"unique\" THEN 'unique index ' ELSE 'index ' END || i.name || ' ('
    || coalesce((SELECT group_concat(name, ', ') FROM pragma_index_info(i.name)), '') || ')'
  FROM tables t, pragma_index_list(t.name) i WHERE i.origin = 'c'
UNION ALL
SELECT t.name, 'foreign key (' || f.\"from\" || ') to ' || f.\"table\" || ' on delete ' || lower(f.on_delete)
  FROM tables t, pragma_foreign_key_list(t.name) f
UNION ALL
SELECT t.name, 'constraint ' || substr(rest.sql, 1, instr(rest.sql, '\"') - 1)
  FROM tables t, (SELECT name, substr(sql, instr(sql, 'CONSTRAINT \"ck_') + 12) AS sql FROM tables) rest
  WHERE rest.name = t.name AND instr(t.sql, 'CONSTRAINT \"ck_') > 0";

const POSTGRES_OBJECTS: &str = "
WITH tables AS (
  SELECT oid, relname::text AS name FROM pg_class
  WHERE relkind IN ('r', 'p') AND pg_table_is_visible(oid) AND relnamespace <> 'pg_catalog'::regnamespace
)
SELECT name, '' FROM tables
UNION ALL
SELECT t.name, 'column ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
    || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
  FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid WHERE a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT t.name, CASE WHEN i.indisunique THEN 'unique index ' ELSE 'index ' END || x.relname || ' ('
    || coalesce((SELECT string_agg(a.attname, ', ' ORDER BY k.position)
         FROM unnest(i.indkey::int2[]) WITH ORDINALITY k (attnum, position)
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum), '') || ')'
  FROM tables t JOIN pg_index i ON i.indrelid = t.oid JOIN pg_class x ON x.oid = i.indexrelid
  WHERE i.indisvalid AND NOT i.indisprimary
UNION ALL
SELECT t.name, CASE c.contype
    WHEN 'p' THEN 'primary key (' || a.attname || ')'
    WHEN 'f' THEN 'foreign key (' || a.attname || ') to ' || c.confrelid::regclass || ' on delete '
      || CASE c.confdeltype WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null' WHEN 'r' THEN 'restrict'
           WHEN 'd' THEN 'set default' ELSE 'no action' END
    ELSE 'constraint ' || c.conname END
  FROM tables t JOIN pg_constraint c ON c.conrelid = t.oid
  LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.conkey[1]
  WHERE c.contype IN ('p', 'f', 'c') AND c.convalidated";
