//! `deploy/citus/layout.sql`, on plain PostgreSQL with stand-ins for the functions of Citus.

use std::collections::{BTreeMap, BTreeSet};

use migration::{
    connect,
    schema::{self, TABLES},
};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement};
use testkit::TestDatabase;

const LAYOUT: &str = include_str!("../../../deploy/citus/layout.sql");

/// They record what is distributed, and how. Like those of Citus, they refuse a table with a foreign key to one that is
/// not distributed yet, and a distributed one with a key that lacks the column by which it is distributed.
const STAND_INS: &str = "
CREATE SCHEMA citus;
CREATE TABLE citus.placements (name text PRIMARY KEY, distributed_by text);
CREATE FUNCTION citus.place(placed regclass, distributed_by text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE found text;
BEGIN
  SELECT conname INTO found FROM pg_constraint WHERE conrelid = placed AND contype = 'f'
    AND confrelid <> placed AND confrelid::regclass::text NOT IN (SELECT name FROM citus.placements);
  IF found IS NOT NULL THEN RAISE '% refers to a table that is not distributed', found; END IF;
  SELECT conname INTO found FROM pg_constraint WHERE confrelid = placed AND contype = 'f'
    AND conrelid::regclass::text IN (SELECT name FROM citus.placements);
  IF found IS NOT NULL THEN RAISE '% refers to % before it is distributed', found, placed; END IF;
  SELECT indexrelid::regclass::text INTO found FROM pg_index WHERE indrelid = placed AND indisunique
    AND distributed_by IS NOT NULL AND NOT EXISTS (SELECT FROM pg_attribute
      WHERE attrelid = placed AND attname = distributed_by AND attnum = ANY (indkey));
  IF found IS NOT NULL THEN RAISE '% lacks %', found, distributed_by; END IF;
  INSERT INTO citus.placements VALUES (placed::text, distributed_by);
END $$;
CREATE FUNCTION create_reference_table(placed regclass) RETURNS void LANGUAGE sql AS
  $$ SELECT citus.place(placed, NULL) $$;
CREATE FUNCTION create_distributed_table(placed regclass, distributed_by text, colocate_with text DEFAULT 'default')
  RETURNS void LANGUAGE sql AS $$ SELECT citus.place(placed, distributed_by) $$;";

#[tokio::test]
async fn the_layout_for_citus_names_every_table_and_leaves_the_schema_complete() {
    let database = TestDatabase::migrated().await;
    if !database.is_postgres() {
        return;
    }
    database.execute(STAND_INS).await;
    database.execute(LAYOUT).await;
    let connection = connect(database.url(), None).await.unwrap();
    let placed = "SELECT name, coalesce(distributed_by, '') FROM citus.placements";
    let placed = Statement::from_string(DbBackend::Postgres, placed);
    let rows = connection.query_all_raw(placed).await.unwrap();
    let column = |row: &QueryResult, index| row.try_get_by_index::<String>(index).unwrap();
    let placed: BTreeMap<String, String> =
        rows.iter().map(|row| (column(row, 0), column(row, 1))).collect();
    let names: BTreeSet<&str> = placed.keys().map(String::as_str).collect();
    assert_eq!(names, BTreeSet::from(TABLES));
    let is_distributed = |(_, by): &(&String, &String)| !by.is_empty();
    let distributed: Vec<_> = placed.iter().filter(is_distributed).collect();
    let by = [("note_teams", "note_id"), ("notes", "id"), ("user_notes", "note_id")];
    assert!(distributed.iter().map(|(name, by)| (name.as_str(), by.as_str())).eq(by));
    assert_eq!(schema::missing(&connection).await.unwrap(), Vec::<String>::new());
    connection.close().await.unwrap();
}
