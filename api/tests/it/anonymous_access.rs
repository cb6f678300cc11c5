//! `ANONYMOUS_ACCESS=off`: an instance that is closed to everyone without a session or an API token.

use reqwest::Method;
use serde_json::json;
use service::users::Registration;
use testkit::{PASSWORD, TestApp};

async fn closed() -> TestApp {
    TestApp::start_with(|settings| settings.anonymous_access = false).await
}

/// What stays open, in words of the contract.
const OPEN: [(&str, &str); 6] = [
    ("GET", "/api/setup"),
    ("POST", "/api/setup"),
    ("POST", "/api/login"),
    ("POST", "/api/users"),
    ("POST", "/api/invitations/accept"),
    ("GET", "/api/openapi.json"),
];

#[tokio::test]
async fn a_closed_instance_answers_nobody_without_a_session_or_an_api_token() {
    let app = closed().await;
    let alice = app.user("alice").await;
    let new = json!({ "name": "Script", "scopes": ["read"] });
    let issued = alice.post("/api/tokens", new).await.created();
    let script = alice.with_token(issued["token"].as_str().unwrap());
    let anyone = app.anonymous();
    for (method, path) in api::routes::api().operations() {
        let path = path.replace("{id}", "1").replace("{team}", "1").replace("{user}", "alice");
        let is_open = OPEN.contains(&(method.as_str(), path.as_str()));
        let method: Method = method.parse().unwrap();
        let answer = anyone.send(method.clone(), &path, None).await;
        assert_eq!(answer.status == 401, !is_open, "{method} {path}: {}", answer.text);
        if !is_open {
            assert_eq!(answer.problem(401), "token missing", "{method} {path}");
        }
        let options = anyone.send(Method::OPTIONS, &path, None).await;
        assert!(!options.header("allow").is_empty(), "{path}");
        if method == Method::GET {
            let head = anyone.send(Method::HEAD, &path, None).await;
            assert_eq!(head.status == 401, !is_open, "HEAD {path}");
            for client in [&alice, &script] {
                assert_ne!(client.get(&path).await.status, 401, "{path}");
            }
        }
    }
}

#[tokio::test]
async fn a_closed_instance_does_not_tell_which_paths_there_are() {
    let app = closed().await;
    let alice = app.user("alice").await;
    for path in ["/api", "/api/", "/api/nothing", "/api/notes/0", "/api/login", "/api/users/"] {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let answer = app.anonymous().send(method.clone(), path, None).await;
            assert_eq!(answer.problem(401), "token missing", "{method} {path}");
        }
    }
    assert_eq!(alice.get("/api/nothing").await.problem(404), "not found");
    assert_eq!(alice.put("/api/login", json!({})).await.problem(405), "allowed methods: POST");
}

#[tokio::test]
async fn what_is_not_of_the_api_stays_open() {
    let app = closed().await;
    for path in
        ["/healthz", "/readyz", "/metrics", "/docs", "/docs/docs.css", "/problems/validation", "/"]
    {
        assert_eq!(app.anonymous().get(path).await.status, 200, "{path}");
    }
    let document = app.anonymous().get("/api/openapi.json").await;
    assert_eq!(document.text, api::routes::document_json());
}

#[tokio::test]
async fn one_signs_up_if_registration_is_open_and_logs_in() {
    let app = closed().await;
    let alice = app.user("alice").await;
    alice.get("/api/notes").await.ok();
    let closed = TestApp::start_with(|settings| {
        settings.anonymous_access = false;
        settings.registration = Registration::Closed;
    });
    let closed = closed.await;
    let new = json!({ "username": "alice", "name": "Alice", "password": PASSWORD });
    let refused = closed.anonymous().post("/api/users", new.clone()).await;
    assert_eq!(refused.problem(403), "registration is closed");
    closed.admin().await.post("/api/users", new).await.created();
    closed.log_in("alice").await.get("/api/notes").await.ok();
}

#[tokio::test]
async fn a_bad_token_is_invalid_rather_than_missing() {
    let app = closed().await;
    let forger = app.anonymous().with_token("not.a.token");
    assert_eq!(forger.get("/api/notes").await.problem(401), "token invalid");
    let request = app.anonymous().request(Method::GET, "/api/notes");
    let request = request.header("Authorization", "Basic YWxpY2U6eA==");
    let other = app.anonymous().answer(Method::GET, "/api/notes", request).await;
    assert_eq!(other.problem(401), "token missing");
}
