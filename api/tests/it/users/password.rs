use serde_json::{Value, json};
use testkit::{ADMIN, PASSWORD, TestApp};

use super::log_in;

const NEW: &str = "cedar-lantern-77";

fn change_own() -> Value {
    json!({ "password": NEW, "current_password": PASSWORD })
}

#[tokio::test]
async fn a_user_changes_their_own_password() {
    let (app, alice) = TestApp::with_user("alice").await;
    alice.put("/api/users/alice", change_own()).await.ok();
    log_in(&app, "alice", NEW).await.ok();
    let old = log_in(&app, "alice", PASSWORD).await;
    assert_eq!(old.problem(401), "invalid username or password");
}

#[tokio::test]
async fn changing_ones_password_ends_the_other_sessions_but_not_this_one() {
    let (app, alice) = TestApp::with_user("alice").await;
    let (other, third) = (app.log_in("alice").await, app.log_in("alice").await);
    let bob = app.user("bob").await;
    alice.put("/api/users/alice", change_own()).await.ok();
    for ended in [other, third] {
        assert_eq!(ended.get("/api/sessions/current").await.problem(401), "session expired");
    }
    let left = alice.get("/api/sessions").await.ok();
    assert_eq!(left.as_array().unwrap().len(), 1);
    bob.get("/api/sessions/current").await.ok();
}

#[tokio::test]
async fn changing_ones_password_requires_the_current_one() {
    let (app, alice) = TestApp::with_user("alice").await;
    let other = app.log_in("alice").await;
    for body in [
        json!({ "password": NEW }),
        json!({ "password": NEW, "current_password": NEW }),
        json!({ "password": NEW, "current_password": "" }),
        json!({ "password": NEW, "current_password": null }),
        json!({ "password": NEW, "current_password": "WALNUT-harbour-42" }),
        json!({ "name": "Eve", "password": NEW, "current_password": "wrong-harbour-42" }),
    ] {
        let answer = alice.put("/api/users/alice", body.clone()).await;
        assert!(answer.clone().problem(422).contains("current_password"), "{body}");
        assert_eq!(answer.pointers(), ["/current_password"], "{body}");
    }
    log_in(&app, "alice", PASSWORD).await.ok();
    other.get("/api/sessions/current").await.ok();
    assert_eq!(alice.get("/api/users/alice").await.ok()["name"], "Alice");
}

#[tokio::test]
async fn a_new_password_follows_the_rules() {
    let (app, alice) = TestApp::with_user("alice").await;
    for refused in ["short-7", "password", "12345678"] {
        let change = json!({ "password": refused, "current_password": PASSWORD });
        let answer = alice.put("/api/users/alice", change).await;
        assert_eq!(answer.pointers(), ["/password"], "{refused}");
    }
    log_in(&app, "alice", PASSWORD).await.ok();
}

#[tokio::test]
async fn a_password_set_by_an_admin_ends_all_sessions_of_the_user() {
    let (app, alice) = TestApp::with_user("alice").await;
    let other = app.log_in("alice").await;
    let bob = app.user("bob").await;
    let admin = app.admin().await;
    admin.put("/api/users/alice", json!({ "password": NEW })).await.ok();
    for ended in [alice, other] {
        assert_eq!(ended.get("/api/sessions/current").await.problem(401), "session expired");
    }
    for alive in [admin, bob] {
        alive.get("/api/sessions/current").await.ok();
    }
    log_in(&app, "alice", PASSWORD).await.problem(401);
    log_in(&app, "alice", NEW).await.ok();
}

#[tokio::test]
async fn an_admin_who_changes_their_own_password_keeps_this_session() {
    let app = TestApp::start().await;
    let (admin, other) = (app.admin().await, app.admin().await);
    admin.put("/api/users/admin", change_own()).await.ok();
    admin.get("/api/sessions/current").await.ok();
    assert_eq!(other.get("/api/sessions/current").await.problem(401), "session expired");
    log_in(&app, ADMIN, NEW).await.ok();
}

#[tokio::test]
async fn changing_anything_else_ends_no_session() {
    let (app, alice) = TestApp::with_user("alice").await;
    let other = app.log_in("alice").await;
    alice.put("/api/users/alice", json!({ "name": "Alicia" })).await.ok();
    let change = json!({ "admin": true, "disabled": false });
    app.admin().await.put("/api/users/alice", change).await.ok();
    other.get("/api/sessions/current").await.ok();
}
