use api::server::settings::Secret;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Answer, TestApp};

use super::with_token;

/// The responses to this `Authorization` of a call that needs a token and one that does not.
async fn answers(app: &TestApp, authorization: &str) -> [Answer; 2] {
    let client = app.anonymous();
    let show = async |path: &str| {
        let request = client.request(Method::GET, path).header("Authorization", authorization);
        client.answer(Method::GET, path, request).await
    };
    [show("/api/sessions/current").await, show("/api/notes").await]
}

async fn refused(app: &TestApp, token: &str) {
    for answer in answers(app, &format!("Bearer {token}")).await {
        assert_eq!(answer.problem(401), "token invalid", "{token}");
    }
}

fn encoded(json: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(json.to_string())
}

/// The three parts of a token.
fn parts(token: Option<&str>) -> [String; 3] {
    let mut parts = token.unwrap_or_default().split('.').map(str::to_owned);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

#[tokio::test]
async fn without_a_token_public_data_is_read_and_nothing_is_written() {
    let app = TestApp::start().await;
    for path in ["/api/notes", "/api/users", "/api/teams", "/api/users/admin"] {
        app.anonymous().get(path).await.ok();
    }
    for (method, path) in [
        (Method::PUT, "/api/users/admin"),
        (Method::PATCH, "/api/users/admin"),
        (Method::DELETE, "/api/users/admin"),
        (Method::PUT, "/api/users/nobody"),
        (Method::POST, "/api/notes"),
    ] {
        let answer = app.anonymous().send(method.clone(), path, Some(json!({}))).await;
        assert_eq!(answer.problem(401), "token missing", "{method} {path}");
    }
}

#[tokio::test]
async fn anything_but_a_token_is_invalid() {
    let app = TestApp::start().await;
    for garbage in ["garbage", "a.b.c", "..", "a.b", "a.b.c.d", "null", "eyJ", "a b", "%00", "💥"]
    {
        refused(&app, garbage).await;
    }
}

#[tokio::test]
async fn an_authorization_without_a_token_is_invalid() {
    let (app, alice) = TestApp::with_user("alice").await;
    let token = alice.token.unwrap();
    for authorization in ["Bearer", "Bearer ", &token, &format!("Bearer{token}")] {
        for answer in answers(&app, authorization).await {
            assert_eq!(answer.problem(401), "token invalid", "{authorization}");
        }
    }
}

#[tokio::test]
async fn the_scheme_is_case_insensitive() {
    let (app, alice) = TestApp::with_user("alice").await;
    let token = alice.token.unwrap();
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        for answer in answers(&app, &format!("{scheme} {token}")).await {
            answer.ok();
        }
    }
}

#[tokio::test]
async fn credentials_of_another_scheme_are_not_a_token() {
    let (app, alice) = TestApp::with_user("alice").await;
    let token = alice.token.unwrap();
    let with_token =
        ["Basic", "Digest", "Negotiate", "Token"].map(|name| format!("{name} {token}"));
    let without = ["Negotiate", "NTLM", "AWS4-HMAC-SHA256"].map(str::to_owned);
    for authorization in with_token.into_iter().chain(without) {
        let [current, notes] = answers(&app, &authorization).await;
        assert_eq!(current.problem(401), "token missing", "{authorization}");
        notes.ok();
    }
}

#[tokio::test]
async fn a_token_signed_with_another_secret_is_invalid() {
    let (app, _) = TestApp::with_user("alice").await;
    let secret = Secret(b"quite another secret, of quite another service".to_vec());
    let other = TestApp::start_with(|settings| settings.secret = Some(secret)).await;
    let forger = other.user("alice").await;
    refused(&app, forger.token.as_deref().unwrap()).await;
}

#[tokio::test]
async fn a_signed_token_is_valid_only_while_its_session_exists() {
    let app = TestApp::start().await;
    let stranger = TestApp::start().await.admin().await;
    let client = with_token(&app, stranger.token.as_deref().unwrap());
    assert_eq!(client.get("/api/sessions").await.problem(401), "session expired");
}

#[tokio::test]
async fn another_algorithm_is_invalid() {
    let (app, alice) = TestApp::with_user("alice").await;
    let [_, payload, signature] = parts(alice.token.as_deref());
    for alg in ["none", "None", "NONE", "HS384", "HS512", "RS256", "ES256", "hs256", ""] {
        let header = encoded(&json!({ "typ": "JWT", "alg": alg }));
        refused(&app, &format!("{header}.{payload}.{signature}")).await;
        refused(&app, &format!("{header}.{payload}.")).await;
        refused(&app, &format!("{header}.{payload}")).await;
    }
    let header = encoded(&json!({ "typ": "JWT" }));
    refused(&app, &format!("{header}.{payload}.{signature}")).await;
}

#[tokio::test]
async fn a_tampered_token_is_invalid() {
    let (app, alice) = TestApp::with_user("alice").await;
    let [header, payload, signature] = parts(alice.token.as_deref());
    let claims = BASE64_URL_SAFE_NO_PAD.decode(&payload).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    for (claim, value) in [
        ("id", json!(1)),
        ("username", json!("admin")),
        ("exp", json!(4_102_444_800_i64)),
        ("exp", json!(1)),
        ("jti", json!("another")),
    ] {
        let mut forged = claims.clone();
        forged[claim] = value;
        refused(&app, &format!("{header}.{}.{signature}", encoded(&forged))).await;
    }
    let mut other = signature.clone();
    other.replace_range(..1, if signature.starts_with('A') { "B" } else { "A" });
    refused(&app, &format!("{header}.{payload}.{other}")).await;
    refused(&app, &format!("{header}.{payload}.")).await;
    alice.get("/api/sessions/current").await.ok();
}

#[tokio::test]
async fn a_bad_token_is_rejected_even_where_none_is_needed() {
    let app = TestApp::start().await;
    let forger = with_token(&app, "no.good.token");
    for path in ["/api/notes", "/api/users", "/api/users/admin", "/api/teams", "/api/openapi.json"]
    {
        assert_eq!(forger.get(path).await.problem(401), "token invalid", "{path}");
    }
}
