//! The token of a session in a cookie, for pages of the service.

use api::http::PublicUrl;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client, PASSWORD, TestApp};

use super::members;

/// What a browser says of a request that a page of the service sends.
const OWN: (&str, &str) = ("Sec-Fetch-Site", "same-origin");

/// Sends a request with these headers.
async fn send(
    client: &Client,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: Value,
) -> Answer {
    let request = client.request(method.clone(), path);
    let request =
        headers.iter().fold(request, |request, &(name, value)| request.header(name, value));
    client.answer(method, path, request.json(&body)).await
}

fn credentials(username: &str) -> Value {
    json!({ "username": username, "password": PASSWORD, "cookie": true })
}

/// Logs in as a page of the service does.
async fn log_in(client: &Client, username: &str) -> Answer {
    send(client, Method::POST, "/api/login", &[OWN], credentials(username)).await
}

/// The value and the attributes of the cookie that an answer sets.
fn set_cookie(answer: &Answer) -> (String, Vec<String>) {
    let (cookie, attributes) = answer.header("set-cookie").split_once("; ").unwrap();
    let value = cookie.strip_prefix("teamnotes_session=").unwrap();
    (value.to_owned(), attributes.split("; ").map(str::to_owned).collect())
}

fn is_cleared(answer: &Answer) -> bool {
    answer.headers.contains_key("set-cookie") && {
        let (value, attributes) = set_cookie(answer);
        value.is_empty() && attributes.contains(&"Max-Age=0".to_owned())
    }
}

#[tokio::test]
async fn a_page_logs_in_with_a_cookie_that_its_scripts_cannot_read() {
    let (app, _) = TestApp::with_user("alice").await;
    let answer = log_in(&app.anonymous(), "alice").await;
    let (token, attributes) = set_cookie(&answer);
    let expected = ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=2592000"];
    assert_eq!(attributes, expected);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(members(&answer.ok()), ["expires_at", "name", "username"]);
    let page = app.anonymous().with_token(&token).as_page();
    let current = page.get("/api/sessions/current").await.ok();
    assert_eq!(current["user"]["username"], "alice");
    page.post("/api/notes", json!({ "content": "Written on the page" })).await.created();
}

#[tokio::test]
async fn the_cookie_is_for_tls_and_for_the_path_that_the_public_url_has() {
    for (url, expected) in [
        ("https://notes.example.org", ["Path=/", "Secure"]),
        ("https://example.org/notes", ["Path=/notes", "Secure"]),
    ] {
        let app = TestApp::start_with(|settings| {
            settings.network.public_url = Some(PublicUrl::parse(url).unwrap());
        });
        let app = app.await;
        let (_, attributes) = set_cookie(&log_in(&app.anonymous(), "admin").await);
        for attribute in expected {
            assert!(attributes.contains(&attribute.to_owned()), "{url}: {attributes:?}");
        }
    }
}

#[tokio::test]
async fn only_a_page_of_the_service_gets_a_cookie() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    for headers in [
        &[][..],
        &[("Sec-Fetch-Site", "same-site")],
        &[("Sec-Fetch-Site", "none")],
        &[("Origin", "http://127.0.0.1:1")],
        &[("Origin", "null")],
    ] {
        let refused =
            send(&anyone, Method::POST, "/api/login", headers, credentials("admin")).await;
        assert!(!refused.headers.contains_key("set-cookie"));
        assert!(refused.problem(403).contains("page of this service"), "{headers:?}");
    }
    assert_eq!(app.database.number("SELECT COUNT(*) FROM sessions").await, 0);
    let own = [("Origin", app.address())];
    send(&anyone, Method::POST, "/api/login", &own, credentials("admin")).await.ok();
}

#[tokio::test]
async fn with_a_cookie_only_a_page_of_the_service_changes_anything() {
    let (app, alice) = TestApp::with_user("alice").await;
    let cookie = format!("theme=dark; teamnotes_session={}", alice.token.unwrap());
    let cookie = ("Cookie", cookie.as_str());
    let anyone = app.anonymous();
    let note = json!({ "content": "Hello" });
    for origin in [
        None,
        Some(("Sec-Fetch-Site", "same-site")),
        Some(("Sec-Fetch-Site", "none")),
        Some(("Origin", "http://127.0.0.1:1")),
    ] {
        let headers: Vec<_> = [cookie].into_iter().chain(origin).collect();
        for (method, path) in [
            (Method::POST, "/api/notes"),
            (Method::PUT, "/api/users/alice"),
            (Method::PATCH, "/api/users/alice"),
            (Method::DELETE, "/api/logout"),
        ] {
            let refused = send(&anyone, method, path, &headers, note.clone()).await;
            assert!(refused.problem(403).contains("page of this service"), "{path} {origin:?}");
        }
        for method in [Method::GET, Method::HEAD] {
            let read = send(&anyone, method, "/api/sessions/current", &headers, json!(null)).await;
            assert_eq!(read.status, 200, "{origin:?}");
        }
    }
    assert_eq!(app.database.number("SELECT COUNT(*) FROM notes").await, 0);
    for own in [OWN, ("Origin", app.address())] {
        send(&anyone, Method::POST, "/api/notes", &[cookie, own], note.clone()).await.created();
    }
}

