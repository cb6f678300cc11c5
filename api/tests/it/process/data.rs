//! Commands that move all data: `demo`, `export` and `import`.

use std::{
    fs::{self, File},
    io::Write,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Stdio,
};

use reqwest::Method;
use serde_json::json;
use testkit::TestDatabase;

use super::{Served, run, teamnotes, text};

#[tokio::test]
async fn the_demo_fills_an_empty_database_the_same_way_each_time() {
    let directory = tempfile::tempdir().unwrap();
    let mut samples = Vec::new();
    for _ in 0..2 {
        let database = TestDatabase::migrated().await;
        let settings = [("DATABASE_URL", database.url())];
        let demo = || run(directory.path(), &settings, &["demo", "--users", "250"]);
        let told = demo();
        assert!(told.status.success(), "{}", text(&told.stderr));
        let told = text(&told.stdout);
        assert!(
            told.starts_with(
                "created 250 users, 25 teams, 500 memberships, 5000 notes, 500 shares, 2500 marks\n"
            ),
            "{told}"
        );
        for (table, rows) in [
            ("users", 250),
            ("notes", 5000),
            ("note_teams", 500),
            ("user_notes", 2500),
            ("memberships", 500),
        ] {
            assert_eq!(database.number(&format!("SELECT COUNT(*) FROM {table}")).await, rows);
        }
        let sample = "SELECT SUM(LENGTH(content) * id) + SUM(CASE WHEN important THEN id ELSE 0 END) FROM notes";
        samples.push(database.number(&format!("SELECT CAST(({sample}) AS bigint)")).await);
        let again = demo();
        assert_eq!(again.status.code(), Some(1));
        assert!(text(&again.stderr).contains("already has users"), "{}", text(&again.stderr));
    }
    assert_eq!(samples[0], samples[1]);
}

#[tokio::test]
async fn the_demo_creates_a_missing_file_and_leaves_the_first_admin_alone() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let told = on(here, "sqlite:new/demo.db", &["demo", "--users", "20"]);
    assert!(told.starts_with("created 20 users, 2 teams, "), "{told}");

    let database = TestDatabase::empty().await;
    let settings = [
        ("DATABASE_URL", database.url()),
        ("SECRET", super::SECRET),
        ("ADMIN_USERNAME", "boss"),
        ("ADMIN_PASSWORD", "walnut-harbour-42"),
    ];
    let served = Served::start(here, &settings);
    on(here, database.url(), &["demo", "--users", "20"]);
    assert_eq!(database.number("SELECT COUNT(*) FROM users").await, 21);
    for table in ["notes", "user_notes", "memberships"] {
        let rows = format!(
            "SELECT COUNT(*) FROM {table} WHERE user_id = (SELECT id FROM users WHERE username = 'boss')"
        );
        assert_eq!(database.number(&rows).await, 0, "{table}");
    }
    let boss = json!({ "username": "boss", "password": "walnut-harbour-42" });
    assert_eq!(served.send(Method::POST, "/api/login", Some(boss)).await.0, 200);
    let again = run(here, &settings, &["demo", "--users", "20"]);
    assert!(text(&again.stderr).contains("already has users"), "{}", text(&again.stderr));
}

