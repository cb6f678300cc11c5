//! Idle timeout, the number of sessions per user, and what happens to expired sessions.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;
use service::{Db, DbSettings, PasswordCost, SessionRules, sessions};
use testkit::{PASSWORD, TestApp, TestDatabase};
use tokio::task::JoinSet;

use super::{each, log_in};

#[tokio::test]
async fn an_idle_session_expires() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    let long_ago = "2024-01-01T00:00:00+00:00";
    let unused =
        format!("UPDATE sessions SET last_used_at = '{long_ago}' WHERE user_id = {}", alice.id);
    app.database.execute(&unused).await;
    assert_eq!(alice.get("/api/notes").await.problem(401), "session expired");
    bob.get("/api/sessions/current").await.ok();
    let again = app.log_in("alice").await;
    assert_eq!(each(&again.get("/api/sessions").await.ok(), "current"), [true]);
}

#[tokio::test]
async fn an_active_session_stays_alive() {
    let idle_ttl = TimeDelta::minutes(10);
    let app = TestApp::start_with(|settings| settings.sessions.idle_ttl = idle_ttl).await;
    let admin = app.admin().await;
    let used = service::clock::now() - TimeDelta::minutes(9);
    let before = format!("UPDATE sessions SET last_used_at = '{}'", used.to_rfc3339());
    app.database.execute(&before).await;
    admin.get("/api/notes").await.ok();
    // It is written outside the request.
    for _ in 0..100 {
        let session = admin.get("/api/sessions/current").await.ok();
        let last_used: chrono::DateTime<chrono::Utc> =
            serde_json::from_value(session["last_used_at"].clone()).unwrap();
        if last_used > used {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the use was not written down");
}

#[tokio::test]
async fn one_login_too_many_ends_the_oldest_session() {
    let app = TestApp::start_with(|settings| settings.sessions.limit = 3).await;
    let first = app.user("alice").await;
    let second = app.log_in("alice").await;
    app.log_in("alice").await;
    first.get("/api/sessions/current").await.ok();
    let last = app.log_in("alice").await;
    assert_eq!(first.get("/api/sessions/current").await.problem(401), "session expired");
    second.get("/api/sessions/current").await.ok();
    assert_eq!(last.get("/api/sessions").await.ok().as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn fifty_logins_at_once_keep_to_the_limit() {
    let app = TestApp::start_with(|settings| settings.sessions.limit = 10).await;
    app.user("alice").await;
    let mut logins = JoinSet::new();
    for _ in 0..50 {
        let anonymous = app.anonymous();
        logins.spawn(async move { log_in(&anonymous, "alice", PASSWORD).await.ok() });
    }
    assert_eq!(logins.join_all().await.len(), 50);
    let alices =
        "SELECT COUNT(*) FROM sessions, users WHERE users.id = user_id AND username = 'alice'";
    assert_eq!(app.database.number(alices).await, 10);
}

#[tokio::test]
async fn only_expired_sessions_are_purged() {
    let (app, alice) = TestApp::with_user("alice").await;
    let mut rows = Vec::new();
    for number in 0..1_234 {
        let (used, expires) = match number % 2 {
            0 => ("2024-01-01T00:00:00+00:00", "2999-01-01T00:00:00+00:00"),
            _ => ("2998-01-01T00:00:00+00:00", "2024-01-01T00:00:00+00:00"),
        };
        let id = alice.id;
        rows.push(format!("({id}, 'hash {number}', '{used}', '{used}', '{expires}')"));
    }
    let columns = "(user_id, token_hash, created_at, last_used_at, expires_at)";
    let over = format!("INSERT INTO sessions {columns} VALUES {}", rows.join(", "));
    app.database.execute(&over).await;
    let db = Db::connect(&DbSettings::new(app.database.url())).await.unwrap();
    assert_eq!(sessions::purge(&db, SessionRules::default()).await.unwrap(), 1_234);
    assert_eq!(sessions::purge(&db, SessionRules::default()).await.unwrap(), 0);
    db.close().await.unwrap();
    alice.get("/api/sessions/current").await.ok();
}

#[tokio::test]
async fn a_login_renews_a_hash_of_another_cost_and_changes_nothing_else() {
    let (app, alice) = TestApp::with_user("alice").await;
    let url = app.database.url().to_owned();
    let dearer = TestApp::start_with(|settings| {
        settings.database = DbSettings::new(url);
        settings.password_cost = PasswordCost { memory: 16, passes: 1 };
    });
    let dearer = dearer.await;
    let renewed = "SELECT COUNT(*) FROM users WHERE password_hash LIKE '%$m=16,t=1,p=1$%'";
    let before = alice.get("/api/users/alice").await.ok();
    let wrong = json!({ "username": "alice", "password": "wrong-harbour-42" });
    dearer.anonymous().post("/api/login", wrong).await.problem(401);
    assert_eq!(app.database.number(renewed).await, 0);
    dearer.log_in("alice").await;
    assert_eq!(app.database.number(renewed).await, 1);
    assert_eq!(alice.get("/api/users/alice").await.ok(), before);
    app.log_in("alice").await;
    assert_eq!(app.database.number(renewed).await, 0);

    let mut logins = JoinSet::new();
    for _ in 0..20 {
        let anonymous = dearer.anonymous();
        logins.spawn(async move { log_in(&anonymous, "alice", PASSWORD).await.ok() });
    }
    assert_eq!(logins.join_all().await.len(), 20);
    assert_eq!(app.database.number(renewed).await, 1);
}

#[tokio::test]
async fn a_use_that_waits_to_be_recorded_is_not_recorded_again() {
    let (app, alice) = TestApp::with_user("alice").await;
    let used = (service::clock::now() - TimeDelta::minutes(9)).to_rfc3339();
    app.database.execute(&format!("UPDATE sessions SET last_used_at = '{used}'")).await;
    let held = app.database.hold("UPDATE sessions SET user_agent = 'held'").await;
    app.statements();
    for _ in 0..20 {
        alice.get("/api/notes").await.ok();
    }
    TestDatabase::commit_with(held, "UPDATE sessions SET user_agent = NULL").await;
    let recorded = || {
        let sql = app.statements();
        sql.iter().filter(|sql| sql.starts_with("UPDATE \"sessions\" SET \"last_used_at\"")).count()
    };
    let mut count = 0;
    for _ in 0..100 {
        count += recorded();
        tokio::time::sleep(Duration::from_millis(if count == 0 { 50 } else { 5 })).await;
    }
    assert_eq!(count, 1);
}
