//! Standbys that serve reads, none of which is older than its request.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::{Client, Fault, FaultProxy, Moment, Standby, TestApp, TestDatabase};
use tokio::time::{sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(20);

/// The service on a primary, with the replica that this makes of the database; nothing on SQLite.
async fn with_replica<T>(make: impl FnOnce(&TestDatabase) -> (String, T)) -> Option<(TestApp, T)> {
    let database = TestDatabase::migrated().await;
    if !database.is_postgres() {
        return None;
    }
    let (url, made) = make(&database);
    let app = TestApp::start_on(database, |settings| {
        settings.database.replica_urls = vec![url];
        // One in each pool.
        settings.database.max_connections = 4;
        // Other tests write to the same server meanwhile.
        settings.database.replica_wait = Duration::from_secs(1);
    })
    .await;
    Some((app, made))
}

fn standby_of(database: &TestDatabase) -> (String, Standby) {
    let standby = Standby::start();
    (standby.url(database), standby)
}

/// The samples of the metrics of replicas.
async fn samples(app: &TestApp) -> BTreeMap<String, u64> {
    let text = app.anonymous().get("/metrics").await.text;
    let lines = text.lines().filter_map(|line| line.strip_prefix("teamnotes_replica_"));
    let samples = lines.filter_map(|line| line.rsplit_once(' '));
    samples.map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect()
}

/// The sum of those whose name contains this.
async fn count(app: &TestApp, part: &str) -> u64 {
    let samples = samples(app).await;
    samples.iter().filter(|(name, _)| name.contains(part)).map(|(_, count)| count).sum()
}

async fn serves(app: &TestApp) -> bool {
    count(app, "serving").await == 1
}

async fn until_it_serves(app: &TestApp, expected: bool) {
    let waiting = async {
        while serves(app).await != expected {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, waiting).await.unwrap();
}

/// Changes a note and reads it back, as often as this, and fails if a read is older than the change before it. Each pair of
/// clients has its own note.
async fn write_and_read(app: &TestApp, writers: &[Client], pairs: usize) {
    let anonymous = app.anonymous();
    let write_and_read = async |writer: &Client| {
        let note = writer.post("/api/notes", json!({ "content": "new" })).await.created();
        let path = format!("/api/notes/{}", note["id"]);
        for number in 0..pairs {
            let content = format!("version {number}");
            writer.put(&path, json!({ "content": content })).await.ok();
            for reader in [writer, &anonymous] {
                assert_eq!(reader.get(&path).await.ok()["content"], *content);
                let found = reader.get("/api/notes?limit=1&sort=-updated_at").await;
                assert!(found.status.is_success(), "{}", found.text);
            }
        }
    };
    join_all(writers.iter().map(write_and_read)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_is_never_older_than_its_request() {
    let Some((app, standby)) = with_replica(standby_of).await else { return };
    let mut writers = Vec::new();
    for name in ["alice", "bob", "carol", "dave"] {
        writers.push(app.user(name).await);
    }
    until_it_serves(&app, true).await;
    write_and_read(&app, &writers, 100).await;
    assert!(count(&app, "served").await > 0);

    standby.pause(&app.database).await;
    write_and_read(&app, &writers, 10).await;
    until_it_serves(&app, false).await;
    assert!(count(&app, "behind").await > 0);
    let served = count(&app, "served").await;
    write_and_read(&app, &writers, 10).await;
    assert_eq!(count(&app, "served").await, served, "a replica that is behind serves nothing");

    standby.resume(&app.database).await;
    until_it_serves(&app, true).await;
    write_and_read(&app, &writers, 10).await;
    assert!(count(&app, "served").await > served);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_api_reads_the_same_by_way_of_a_replica() {
    let Some((app, _standby)) = with_replica(standby_of).await else { return };
    let alice = app.user("alice").await;
    let note = alice.post("/api/notes", json!({ "content": "Find me" })).await.created();
    let team = alice.post("/api/teams", json!({ "name": "Crew" })).await.created();
    alice.put(&format!("/api/notes/{}/mark", note["id"]), json!({ "read": true })).await;
    for path in [
        "/api/notes".to_owned(),
        "/api/notes?search=find&count=exact".into(),
        format!("/api/notes/{}?include=users_marked", note["id"]),
        "/api/users/alice".into(),
        "/api/users?with_notes=1".into(),
        "/api/users?name=al%25&count=exact".into(),
        "/api/users/alice/notes".into(),
        "/api/users/alice/teams".into(),
        "/api/users/alice/export".into(),
        "/api/teams?include=users".into(),
        format!("/api/teams/{}/members", team["id"]),
        "/api/readinglists".into(),
        "/api/readinglists/counts".into(),
    ] {
        until_served_by_replica(&app, &alice, &path).await;
    }
}

/// Reads until the replica serves it, which is once others that write to the same server leave it the time.
async fn until_served_by_replica(app: &TestApp, client: &Client, path: &str) {
    let reading = async {
        loop {
            let before = count(app, "served").await;
            let answer = client.get(path).await;
            assert!(answer.status.is_success(), "{path}: {}", answer.text);
            if count(app, "served").await > before {
                return;
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    assert!(timeout(PATIENCE, reading).await.is_ok(), "{path} is not served by the replica");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_promoted_or_gone_serves_no_read_and_no_read_fails() {
    let Some((app, standby)) = with_replica(standby_of).await else { return };
    let alice = app.user("alice").await;
    alice.post("/api/notes", json!({ "content": "Of the primary" })).await.created();
    until_it_serves(&app, true).await;
    let is_over = AtomicBool::new(false);
    let read = async || {
        while !is_over.load(Ordering::Relaxed) {
            let notes = alice.get("/api/notes").await.ok();
            let contents: Vec<&Value> =
                notes.as_array().unwrap().iter().map(|note| &note["content"]).collect();
            assert_eq!(contents, ["Of the primary"]);
        }
    };
    let change = async {
        standby.promote(&app.database).await;
        let alien = "UPDATE notes SET content = 'Of the other server' RETURNING id";
        standby.number(&app.database, alien).await;
        until_it_serves(&app, false).await;
        drop(standby);
        sleep(Duration::from_millis(500)).await;
        is_over.store(true, Ordering::Relaxed);
    };
    tokio::join!(change, read(), read(), read(), read());
    assert!(!serves(&app).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_fails_on_a_replica_is_done_again_on_the_primary() {
    let behind_proxy = |database: &TestDatabase| {
        let (url, standby) = standby_of(database);
        let proxy = FaultProxy::start(&url);
        (proxy.url().to_owned(), (proxy, standby))
    };
    let Some((app, (proxy, _standby))) = with_replica(behind_proxy).await else { return };
    let alice = app.user("alice").await;
    let faults = [
        Fault::raise(Moment::Statement, "40001"),
        Fault::raise(Moment::Statement, "40P01"),
        Fault::raise(Moment::Statement, "57014"),
        Fault::terminate(Moment::Statement),
        Fault::Delay(Moment::Any, Duration::from_secs(1)),
    ];
    for fault in faults {
        until_it_serves(&app, true).await;
        let failed = count(&app, "failed").await;
        proxy.inject(fault.clone(), 1_000);
        for _ in 0..20 {
            alice.get("/api/notes").await.ok();
            alice.get("/api/notes?search=a").await.ok();
        }
        assert!(proxy.injected() > 0, "{fault:?}");
        assert!(count(&app, "failed").await > failed, "{fault:?}");
        proxy.clear();
    }
    proxy.go_down().await;
    for _ in 0..20 {
        alice.get("/api/notes").await.ok();
    }
    proxy.come_up();
    until_it_serves(&app, true).await;
}

#[tokio::test]
async fn a_server_that_is_no_standby_of_the_primary_serves_no_read() {
    let other = TestDatabase::migrated().await;
    let primary = |_: &TestDatabase| (other.url().to_owned(), ());
    let Some((app, ())) = with_replica(primary).await else { return };
    let alice = app.user("alice").await;
    sleep(Duration::from_millis(500)).await;
    alice.get("/api/notes").await.ok();
    assert!(!serves(&app).await);
    assert_eq!(count(&app, "served").await, 0);
}

#[tokio::test]
async fn without_replicas_no_statement_asks_for_a_position() {
    let (app, alice) = TestApp::with_user("alice").await;
    app.statements();
    alice.get("/api/notes").await.ok();
    app.anonymous().get("/api/notes").await.ok();
    let statements = app.statements();
    assert_eq!(statements.len(), 3, "{statements:?}");
    assert!(statements.iter().all(|sql| !sql.contains("wal")), "{statements:?}");
}
