//! What only occurs on PostgreSQL: rights, encodings, other people's objects, and servers that only resemble it.

use std::{
    fs::{self, File},
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::json;
use testkit::{FaultProxy, Standby, TestDatabase};

use super::{SECRET, Served, run, teamnotes, text};

/// Runs a command that must fail, and returns its error.
fn failure(directory: &Path, url: &str, arguments: &[&str]) -> String {
    let settings = [("DATABASE_URL", url), ("SECRET", SECRET), ("PORT", "0")];
    let output = run(directory, &settings, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", text(&output.stdout));
    text(&output.stderr) + &text(&output.stdout)
}

#[tokio::test]
async fn a_database_that_is_not_in_utf_8_is_refused() {
    let database = TestDatabase::empty().await;
    if !database.is_postgres() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let (server, name) = database.url().rsplit_once('/').unwrap();
    let latin = format!("{name}_latin1");
    let locale = "LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0";
    database.execute(&format!("CREATE DATABASE {latin} ENCODING 'LATIN1' {locale}")).await;
    let url = format!("{server}/{latin}");
    for arguments in [&["serve"][..], &["migrate", "up"], &["user", "list"], &["doctor"]] {
        let told = failure(directory.path(), &url, arguments);
        assert!(told.contains("encoded in LATIN1") && told.contains("ENCODING 'UTF8'"), "{told}");
    }
    database.execute(&format!("DROP DATABASE {latin}")).await;
}

#[tokio::test]
async fn without_an_admin_it_prints_a_link_that_makes_the_first_one() {
    let database = TestDatabase::migrated().await;
    if !database.is_postgres() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let settings = [("DATABASE_URL", database.url()), ("SECRET", SECRET)];
    let link = |served: &mut Served| {
        let [_api, _docs, line] = [served.next_line(), served.next_line(), served.next_line()];
        line.split_once(&format!("http://{}/setup#token=", served.address()))
            .unwrap_or_else(|| panic!("{line}"))
            .1
            .trim()
            .to_owned()
    };
    let mut served = Served::start(directory.path(), &settings);
    let token = link(&mut served);
    let mut other = Served::start(directory.path(), &settings);
    assert_eq!(link(&mut other), token);
    let new = json!({ "token": token, "username": "root", "name": "Root", "password": "walnut-harbour-42" });
    assert_eq!(other.send(Method::POST, "/api/setup", Some(new.clone())).await.0, 201);
    assert_eq!(served.send(Method::POST, "/api/setup", Some(new)).await.0, 409);
}

#[tokio::test]
async fn what_stands_in_the_way_of_a_migration_is_named() {
    let database = TestDatabase::migrated().await;
    if !database.is_postgres() {
        return;
    }
    database.execute("CREATE VIEW of_the_accountant AS SELECT role FROM memberships").await;
    let directory = tempfile::tempdir().unwrap();
    let before = database.schema().await;
    for arguments in [
        &["migrate", "reset", "--yes"][..],
        &["migrate", "reset"],
        &["migrate", "plan", "fresh"],
        &["migrate", "fresh", "--yes"],
    ] {
        let told = failure(directory.path(), database.url(), arguments);
        assert!(told.contains("view of_the_accountant depends on"), "{arguments:?}: {told}");
        assert!(told.contains("hint: Use DROP ... CASCADE"), "{arguments:?}: {told}");
        assert_eq!(told.lines().count(), 1, "{told}");
        assert_eq!(database.schema().await, before);
    }
}

#[tokio::test]
async fn a_schema_that_is_up_to_date_needs_no_right_to_change_it() {
    let database = TestDatabase::migrated().await;
    if !database.is_postgres() {
        return;
    }
    let (server, name) = database.url().rsplit_once('/').unwrap();
    let role = format!("{name}_clerk");
    for sql in [
        format!("CREATE ROLE {role} LOGIN"),
        format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}"),
        format!("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}"),
        "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE 'the schema was changed'; END $$"
            .into(),
        "CREATE EVENT TRIGGER refuse ON ddl_command_start EXECUTE FUNCTION refuse()".into(),
    ] {
        database.execute(&sql).await;
    }
    let (scheme, address) = server.split_once("://").unwrap();
    let address = address.rsplit_once('@').map_or(address, |(_, address)| address);
    let url = format!("{scheme}://{role}@{address}/{name}");
    let directory = tempfile::tempdir().unwrap();
    for lock in ["auto", "table"] {
        let settings = [
            ("DATABASE_URL", &*url),
            ("SECRET", SECRET),
            ("ADMIN_USERNAME", "admin"),
            ("ADMIN_PASSWORD", "walnut-harbour-42"),
            ("MIGRATION_LOCK", lock),
        ];
        let up = run(directory.path(), &settings, &["migrate", "up"]);
        assert!(up.status.success(), "{}", text(&up.stderr));
        let served = Served::start(directory.path(), &settings);
        served.user(&format!("user-{lock}")).await;
        assert_eq!(served.send(Method::GET, "/readyz", None).await.0, 200);
        let export = run(directory.path(), &settings, &["export", lock]);
        assert!(export.status.success(), "{}", text(&export.stderr));
    }
    database.execute("DROP EVENT TRIGGER refuse").await;
    let down = failure(directory.path(), &url, &["migrate", "down", "--yes"]);
    assert!(down.contains("permission denied") || down.contains("must be owner"), "{down}");
    database.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

#[tokio::test]
async fn without_the_right_to_create_an_extension_searches_have_no_index() {
    let database = TestDatabase::empty().await;
    if !database.is_postgres() {
        return;
    }
    let (server, name) = database.url().rsplit_once('/').unwrap();
    let role = format!("{name}_owner");
    for sql in [
        format!("CREATE ROLE {role} LOGIN"),
        format!("CREATE SCHEMA teamnotes AUTHORIZATION {role}"),
        format!("ALTER ROLE {role} SET search_path = teamnotes, public"),
    ] {
        database.execute(&sql).await;
    }
    let (scheme, address) = server.split_once("://").unwrap();
    let address = address.rsplit_once('@').map_or(address, |(_, address)| address);
    let url = format!("{scheme}://{role}@{address}/{name}");
    let directory = tempfile::tempdir().unwrap();
    let settings = [("DATABASE_URL", &*url), ("SECRET", SECRET)];
    let told = |arguments: &[&str]| {
        let output = run(directory.path(), &settings, arguments);
        text(&output.stdout) + &text(&output.stderr)
    };
    let lacking =
        "the database lacks the extension pg_trgm: have a superuser run CREATE EXTENSION pg_trgm";
    let up = told(&["migrate", "up"]);
    assert!(up.contains("warning: searches read all rows") && up.contains(lacking), "{up}");
    let served = Served::start(directory.path(), &settings);
    let token = served.user("alice").await;
    let note = json!({ "content": "A note about zebras" });
    assert_eq!(served.send_as(&token, Method::POST, "/api/notes", Some(note)).await.0, 201);
    let (status, found) = served.send(Method::GET, "/api/notes?search=ZEBRA", None).await;
    assert_eq!((status, found.as_array().map(Vec::len)), (200, Some(1)));
    let doctor = told(&["doctor"]);
    assert!(doctor.contains("look  search: ") && doctor.contains(lacking), "{doctor}");
    let repair = told(&["doctor", "--repair"]);
    assert!(repair.contains("BAD   repair of indexes: ") && repair.contains(lacking), "{repair}");

    database.execute("CREATE EXTENSION pg_trgm").await;
    let repair = told(&["doctor", "--repair"]);
    assert!(
        repair.contains("ok    repair of indexes: made idx_notes_content_folded_trigrams, "),
        "{repair}"
    );
    assert!(repair.contains("ok    search: indexed"), "{repair}");
    drop(served);
    database.execute(&format!("DROP OWNED BY {role} CASCADE; DROP ROLE {role}")).await;
}

#[tokio::test]
async fn the_start_waits_for_a_database_that_is_away_or_read_only() {
    let database = TestDatabase::migrated().await;
    if !database.is_postgres() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let proxy = FaultProxy::start(database.url());
    let log = directory.path().join("log");
    let start = |wait: &str| {
        let settings = [
            ("DATABASE_URL", proxy.url()),
            ("SECRET", SECRET),
            ("PORT", "0"),
            ("WAIT_FOR_DATABASE", wait),
        ];
        let mut command = teamnotes(directory.path(), &settings, &["serve"]);
        command.stdout(Stdio::piped()).stderr(File::create(&log).unwrap());
        command.spawn().unwrap()
    };
    let waits = async |why: &str| {
        let deadline = Instant::now() + Duration::from_secs(20);
        let waiting = "waiting up to 120 s for the database: ";
        let mut told = String::new();
        while !(told.contains(waiting) && told.contains(why)) {
            assert!(Instant::now() < deadline, "{why} in {told}");
            tokio::time::sleep(Duration::from_millis(50)).await;
            told = fs::read_to_string(&log).unwrap();
        }
    };

    proxy.go_down().await;
    let starting = start("120");
    waits("does not respond").await;
    proxy.come_up();
    let served = tokio::task::spawn_blocking(|| Served::wait_for(starting)).await.unwrap();
    assert_eq!(served.send(Method::GET, "/readyz", None).await.0, 200);

    database.set("default_transaction_read_only", "on").await;
    let starting = start("120");
    waits("the database is read-only").await;
    let output = start("0").wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    database.set("default_transaction_read_only", "off").await;
    let served = tokio::task::spawn_blocking(|| Served::wait_for(starting)).await.unwrap();
    assert_eq!(served.send(Method::GET, "/readyz", None).await.0, 200);
}

// The proxy has to run while the test waits for the command.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_tried_out_on_a_server_that_only_resembles_postgresql() {
    let database = TestDatabase::migrated().await;
    if !database.is_postgres() {
        return;
    }
    let proxy = FaultProxy::start_as_lookalike(database.url());
    let directory = tempfile::tempdir().unwrap();
    for arguments in [&["migrate", "plan", "down"][..], &["migrate", "down"]] {
        let told = failure(directory.path(), proxy.url(), arguments);
        assert!(
            told.contains("can't try out a schema change on this server (CockroachDB)"),
            "{told}"
        );
    }
    let settings = [("DATABASE_URL", proxy.url())];
    let down = run(directory.path(), &settings, &["migrate", "down", "--yes"]);
    assert!(down.status.success(), "{}", text(&down.stderr));
}

#[tokio::test]
async fn doctor_says_of_each_replica_whether_it_can_serve() {
    let database = TestDatabase::migrated().await;
    if !database.is_postgres() {
        return;
    }
    let standby = Standby::start();
    let other = TestDatabase::migrated().await;
    let replicas = format!("{},{}", standby.url(&database), other.url());
    let settings = [
        ("DATABASE_URL", database.url()),
        ("DATABASE_REPLICA_URLS", &replicas),
        ("SECRET", SECRET),
    ];
    let directory = tempfile::tempdir().unwrap();
    let told = text(&run(directory.path(), &settings, &["doctor"]).stdout);
    let lines: Vec<&str> = told.lines().filter(|line| line.contains("replica: ")).collect();
    let [first, second] = lines[..] else { panic!("{told}") };
    assert!(first.contains("bytes behind the primary"), "{first}");
    assert!(second.starts_with("BAD") && second.contains("no copy of the primary"), "{second}");
}
