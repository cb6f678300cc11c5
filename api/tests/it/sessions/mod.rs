//! `/api/login`, `/api/logout` and `/api/sessions`

mod cookie;
mod ending;
mod flood;
mod held;
mod limits;
mod login;
mod of_user;
mod revocation;
mod throttle;
mod tokens;

use reqwest::Method;
use serde_json::{Value, json};
use service::DbSettings;
use testkit::{Answer, Client, PASSWORD, TestApp};

const SESSION: [&str; 6] =
    ["created_at", "current", "expires_at", "id", "last_used_at", "user_agent"];

async fn log_in(client: &Client, username: &str, password: &str) -> Answer {
    let credentials = json!({ "username": username, "password": password });
    client.post("/api/login", credentials).await
}

/// A client with this token.
fn with_token(app: &TestApp, token: &str) -> Client {
    let mut client = app.anonymous();
    client.token = Some(token.to_owned());
    client
}

/// The names of an object's members, in alphabetical order.
fn members(object: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = object.as_object().into_iter().flatten().map(|m| &**m.0).collect();
    names.sort_unstable();
    names
}

/// One member of every item of a list.
fn each<'a>(list: &'a Value, member: &str) -> Vec<&'a Value> {
    list.as_array().into_iter().flatten().map(|item| &item[member]).collect()
}

/// The path of a client's own session.
async fn own_path(client: &Client) -> String {
    let current = client.get("/api/sessions/current").await.ok();
    format!("/api/sessions/{}", current["id"])
}

#[tokio::test]
async fn the_current_session_has_its_user() {
    let (app, alice) = TestApp::with_user("alice").await;
    let mut session = alice.get("/api/sessions/current").await.ok();
    let user = json!({ "id": alice.id, "username": "alice", "name": "Alice", "admin": false });
    assert_eq!(session["user"], user);
    assert_eq!(app.admin().await.get("/api/sessions/current").await.ok()["user"]["admin"], true);

    session.as_object_mut().unwrap().remove("user");
    assert_eq!(members(&session), SESSION);
    assert_eq!(session["current"], true);
    assert_eq!(alice.get("/api/sessions").await.ok(), json!([session]));
}

#[tokio::test]
async fn ones_own_sessions_are_listed_newest_first() {
    let (app, first) = TestApp::with_user("alice").await;
    app.user("bob").await;
    let (second, third) = (app.log_in("alice").await, app.log_in("alice").await);
    let list = second.get("/api/sessions").await.ok();
    assert_eq!(each(&list, "current"), [false, true, false]);
    let mut ids = Vec::new();
    for client in [third, second, first] {
        ids.push(client.get("/api/sessions/current").await.ok()["id"].clone());
    }
    assert_eq!(each(&list, "id"), ids.iter().collect::<Vec<_>>());
    assert!(list.as_array().unwrap().iter().all(|session| members(session) == SESSION));
}

#[tokio::test]
async fn a_session_records_the_client_that_logged_in() {
    let (app, alice) = TestApp::with_user("alice").await;
    let credentials = json!({ "username": "alice", "password": PASSWORD });
    let browser = app.anonymous();
    let request = browser.request(Method::POST, "/api/login");
    let request = request.header("User-Agent", "Browser/7.1 (of the tests)").json(&credentials);
    browser.answer(Method::POST, "/api/login", request).await.ok();
    let list = alice.get("/api/sessions").await.ok();
    assert_eq!(each(&list, "user_agent"), [&json!("Browser/7.1 (of the tests)"), &json!(null)]);
}

#[tokio::test]
async fn pages_of_sessions_reach_the_end() {
    let (app, alice) = TestApp::with_user("alice").await;
    for _ in 0..4 {
        log_in(&app.anonymous(), "alice", PASSWORD).await.ok();
    }
    let whole = alice.get("/api/sessions").await.ok();
    let pages = alice.pages("/api/sessions?limit=2").await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
    assert_eq!(json!(pages.concat()), whole);
    for (query, name) in [("limit=0", "limit"), ("limit=201", "limit"), ("user=bob", "user")] {
        let error = alice.get(&format!("/api/sessions?{query}")).await.problem(400);
        assert!(error.contains(name), "{error}");
    }
}

#[tokio::test]
async fn without_a_token_there_is_no_session() {
    let app = TestApp::start().await;
    let anonymous = app.anonymous();
    for (method, path) in [
        (Method::DELETE, "/api/logout"),
        (Method::GET, "/api/sessions"),
        (Method::GET, "/api/sessions/current"),
        (Method::DELETE, "/api/sessions"),
        (Method::DELETE, "/api/sessions/1"),
    ] {
        let answer = anonymous.send(method.clone(), path, None).await;
        assert_eq!(answer.problem(401), "token missing", "{method} {path}");
    }
}

#[tokio::test]
async fn no_list_or_session_has_a_token() {
    let (app, alice) = TestApp::with_user("alice").await;
    let other = app.log_in("alice").await;
    for path in ["/api/sessions", "/api/sessions/current"] {
        let text = alice.get(path).await.text;
        for token in [&alice.token, &other.token] {
            assert!(!text.contains(token.as_deref().unwrap()), "{text}");
        }
        assert!(!text.contains("token"), "{text}");
    }
}

#[tokio::test]
async fn ending_a_session_takes_effect_on_every_instance() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    let url = app.database.url().to_owned();
    let other = TestApp::start_with(|settings| settings.database = DbSettings::new(url)).await;
    let [alice_there, bob_there] =
        [&alice, &bob].map(|client| with_token(&other, client.token.as_deref().unwrap()));
    alice_there.get("/api/sessions/current").await.ok();
    bob_there.get("/api/sessions/current").await.ok();
    alice.delete("/api/logout").await.no_content();
    app.admin().await.put("/api/users/bob", json!({ "disabled": true })).await.ok();
    assert_eq!(alice_there.get("/api/sessions").await.problem(401), "session expired");
    assert_eq!(bob_there.get("/api/sessions").await.problem(401), "account disabled");
}