/// Runs a command on the database with this URL, which must succeed, and returns its output.
fn on(directory: &Path, url: &str, arguments: &[&str]) -> String {
    let output = run(directory, &[("DATABASE_URL", url)], arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// A service on an SQLite file `source.db` that has rows in every table.
async fn source(directory: &Path) -> Served {
    let settings = [("DATABASE_URL", "sqlite:source.db"), ("LOGIN_RATE_LIMIT", "off")];
    on(directory, "sqlite:source.db", &["migrate", "up"]);
    on(directory, "sqlite:source.db", &["demo", "--users", "60"]);
    on(directory, "sqlite:source.db", &["user", "disable", "user7"]);
    let served = Served::start(directory, &settings);
    let token = served.user("alice").await;
    for content in ["two\nlines and \"quotes\" \\", "Ä a\u{308} 日本 🦀 \u{2028}"] {
        let note =
            json!({ "content": content, "important": true, "date": "2024-02-29T23:59:59.123456Z" });
        let (status, note) = served.send_as(&token, Method::POST, "/api/notes", Some(note)).await;
        assert_eq!(status, 201, "{note}");
        let mark = json!({ "note_id": note["id"] });
        let (status, mark) =
            served.send_as(&token, Method::POST, "/api/readinglists", Some(mark)).await;
        assert_eq!(status, 201, "{mark}");
    }
    served
}

#[tokio::test]
async fn an_export_is_the_same_after_every_import() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let _served = source(here).await;
    let told = on(here, "sqlite:source.db", &["export", "first.ndjson"]);
    assert!(told.starts_with("exported to first.ndjson: 61 users, 6 teams, "), "{told}");
    let first = fs::read_to_string(here.join("first.ndjson")).unwrap();
    assert!(first.starts_with("{\"header\":{\"format\":\"teamnotes export\",\"version\":3}}\n"));
    assert!(first.contains("$argon2id$") && first.contains("2024-02-29T23:59:59.123456Z"));
    let mode = fs::metadata(here.join("first.ndjson")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = run(here, &[("DATABASE_URL", "sqlite:source.db")], &["export", "first.ndjson"]);
    assert_eq!(again.status.code(), Some(1), "it was written over");
    assert_eq!(fs::read_to_string(here.join("first.ndjson")).unwrap(), first);

    let middle = TestDatabase::migrated().await;
    let imported = on(here, middle.url(), &["import", "first.ndjson"]);
    assert_eq!(imported.lines().nth(1), told.lines().nth(1), "{imported}");
    on(here, middle.url(), &["export", "second.ndjson.zst"]);
    assert!(fs::metadata(here.join("second.ndjson.zst")).unwrap().len() * 2 < first.len() as u64);

    on(here, "sqlite:third.db", &["migrate", "up"]);
    on(here, "sqlite:third.db", &["import", "second.ndjson.zst"]);
    on(here, "sqlite:third.db", &["export", "third.ndjson"]);
    assert_eq!(fs::read_to_string(here.join("third.ndjson")).unwrap(), first);
}

#[tokio::test]
async fn an_import_rejects_password_hashes_that_cost_more_than_is_set() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    on(here, "sqlite:first.db", &["demo", "--users", "2"]);
    on(here, "sqlite:first.db", &["export", "all.ndjson"]);
    let import = |memory: &str| {
        let settings = [("DATABASE_URL", "sqlite:second.db"), ("PASSWORD_HASH_MEMORY", memory)];
        run(here, &settings, &["import", "--create", "all.ndjson"])
    };
    let rejected = import("19455");
    let told = text(&rejected.stderr);
    let why =
        "error: all.ndjson: line 2 has a password hash that costs more than PASSWORD_HASH_MEMORY";
    assert!(rejected.status.code() == Some(1) && told.starts_with(why), "{told}");
    assert!(!here.join("second.db").exists());
    let imported = import("19456");
    assert!(imported.status.success(), "{}", text(&imported.stderr));
}

#[tokio::test]
async fn an_imported_database_continues_where_the_original_stopped() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    source(here).await.signal("TERM");
    on(here, "sqlite:source.db", &["export", "all.zst"]);
    let database = TestDatabase::migrated().await;
    on(here, database.url(), &["import", "all.zst"]);

    let settings = [("DATABASE_URL", database.url()), ("SECRET", super::SECRET)];
    let served = Served::start(here, &settings);
    let alice = json!({ "username": "alice", "password": "walnut-harbour-42" });
    let (status, answer) = served.send(Method::POST, "/api/login", Some(alice)).await;
    assert_eq!(status, 200, "{answer}");
    let token = answer["token"].as_str().unwrap();
    let newest = database.number("SELECT MAX(id) FROM notes").await;
    let note = json!({ "content": "the next one" });
    let (status, note) = served.send_as(token, Method::POST, "/api/notes", Some(note)).await;
    assert_eq!((status, note["id"].as_i64()), (201, Some(newest + 1)), "{note}");
    let (_, found) = served.send(Method::GET, "/api/notes?search=%C3%84%20%C3%A4", None).await;
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
    let disabled = "SELECT COUNT(*) FROM users WHERE username = 'user7' AND disabled";
    assert_eq!(database.number(disabled).await, 1);
    assert_eq!(database.number("SELECT COUNT(*) FROM sessions").await, 1);
}

