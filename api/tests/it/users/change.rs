use chrono::{DateTime, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::TestApp;

use super::{USER, members};

fn time(user: &Value, member: &str) -> DateTime<Utc> {
    serde_json::from_value(user[member].clone()).unwrap_or_default()
}

#[tokio::test]
async fn a_user_changes_their_own_name() {
    let (app, alice) = TestApp::with_user("alice").await;
    let before = alice.get("/api/users/alice").await.ok();
    let after = alice.put("/api/users/alice", json!({ "name": "Älice" })).await.ok();
    assert_eq!(members(&after), USER);
    assert_eq!(after["name"], "Älice");
    assert_eq!(after["created_at"], before["created_at"]);
    assert!(time(&after, "updated_at") > time(&before, "updated_at"));
    let read = app.anonymous().get("/api/users/alice").await.ok();
    assert_eq!([&read["name"], &read["updated_at"]], [&after["name"], &after["updated_at"]]);
    let found = app.anonymous().get("/api/users?name=%C3%A4LICE").await.ok();
    assert_eq!(found[0]["username"], "alice");
}

#[tokio::test]
async fn put_and_patch_are_the_same_by_id_and_by_username_in_any_case() {
    let (_app, alice) = TestApp::with_user("alice").await;
    let by_id = alice.id.to_string();
    for (method, key, name) in [
        (Method::PUT, "ALICE", "One"),
        (Method::PATCH, "alice", "Two"),
        (Method::PUT, &by_id, "Three"),
        (Method::PATCH, &by_id, "Four"),
    ] {
        let path = format!("/api/users/{key}");
        let changed = alice.send(method, &path, Some(json!({ "name": name }))).await.ok();
        assert_eq!([&changed["name"], &changed["username"]], [name, "alice"]);
    }
}

#[tokio::test]
async fn an_empty_change_changes_nothing() {
    let (app, alice) = TestApp::with_user("alice").await;
    let before = app.anonymous().get("/api/users/alice").await.ok();
    let unknown = json!({ "id": 4242, "username": "root", "created_at": "2000-01-01T00:00:00Z" });
    for method in [Method::PUT, Method::PATCH] {
        for body in [json!({}), unknown.clone()] {
            alice.send(method.clone(), "/api/users/alice", Some(body)).await.ok();
        }
    }
    app.admin().await.put("/api/users/alice", json!({})).await.ok();
    assert_eq!(app.anonymous().get("/api/users/alice").await.ok(), before);
    app.anonymous().get("/api/users/root").await.problem(404);
}

#[tokio::test]
async fn a_user_cannot_set_their_own_admin_or_disabled_even_unchanged() {
    let (app, alice) = TestApp::with_user("alice").await;
    for body in [
        json!({ "admin": true }),
        json!({ "admin": false }),
        json!({ "disabled": true }),
        json!({ "disabled": false }),
        json!({ "name": "Boss", "admin": false }),
    ] {
        for method in [Method::PUT, Method::PATCH] {
            let answer = alice.send(method, "/api/users/alice", Some(body.clone())).await;
            assert_eq!(answer.problem(403), "operation not allowed", "{body}");
        }
    }
    let read = app.anonymous().get("/api/users/alice").await.ok();
    assert_eq!([&read["admin"], &read["disabled"]], [false, false]);
    assert_eq!(read["name"], "Alice");
}

#[tokio::test]
async fn an_admin_changes_anything_about_anyone() {
    let (app, alice) = TestApp::with_user("alice").await;
    let admin = app.admin().await;
    let change = json!({
        "name": "Boss", "password": "cedar-lantern-77", "admin": true, "disabled": false
    });
    let path = format!("/api/users/{}", alice.id);
    let changed = admin.put(&path, change).await.ok();
    assert_eq!([&changed["name"], &changed["username"]], ["Boss", "alice"]);
    assert_eq!([&changed["admin"], &changed["disabled"]], [true, false]);
    super::log_in(&app, "alice", "cedar-lantern-77").await.ok();
    let patched = admin.send(Method::PATCH, &path, Some(json!({ "admin": false }))).await.ok();
    assert_eq!([&patched["admin"], &patched["name"]], [&json!(false), &json!("Boss")]);
}

#[tokio::test]
async fn a_role_takes_effect_with_the_next_request() {
    let (app, alice) = TestApp::with_user("alice").await;
    let admin = app.admin().await;
    alice.get("/api/users?disabled=any").await.problem(403);
    admin.put("/api/users/alice", json!({ "admin": true })).await.ok();
    alice.get("/api/users?disabled=any").await.ok();
    alice.put("/api/users/admin", json!({ "admin": false })).await.ok();
    admin.get("/api/users?disabled=any").await.problem(403);
}

#[tokio::test]
async fn an_admin_changes_their_own_name() {
    let app = TestApp::start().await;
    let change = json!({ "name": "Root", "admin": true, "disabled": false });
    let changed = app.admin().await.put("/api/users/admin", change).await.ok();
    assert_eq!([&changed["name"], &changed["admin"]], [&json!("Root"), &json!(true)]);
}

#[tokio::test]
async fn nobody_else_changes_or_deletes_a_user() {
    let (app, _) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    let before = app.anonymous().get("/api/users/alice").await.ok();
    for body in [json!({ "name": "Eve" }), json!({ "admin": true }), json!({})] {
        let answer = bob.put("/api/users/alice", body.clone()).await;
        assert_eq!(answer.problem(403), "operation not allowed", "{body}");
        let answer = app.anonymous().put("/api/users/alice", body).await;
        assert_eq!(answer.problem(401), "token missing");
    }
    assert_eq!(bob.delete("/api/users/alice").await.problem(403), "operation not allowed");
    let answer = app.anonymous().delete("/api/users/alice").await;
    assert_eq!(answer.problem(401), "token missing");
    assert_eq!(app.anonymous().get("/api/users/alice").await.ok(), before);
}

#[tokio::test]
async fn invalid_values_are_violations() {
    let (app, _) = TestApp::with_user("alice").await;
    let admin = app.admin().await;
    let before = admin.get("/api/users/alice").await.ok();
    for (member, values) in [
        ("name", vec![json!(null), json!(""), json!(" \t"), json!("a\0b"), json!(7), json!([])]),
        ("name", vec![json!("ä".repeat(101))]),
        ("password", vec![json!(null), json!("short"), json!("Password1"), json!(123_456_789)]),
        ("password", vec![json!("x".repeat(257)), json!("walnut\0harbour")]),
        ("current_password", vec![json!(null), json!(7), json!("walnut\0harbour")]),
        ("admin", vec![json!(null), json!("true"), json!(1)]),
        ("disabled", vec![json!(null), json!("false"), json!(0), json!({})]),
    ] {
        for value in values {
            let body = json!({ "name": "Fine", member: value });
            let answer = admin.put("/api/users/alice", body.clone()).await;
            assert_eq!(answer.pointers(), [format!("/{member}")], "{body}");
        }
    }
    let all = json!({ "name": "", "password": "x", "admin": null, "disabled": "no" });
    let answer = admin.put("/api/users/alice", all).await;
    assert_eq!(answer.pointers(), ["/name", "/password", "/admin", "/disabled"]);
    assert_eq!(admin.put("/api/users/alice", json!([])).await.pointers(), [""]);
    assert_eq!(admin.get("/api/users/alice").await.ok(), before);
}
