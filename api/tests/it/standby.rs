//! A PostgreSQL server that takes no changes: a standby, or one that is set to read-only.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::json;
use testkit::{Answer, Client, FaultProxy, PASSWORD, Standby, TestApp, TestDatabase};
use tokio::time::{sleep, timeout};

const LOGINS: i64 = 100;
const SESSIONS: &str = "SELECT count(*) FROM sessions";

#[track_caller]
fn assert_unavailable(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text);
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_accepts_no_session_and_so_none_that_has_ended_at_the_primary() {
    let database = TestDatabase::migrated().await;
    if !database.is_postgres() {
        return;
    }
    let proxy = FaultProxy::start(database.url());
    let app = TestApp::start_on(database, |settings| {
        settings.database.url = proxy.url().into();
        settings.database.acquire_timeout = Duration::from_secs(1);
        settings.sessions.limit = 1_000;
    })
    .await;
    app.anonymous().sign_up("alice").await;
    let mut sessions = Vec::new();
    for _ in 0..LOGINS {
        sessions.push(app.log_in("alice").await);
    }
    let standby = Standby::start();
    let kept = async || standby.number(&app.database, SESSIONS).await;
    let caught_up = async {
        while kept().await != LOGINS {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(10), caught_up).await.unwrap();
    standby.pause(&app.database).await;
    join_all(sessions.iter().map(|session| session.delete("/api/logout"))).await;
    assert_eq!((app.database.number(SESSIONS).await, kept().await), (0, LOGINS));

    proxy.lead_to(standby.port);
    let current = |session: Client| async move { session.get("/api/sessions/current").await };
    for answer in join_all(sessions.iter().cloned().map(current)).await {
        assert_unavailable(&answer);
    }
    let anonymous = app.anonymous();
    for path in ["/readyz", "/api/notes", "/api/notes?search=a"] {
        assert_unavailable(&anonymous.get(path).await);
    }
}

#[tokio::test]
async fn a_database_that_becomes_read_only_is_not_ready_and_takes_changes_again_when_it_can() {
    let (app, alice) = TestApp::with_user("alice").await;
    if !app.database.is_postgres() {
        return;
    }
    let set = async |setting: &str| {
        let sql = format!(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I {setting}', current_database()); END $$"
        );
        // The setting applies to new connections, to this one as well.
        app.database.execute(&format!("SET transaction_read_only = off; {sql}")).await;
    };
    let write = || alice.post("/api/notes", json!({ "content": "A note" }));
    write().await.created();
    set("SET default_transaction_read_only = on").await;
    let terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                     WHERE datname = current_database() AND pid <> pg_backend_pid()";
    app.database.execute(terminate).await;
    let mut refused = write().await;
    while refused.body["error"] != "the database is read-only" {
        assert_unavailable(&refused);
        refused = write().await;
    }
    assert_eq!(refused.problem(503), "the database is read-only");
    let ready = alice.get("/readyz").await;
    assert_unavailable(&ready);
    assert_eq!(ready.problem(503), "the database is read-only");
    alice.get("/api/notes").await.ok();

    set("RESET default_transaction_read_only").await;
    // The refused changes have had their connections replaced.
    write().await.created();
    // The connections that were opened meanwhile are replaced once a probe has found one.
    alice.get("/readyz").await;
    assert_eq!(alice.get("/readyz").await.status, StatusCode::OK);
    let credentials = json!({ "username": "alice", "password": PASSWORD });
    alice.post("/api/login", credentials).await.ok();
}