#[tokio::test]
async fn ids_of_deleted_rows_are_not_given_again_after_an_import() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let served = source(here).await;
    let bob = served.user("bob").await;
    let note = json!({ "content": "deleted" });
    let (_, note) = served.send_as(&bob, Method::POST, "/api/notes", Some(note)).await;
    let (_, team) =
        served.send_as(&bob, Method::POST, "/api/teams", Some(json!({ "name": "gone" }))).await;
    let path = format!("/api/teams/{}", team["id"]);
    assert_eq!(served.send_as(&bob, Method::DELETE, &path, None).await.0, 204);
    assert_eq!(served.send_as(&bob, Method::DELETE, "/api/users/bob", None).await.0, 204);
    on(here, "sqlite:source.db", &["export", "first.ndjson"]);
    let first = fs::read_to_string(here.join("first.ndjson")).unwrap();
    assert!(first.contains(&format!("{{\"last_ids\":{{\"users\":62,\"teams\":{}", team["id"])));

    let database = TestDatabase::migrated().await;
    on(here, database.url(), &["import", "first.ndjson"]);
    let settings = [("DATABASE_URL", database.url()), ("SECRET", super::SECRET)];
    let served = Served::start(here, &settings);
    let carol = served.user("carol").await;
    let (_, user) = served.send(Method::GET, "/api/users/carol", None).await;
    assert_eq!(user["id"], 63, "{user}");
    for (path, body, last) in [
        ("/api/notes", json!({ "content": "new" }), &note["id"]),
        ("/api/teams", json!({ "name": "new" }), &team["id"]),
    ] {
        let (_, made) = served.send_as(&carol, Method::POST, path, Some(body)).await;
        assert_eq!(made["id"].as_i64(), last.as_i64().map(|id| id + 1), "{made}");
    }
}

#[tokio::test]
async fn a_user_whose_deletion_has_begun_is_not_exported() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let database = TestDatabase::migrated().await;
    on(here, database.url(), &["demo", "--users", "30"]);
    let begun = "INSERT INTO deletions SELECT id FROM users WHERE username = 'user7'";
    database.execute(begun).await;
    let told = on(here, database.url(), &["export", "all"]);
    assert!(told.contains(": 29 users, ") && told.contains(" 580 notes, "), "{told}");
    assert!(!fs::read_to_string(here.join("all")).unwrap().contains("\"user7\""));
    assert_eq!(database.number("SELECT COUNT(*) FROM users").await, 29);
}

#[tokio::test]
async fn exports_and_imports_can_be_piped() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let database = TestDatabase::migrated().await;
    on(here, database.url(), &["demo", "--users", "30"]);
    on(here, database.url(), &["export", "file.ndjson"]);
    let from = [("DATABASE_URL", database.url())];
    let exported = run(here, &from, &["export", "-"]);
    let told = text(&exported.stderr);
    assert!(told.starts_with("exported to standard output: 30 users, "), "{told}");
    assert_eq!(exported.stdout, fs::read(here.join("file.ndjson")).unwrap());

    let pipe = |url: &str, arguments: &[&str], bytes: &[u8]| {
        let settings = [("DATABASE_URL", url)];
        let mut import = teamnotes(here, &settings, arguments);
        import.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut import = import.spawn().unwrap();
        import.stdin.take().unwrap().write_all(bytes).unwrap();
        import.wait_with_output().unwrap()
    };
    let cut = &exported.stdout[..exported.stdout.len() / 2];
    let rejected = pipe("sqlite:new.db", &["import", "--create", "-"], cut);
    let told = text(&rejected.stderr);
    assert!(told.starts_with("error: standard input: was cut off"), "{told}");
    assert!(!here.join("new.db").exists(), "it was created for nothing");
    let imported = pipe("sqlite:new.db", &["import", "--create", "-"], &exported.stdout);
    let told = text(&imported.stdout);
    assert!(told.starts_with("imported from standard input: 30 users, "), "{imported:?}");
    on(here, "sqlite:new.db", &["export", "again.ndjson"]);
    assert_eq!(fs::read(here.join("again.ndjson")).unwrap(), exported.stdout);

    let full = File::options().write(true).open("/dev/full").unwrap();
    let refused = teamnotes(here, &from, &["export", "-"]).stdout(full).output().unwrap();
    let told = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{told}");
    assert!(told.contains("standard output: can't be written: No space left"), "{told}");
}

