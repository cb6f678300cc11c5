//! `/api/tokens`

mod checking;
mod ending;
mod revocation;
mod scopes;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Client, TestApp};

pub(crate) const ALL_SCOPES: [&str; 5] =
    ["read", "notes:write", "readinglist:write", "teams:write", "users:write"];

/// A new API token of a user, and its row as it was answered.
async fn made(user: &Client, scopes: &[&str]) -> (Client, Value) {
    let new = json!({ "name": "Backup", "scopes": scopes });
    let issued = user.post("/api/tokens", new).await.created();
    (user.with_token(issued["token"].as_str().unwrap()), issued)
}

/// A client with a new API token of a user.
pub(crate) async fn with_scopes(user: &Client, scopes: &[&str]) -> Client {
    made(user, scopes).await.0
}

fn path(issued: &Value) -> String {
    format!("/api/tokens/{}", issued["id"])
}

#[tokio::test]
async fn a_token_is_made_shown_once_listed_and_used() {
    let (app, alice) = TestApp::with_user("alice").await;
    let expires_at = "2124-01-01T00:00:00Z";
    let new = json!({
        "name": "Nightly backup", "scopes": ["notes:write", "read", "notes:write"], "expires_at": expires_at
    });
    let mut issued = alice.post("/api/tokens", new).await.created();
    let token = issued.as_object_mut().unwrap().remove("token").unwrap();
    let created_at = issued["created_at"].clone();
    let row = json!({
        "id": 1, "name": "Nightly backup", "scopes": ["notes:write", "read"], "expires_at": expires_at,
        "created_at": created_at, "last_used_at": null,
    });
    assert_eq!(issued, row);
    let list = alice.get("/api/tokens").await;
    assert!(!list.text.contains(token.as_str().unwrap()));
    assert_eq!(list.ok(), json!([row]));

    let script = app.anonymous().with_token(token.as_str().unwrap());
    let current = json!({
        "id": 1, "name": "Nightly backup", "scopes": ["notes:write", "read"], "expires_at": expires_at,
        "user": { "id": alice.id, "username": "alice", "name": "Alice" },
    });
    assert_eq!(script.get("/api/tokens/current").await.ok(), current);
    let note = script.post("/api/notes", json!({ "content": "By a script" })).await.created();
    assert_eq!(note["user"]["username"], "alice");
}

#[tokio::test]
async fn tokens_are_listed_newest_first_also_those_that_have_expired() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    for user in [&alice, &bob, &alice] {
        with_scopes(user, &["read"]).await;
    }
    app.database.execute("UPDATE api_tokens SET expires_at = '2024-01-01T00:00:00+00:00'").await;
    let ids = |list: Value| -> Vec<i64> {
        list.as_array().unwrap().iter().map(|token| token["id"].as_i64().unwrap()).collect()
    };
    assert_eq!(ids(alice.get("/api/tokens").await.ok()), [3, 1]);
    assert_eq!(ids(app.admin().await.get("/api/users/bob/tokens").await.ok()), [2]);
}

#[tokio::test]
async fn what_is_wrong_with_a_new_token_is_said_with_its_place() {
    let (_app, alice) = TestApp::with_user("alice").await;
    let valid = json!({ "name": "Backup", "scopes": ["read"] });
    for (member, value, pointer, detail) in [
        ("name", json!(""), "/name", "must not be empty"),
        ("name", json!(" "), "/name", "must not be blank"),
        ("name", json!("a\nb"), "/name", "must not contain control characters"),
        ("name", json!("x".repeat(101)), "/name", "must be at most 100 characters long"),
        ("scopes", json!([]), "/scopes", "must not be empty"),
        ("scopes", json!("read"), "/scopes", "must be an array"),
        (
            "scopes",
            json!(["read", "notes"]),
            "/scopes/1",
            "must be one of read, notes:write, readinglist:write, teams:write, users:write",
        ),
        ("scopes", json!([1]), "/scopes/0", "must be a string"),
        ("expires_at", json!("2024-01-01T00:00:00Z"), "/expires_at", "must be in the future"),
        ("expires_at", json!(null), "/expires_at", "must be a string"),
    ] {
        let mut new = valid.clone();
        new[member] = value;
        let answer = alice.post("/api/tokens", new.clone()).await;
        assert_eq!(
            answer.body["errors"],
            json!([{ "pointer": pointer, "detail": detail }]),
            "{new}"
        );
        assert_eq!(answer.pointers(), [pointer]);
    }
    assert_eq!(alice.post("/api/tokens", json!({})).await.pointers(), ["/name", "/scopes"]);
    let longest = json!({ "name": "ä".repeat(100), "scopes": ["read"] });
    alice.post("/api/tokens", longest).await.created();
    assert_eq!(alice.get("/api/tokens").await.ok().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_user_has_at_most_100_tokens_however_many_are_made_at_once() {
    let (app, alice) = TestApp::with_user("alice").await;
    for _ in 0..95 {
        with_scopes(&alice, &["read"]).await;
    }
    let new = json!({ "name": "One more", "scopes": ["read"] });
    let answers = join_all((0..10).map(|_| alice.post("/api/tokens", new.clone()))).await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|a| a.status == 201);
    assert_eq!(made.len(), 5);
    for answer in refused {
        assert_eq!(answer.problem(409), "a user can't have more than 100 API tokens");
    }
    app.user("bob").await.post("/api/tokens", new.clone()).await.created();
    alice.delete(&path(&made[0].body)).await.no_content();
    alice.post("/api/tokens", new).await.created();
}

#[tokio::test]
async fn an_idempotency_key_does_not_keep_a_token() {
    let (_app, alice) = TestApp::with_user("alice").await;
    let new = json!({ "name": "Backup", "scopes": ["read"] });
    let mut ids = Vec::new();
    for _ in 0..2 {
        let request = alice.request(Method::POST, "/api/tokens").header("Idempotency-Key", "k");
        let answer = alice.answer(Method::POST, "/api/tokens", request.json(&new)).await;
        ids.push(answer.created()["id"].clone());
    }
    assert_eq!(ids, [1, 2]);
}

#[tokio::test]
async fn the_use_of_a_token_is_recorded_at_most_once_a_minute() {
    let (app, alice) = TestApp::with_user("alice").await;
    let script = with_scopes(&alice, &["read"]).await;
    let last_used = async || alice.get("/api/tokens").await.ok()[0]["last_used_at"].clone();
    assert_eq!(last_used().await, Value::Null);
    for age in [None, Some(TimeDelta::seconds(90)), Some(TimeDelta::seconds(30))] {
        if let Some(age) = age {
            let used = (service::clock::now() - age).to_rfc3339();
            app.database.execute(&format!("UPDATE api_tokens SET last_used_at = '{used}'")).await;
        }
        let before = last_used().await;
        let is_due = age.is_none_or(|age| age > TimeDelta::minutes(1));
        script.get("/api/notes").await.ok();
        // It is written outside the request.
        let mut patience = if is_due { 500 } else { 20 };
        while last_used().await == before && patience > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            patience -= 1;
        }
        assert_eq!(last_used().await != before, is_due, "{age:?}");
    }
    let used: DateTime<Utc> = serde_json::from_value(last_used().await).unwrap();
    assert!(used <= service::clock::now());
}