#[tokio::test]
async fn authorization_goes_before_the_cookie() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    let cookie = format!("teamnotes_session={}", alice.token.unwrap());
    let cookie = ("Cookie", cookie.as_str());
    let note = json!({ "content": "Hello" });
    let written = send(&bob, Method::POST, "/api/notes", &[cookie], note).await.created();
    assert_eq!(written["user"]["username"], "bob");
    let forger = app.anonymous().with_token("not.a.token");
    let refused = send(&forger, Method::GET, "/api/notes", &[cookie], json!(null)).await;
    assert!(!refused.headers.contains_key("set-cookie"), "{:?}", refused.headers);
    assert_eq!(refused.problem(401), "token invalid");
    let basic = ("Authorization", "Basic YWxpY2U6eA==");
    let anyone = app.anonymous();
    let path = "/api/sessions/current";
    let current = send(&anyone, Method::GET, path, &[basic, cookie], json!(null)).await.ok();
    assert_eq!(current["user"]["username"], "alice");
    let left = send(&bob, Method::DELETE, "/api/logout", &[cookie], json!(null)).await;
    assert!(!left.headers.contains_key("set-cookie"), "{:?}", left.headers);
    send(&anyone, Method::GET, path, &[cookie], json!(null)).await.ok();
}

#[tokio::test]
async fn logging_out_ends_the_session_and_clears_its_cookie() {
    let (app, alice) = TestApp::with_user("alice").await;
    let page = alice.as_page();
    let left = page.delete("/api/logout").await;
    assert!(is_cleared(&left), "{:?}", left.headers);
    left.no_content();
    for client in [&alice, &page] {
        let refused = client.get("/api/notes").await;
        assert_eq!(is_cleared(&refused), client.is_page);
        assert_eq!(refused.problem(401), "session expired");
    }
    assert_eq!(app.database.number("SELECT COUNT(*) FROM sessions").await, 0);
}

#[tokio::test]
async fn a_cookie_that_does_not_hold_is_cleared_and_a_good_one_stays() {
    let (app, alice) = TestApp::with_user("alice").await;
    let page = alice.as_page();
    let wrong = json!({ "username": "alice", "password": "wrong-harbour-42", "cookie": true });
    let refused = page.post("/api/login", wrong).await;
    assert!(!refused.headers.contains_key("set-cookie"), "{:?}", refused.headers);
    refused.problem(401);
    let denied = page.put("/api/users/admin", json!({ "name": "Root" })).await;
    assert!(!denied.headers.contains_key("set-cookie"), "{:?}", denied.headers);
    denied.problem(403);
    app.admin().await.put("/api/users/alice", json!({ "disabled": true })).await.ok();
    for (client, error) in [
        (page.clone(), "account disabled"),
        (page.with_token("not.a.token"), "token invalid"),
        (page.with_token("x; teamnotes_session=y"), "token invalid"),
    ] {
        let refused = client.get("/api/notes").await;
        assert!(is_cleared(&refused), "{error}");
        assert_eq!(refused.problem(401), error);
    }
}

#[tokio::test]
async fn a_cookie_that_does_not_hold_is_no_hindrance_to_what_needs_none() {
    let app = TestApp::start_with(|settings| {
        settings.network.public_url = Some(PublicUrl::parse("https://example.org/notes").unwrap());
    });
    let app = app.await;
    for token in ["not.a.token", "x; teamnotes_session=y"] {
        let page = app.anonymous().with_token(token).as_page();
        let new = json!({ "username": format!("user{}", token.len()), "name": "A", "password": PASSWORD });
        let signed_up = page.post("/api/users", new).await;
        let cleared: Vec<_> = signed_up.headers.get_all("set-cookie").iter().collect();
        let at = |path| {
            format!("teamnotes_session=; HttpOnly; SameSite=Strict; Path={path}; Max-Age=0; Secure")
        };
        assert_eq!(cleared, [&at("/notes"), &at("/")]);
        signed_up.created();
        let (token, _) = set_cookie(&page.post("/api/login", credentials("admin")).await);
        assert!(!token.is_empty());
        assert_eq!(page.get("/api/notes").await.problem(401), "token invalid");
    }
}

#[tokio::test]
async fn an_api_token_is_not_taken_from_the_cookie() {
    let (_app, alice) = TestApp::with_user("alice").await;
    let new = json!({ "name": "Script", "scopes": ["read"] });
    let issued = alice.post("/api/tokens", new).await.created();
    let script = alice.with_token(issued["token"].as_str().unwrap());
    script.get("/api/notes").await.ok();
    assert_eq!(script.as_page().get("/api/notes").await.problem(401), "token invalid");
}

#[tokio::test]
async fn a_cookie_reads_where_the_anonymous_may_not() {
    let app = TestApp::start_with(|settings| settings.anonymous_access = false).await;
    let (token, _) = set_cookie(&log_in(&app.anonymous(), "admin").await);
    let page = app.anonymous().with_token(&token).as_page();
    page.get("/api/notes").await.ok();
    assert_eq!(app.anonymous().get("/api/notes").await.problem(401), "token missing");
}

#[tokio::test]
async fn an_idempotency_key_is_the_same_with_token_and_cookie() {
    let (_app, alice) = TestApp::with_user("alice").await;
    let page = alice.as_page();
    let key = [("Idempotency-Key", "7f5d2a")];
    let note = json!({ "content": "Hello" });
    let first = send(&alice, Method::POST, "/api/notes", &key, note.clone()).await.created();
    let again = send(&page, Method::POST, "/api/notes", &key, note).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.created(), first);
}