#[tokio::test]
async fn an_incomplete_file_is_rejected_and_nothing_is_changed() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    source(here).await.signal("TERM");
    on(here, "sqlite:source.db", &["export", "good"]);
    on(here, "sqlite:source.db", &["export", "good.zst"]);
    let good = fs::read_to_string(here.join("good")).unwrap();
    let packed = fs::read(here.join("good.zst")).unwrap();
    let lines: Vec<&str> = good.split_inclusive('\n').collect();
    let without = |number: usize| [&lines[..number], &lines[number + 1..]].concat().concat();
    let swapped = [&lines[..1], &lines[61..70], &lines[1..61], &lines[70..]].concat().concat();

    let database = TestDatabase::migrated().await;
    for (bad, why) in [
        (String::new(), "is not an export"),
        ("PK\u{3}\u{4} something else".into(), "is not an export"),
        (good.replacen("\"version\":3", "\"version\":99", 1), "has version 99"),
        (lines[0].into(), "was cut off"),
        (lines[..lines.len() - 1].concat(), "was cut off"),
        (good[..good.len() - 1].into(), "was cut off"),
        (good[..good.len() / 2].into(), "was cut off"),
        (without(7), "was altered"),
        (good.replacen("\"admin\":false", "\"admin\":true", 1), "was altered"),
        (good.clone() + lines[1], "was altered"),
        (
            good.replacen("\"admin\"", "\"boss\"", 1),
            "line 2 is not a valid row: unknown field `boss`",
        ),
        (swapped, "is in the wrong place"),
        (good.replacen('\n', &" ".repeat(2 << 20), 1), "is not an export"),
        (
            good.replacen("\"name\":\"", &format!("\"name\":\"{}", "x".repeat(2 << 20)), 1),
            "too long",
        ),
    ] {
        fs::write(here.join("bad"), bad).unwrap();
        refused(here, &database, "bad", why).await;
    }
    fs::write(here.join("half.zst"), &packed[..packed.len() / 2]).unwrap();
    refused(here, &database, "half.zst", "was cut off").await;
    refused(here, &database, "none", "can't be read").await;
    on(here, database.url(), &["import", "good"]);
    let full = run(here, &[("DATABASE_URL", database.url())], &["import", "good"]);
    assert!(text(&full.stderr).contains("already has users"), "{}", text(&full.stderr));
}

async fn refused(directory: &Path, database: &TestDatabase, file: &str, why: &str) {
    let output = run(directory, &[("DATABASE_URL", database.url())], &["import", file]);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{why}: {told}");
    assert!(told.starts_with(&format!("error: {file}: ")) && told.contains(why), "{why} in {told}");
    assert_eq!(database.number("SELECT COUNT(*) FROM users").await, 0, "{why}");
}

#[tokio::test]
async fn an_export_is_a_snapshot_whatever_is_written_meanwhile() {
    let database = TestDatabase::migrated().await;
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    on(here, database.url(), &["demo", "--users", "100"]);
    let settings = [("DATABASE_URL", database.url()), ("SECRET", super::SECRET)];
    let served = Served::start(here, &settings);
    let token = served.user("alice").await;
    let write = async {
        loop {
            let note = json!({ "content": "written meanwhile" });
            let (_, note) = served.send_as(&token, Method::POST, "/api/notes", Some(note)).await;
            let mark = json!({ "note_id": note["id"] });
            served.send_as(&token, Method::POST, "/api/readinglists", Some(mark)).await;
        }
    };
    let (path, url) = (here.to_owned(), database.url().to_owned());
    let exports = tokio::task::spawn_blocking(move || {
        for round in 0..5 {
            on(&path, &url, &["export", &format!("{round}.ndjson")]);
        }
    });
    tokio::select! {
        () = write => {}
        exported = exports => exported.unwrap(),
    }
    let mut sizes = Vec::new();
    for round in 0..5 {
        let copy = format!("sqlite:{round}.db");
        on(here, &copy, &["migrate", "up"]);
        on(here, &copy, &["import", &format!("{round}.ndjson")]);
        sizes.push(fs::metadata(here.join(format!("{round}.ndjson"))).unwrap().len());
    }
    assert!(sizes.first() < sizes.last(), "nothing was written meanwhile");
}

#[test]
fn commands_leave_no_write_ahead_log_behind() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let url = "sqlite:data/notes.db";
    let files = || {
        let files = fs::read_dir(here.join("data")).unwrap();
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
    };
    for _ in 0..3 {
        on(here, url, &["migrate", "fresh", "--yes"]);
        on(here, url, &["demo", "--users", "500"]);
        assert_eq!(files(), ["notes.db"]);
        on(here, url, &["migrate", "down", "--yes"]);
    }
    on(here, url, &["migrate", "up"]);
    fs::write(here.join("bad"), "no export").unwrap();
    for arguments in [
        &["demo", "--users", "1"][..],
        &["user", "demote", "user1"],
        &["user", "promote", "nobody"],
        &["import", "bad"],
        &["export", "bad"],
        &["backup", "bad"],
        &["migrate", "down", "-n", "3"],
    ] {
        let failed = run(here, &[("DATABASE_URL", url)], arguments);
        assert_eq!(failed.status.code(), Some(1), "{arguments:?}: {failed:?}");
        assert_eq!(files(), ["notes.db"], "{arguments:?}");
    }
}
