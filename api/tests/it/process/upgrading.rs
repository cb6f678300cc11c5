//! Databases and an export that version 0.1.0 has made, with the same rows: `tests/fixtures/0.1.0`.

use std::fs;

use reqwest::Method;
use serde_json::{Value, json};
use testkit::TestDatabase;

use super::{SECRET, Served, migrations, run, text};

const SQLITE: &str = include_str!("../../fixtures/0.1.0/sqlite.sql");
const POSTGRES: &str = include_str!("../../fixtures/0.1.0/postgres.sql");
const EXPORT: &str = include_str!("../../fixtures/0.1.0/export.ndjson");

/// How many migrations 0.1.0 had.
const MIGRATIONS: usize = 8;

type Rows = Vec<(String, Value)>;

/// A database as 0.1.0 has left it, and its rows without the session, which has expired.
async fn database_of_0_1_0() -> (TestDatabase, Rows) {
    let database = TestDatabase::empty().await;
    database.execute(if database.is_postgres() { POSTGRES } else { SQLITE }).await;
    let mut rows = database.rows().await;
    rows.retain(|(table, _)| table != "sessions");
    assert!(rows.len() > 100, "{} rows", rows.len());
    (database, rows)
}

/// Requires that each row is still there, with the values that it had; it may have more of them.
fn require_kept(before: &Rows, after: &Rows) {
    for (table, row) in before {
        let same = |(other, kept): &&(String, Value)| other == table && kept["id"] == row["id"];
        let (_, kept) = after.iter().find(same).unwrap_or_else(|| panic!("{table}: {row} is lost"));
        for (column, value) in row.as_object().unwrap() {
            assert_eq!(&kept[column], value, "{table}.{column} of {row}");
        }
    }
}

#[tokio::test]
async fn a_database_of_0_1_0_is_migrated_and_back_without_loss() {
    let (database, before) = database_of_0_1_0().await;
    let schema = database.schema().await;
    let directory = tempfile::tempdir().unwrap();
    let settings = [("DATABASE_URL", database.url()), ("SECRET", SECRET)];

    let served = Served::start(directory.path(), &settings);
    require_kept(&before, &database.rows().await);
    let admin = json!({ "username": "admin", "password": "walnut-harbour-42" });
    let (status, session) = served.send(Method::POST, "/api/login", Some(admin)).await;
    assert_eq!(status, 200, "{session}");
    let note = json!({ "content": "Written by the new version" });
    let token = session["token"].as_str().unwrap();
    let (status, note) = served.send_as(token, Method::POST, "/api/notes", Some(note)).await;
    assert_eq!(status, 201, "{note}");
    drop(served);
    let doctor = text(&run(directory.path(), &settings, &["doctor"]).stdout);
    assert!(!doctor.contains("BAD"), "{doctor}");

    let newer = (migrations() - MIGRATIONS).to_string();
    let back = run(directory.path(), &settings, &["migrate", "down", "-n", &newer, "--yes"]);
    assert!(back.status.success(), "{}", text(&back.stderr));
    assert_eq!(database.schema().await, schema);
    let reverted = database.rows().await;
    require_kept(&before, &reverted);
    let is_new = |(table, row): &(String, Value)| table == "notes" && row["id"] == note["id"];
    assert!(reverted.iter().any(is_new), "what the new version has written is lost");
}

#[tokio::test]
async fn an_export_of_0_1_0_is_imported() {
    let (_, before) = database_of_0_1_0().await;
    let database = TestDatabase::empty().await;
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("export.ndjson"), EXPORT).unwrap();
    let settings = [("DATABASE_URL", database.url())];
    let import = run(directory.path(), &settings, &["import", "--create", "export.ndjson"]);
    assert!(import.status.success(), "{}", text(&import.stderr));
    require_kept(&before, &database.rows().await);
}
