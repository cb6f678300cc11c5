//! Several PostgreSQL servers in one URL, of which one takes changes.

use std::time::{Duration, Instant};

use api::server::Application;
use reqwest::StatusCode;
use serde_json::json;
use testkit::{Client, FaultProxy, Standby, TestApp, TestDatabase, settings};
use tokio::time::{sleep, timeout};

/// Long, since other tests run meanwhile.
const PATIENCE: Duration = Duration::from_secs(20);

/// Writes a note as soon as that is possible again, and says how long that took.
async fn write(client: &Client, content: &str) -> Duration {
    let started = Instant::now();
    let writing = async {
        loop {
            let answer = client.post("/api/notes", json!({ "content": content })).await;
            match answer.status {
                StatusCode::CREATED => return,
                StatusCode::SERVICE_UNAVAILABLE => sleep(Duration::from_millis(50)).await,
                other => panic!("{other}: {}", answer.text),
            }
        }
    };
    timeout(PATIENCE, writing).await.unwrap();
    started.elapsed()
}

async fn caught_up(standby: &Standby, database: &TestDatabase, notes: i64) {
    let catching_up = async {
        while standby.number(database, "SELECT count(*) FROM notes").await != notes {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, catching_up).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_that_takes_changes_is_found_at_start_and_after_each_promotion() {
    let database = TestDatabase::migrated().await;
    if !database.is_postgres() {
        return;
    }
    let primary = FaultProxy::start(database.url());
    let first = Standby::start();
    let second = first.start_next();
    let (before, name) = primary.url().rsplit_once('/').unwrap();
    let (_, primary_address) = before.rsplit_once('@').unwrap();
    let url = format!(
        "postgres://teamnotes@127.0.0.1:{},127.0.0.1:{},{primary_address}/{name}?target_session_attrs=read-write",
        second.port, first.port
    );
    let app = TestApp::start_on(database, |settings| {
        settings.database.url.clone_from(&url);
        settings.database.acquire_timeout = Duration::from_secs(2);
    })
    .await;
    let alice = app.user("alice").await;
    write(&alice, "On the primary").await;
    caught_up(&second, &app.database, 1).await;

    primary.go_down().await;
    let starting = |wait| {
        let mut settings = settings(&url);
        settings.database.acquire_timeout = Duration::from_secs(1);
        settings.wait_for_database = wait;
        Box::pin(Application::build(settings))
    };
    let refused = starting(Duration::ZERO).await.err().unwrap();
    assert!(format!("{refused:?}").contains("ReadOnly"), "{refused:?}");
    let promotion = async {
        sleep(Duration::from_millis(500)).await;
        first.promote(&app.database).await;
        write(&alice, "On the first standby").await;
        assert_eq!(alice.get("/readyz").await.status, StatusCode::OK);
    };
    // An instance that is started meanwhile waits.
    let (started, ()) = tokio::join!(starting(PATIENCE), promotion);
    started.unwrap();
    caught_up(&second, &app.database, 2).await;

    drop(first);
    second.promote(&app.database).await;
    write(&alice, "On the second standby").await;
    let notes = alice.get("/api/notes?fields=content").await.ok();
    assert_eq!(notes.as_array().unwrap().len(), 3, "{notes}");
    assert_eq!(second.number(&app.database, "SELECT count(*) FROM notes").await, 3);

    // The first primary lacks what was written since.
    primary.come_up();
    drop(second);
    for _ in 0..3 {
        let answer = alice.post("/api/notes", json!({ "content": "Left behind" })).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text);
    }
    assert_eq!(app.database.number("SELECT count(*) FROM notes").await, 1);
}
