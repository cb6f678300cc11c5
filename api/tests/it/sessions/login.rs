use std::{collections::HashSet, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use service::clock;
use testkit::{PASSWORD, TestApp};
use tokio::{task::JoinSet, time::sleep};

use super::{log_in, members, with_token};

fn expires_at(logged_in: &Value) -> DateTime<Utc> {
    serde_json::from_value(logged_in["expires_at"].clone()).unwrap_or_default()
}

/// The JSON of one part of a token.
fn part(token: &str, at: usize) -> Value {
    let part = token.split('.').nth(at).unwrap_or_default();
    let json = BASE64_URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
    serde_json::from_slice(&json).unwrap_or_default()
}

#[tokio::test]
async fn a_user_logs_in() {
    let (app, _) = TestApp::with_user("alice").await;
    let answer = log_in(&app.anonymous(), "alice", PASSWORD).await.ok();
    assert_eq!(members(&answer), ["expires_at", "name", "token", "username"]);
    assert_eq!([&answer["username"], &answer["name"]], ["alice", "Alice"]);
    let client = with_token(&app, answer["token"].as_str().unwrap());
    let session = client.get("/api/sessions/current").await.ok();
    assert_eq!(session["user"]["username"], "alice");
    assert_eq!(session["expires_at"], answer["expires_at"]);
}

#[tokio::test]
async fn usernames_ignore_case_and_passwords_do_not() {
    let (app, _) = TestApp::with_user("alice").await;
    for username in ["alice", "ALICE", "aLice"] {
        let answer = log_in(&app.anonymous(), username, PASSWORD).await.ok();
        assert_eq!(answer["username"], "alice");
    }
    for wrong in [PASSWORD.to_uppercase(), format!("{PASSWORD} "), String::new()] {
        let answer = log_in(&app.anonymous(), "alice", &wrong).await;
        assert_eq!(answer.problem(401), "invalid username or password", "{wrong:?}");
    }
}

#[tokio::test]
async fn an_unknown_user_and_a_wrong_password_get_the_same_message() {
    let (app, _) = TestApp::with_user("alice").await;
    let wrong = log_in(&app.anonymous(), "alice", "wrong-harbour-42").await;
    for username in ["nobody", "", "1", " alice", "älice", &"a".repeat(1000)] {
        let unknown = log_in(&app.anonymous(), username, PASSWORD).await;
        assert_eq!(unknown.text, wrong.text, "{username}");
        assert_eq!(unknown.problem(401), "invalid username or password");
    }
}

#[tokio::test]
async fn credentials_that_are_not_text_are_violations() {
    let app = TestApp::start().await;
    let both = ["/username", "/password"];
    for (body, pointers) in [
        (json!({}), &both[..]),
        (json!({ "username": "admin" }), &both[1..]),
        (json!({ "password": PASSWORD }), &both[..1]),
        (json!({ "username": null, "password": 42 }), &both),
        (json!({ "username": ["admin"], "password": PASSWORD }), &both[..1]),
        (json!({ "username": "admin", "password": { "$ne": "" } }), &both[1..]),
        (json!({ "username": "admin\0", "password": "walnut\0" }), &both),
        (json!([]), &[""]),
        (json!(null), &[""]),
    ] {
        let answer = app.anonymous().post("/api/login", body.clone()).await;
        assert_eq!(answer.pointers(), pointers, "{body}");
    }
}

#[tokio::test]
async fn a_login_accepts_no_parameter_and_no_bad_token() {
    let app = TestApp::start().await;
    let credentials = json!({ "username": "admin", "password": PASSWORD });
    let answer = app.anonymous().post("/api/login?username=admin", credentials.clone()).await;
    assert!(answer.problem(400).contains("username"));
    let answer = with_token(&app, "no.good.token").post("/api/login", credentials).await;
    assert_eq!(answer.problem(401), "token invalid");
}

#[tokio::test]
async fn a_session_lasts_as_long_as_configured() {
    let ttl = TimeDelta::seconds(4321);
    let app = TestApp::start_with(|settings| settings.sessions.ttl = ttl).await;
    let before = clock::now();
    let answer = log_in(&app.anonymous(), "admin", PASSWORD).await.ok();
    let expires_at = expires_at(&answer);
    assert!(before + ttl <= expires_at && expires_at <= clock::now() + ttl, "{answer}");
    let client = with_token(&app, answer["token"].as_str().unwrap());
    let session = client.get("/api/sessions/current").await.ok();
    let created_at: DateTime<Utc> = serde_json::from_value(session["created_at"].clone()).unwrap();
    assert_eq!(created_at + ttl, expires_at);
    assert_eq!(session["last_used_at"], session["created_at"]);
}

#[tokio::test]
async fn a_session_expires() {
    let ttl = TimeDelta::milliseconds(300);
    let app = TestApp::start_with(|settings| settings.sessions.ttl = ttl).await;
    let answer = log_in(&app.anonymous(), "admin", PASSWORD).await.ok();
    let client = with_token(&app, answer["token"].as_str().unwrap());
    for wait in [400, 2000] {
        sleep(Duration::from_millis(wait)).await;
        for path in ["/api/sessions/current", "/api/notes"] {
            assert_eq!(client.get(path).await.problem(401), "session expired", "{path}");
        }
    }
}

#[tokio::test]
async fn a_token_is_a_signed_jwt_with_these_claims() {
    let (app, alice) = TestApp::with_user("alice").await;
    let answer = log_in(&app.anonymous(), "alice", PASSWORD).await.ok();
    let token = answer["token"].as_str().unwrap();
    assert_eq!(token.split('.').count(), 3);
    assert_eq!(part(token, 0)["alg"], "HS256");
    let claims = part(token, 1);
    assert_eq!(members(&claims), ["exp", "iat", "id", "jti", "username"]);
    assert_eq!(claims["id"], alice.id);
    assert_eq!(claims["username"], "alice");
    assert!(claims["jti"].as_str().is_some_and(|jti| !jti.is_empty()));
    let expires_at = expires_at(&answer).timestamp();
    assert!((claims["exp"].as_i64().unwrap() - expires_at).abs() <= 1, "{claims}");
    assert!((clock::now().timestamp() - claims["iat"].as_i64().unwrap()).abs() <= 60, "{claims}");
}

#[tokio::test]
async fn two_logins_give_two_tokens() {
    let (app, first) = TestApp::with_user("alice").await;
    let second = app.log_in("alice").await;
    assert_ne!(first.token, second.token);
    for client in [first, second] {
        client.get("/api/sessions/current").await.ok();
    }
}

#[tokio::test]
async fn thirty_logins_at_once_give_thirty_good_tokens() {
    let (app, alice) = TestApp::with_user("alice").await;
    let mut logins = JoinSet::new();
    for _ in 0..30 {
        let client = app.anonymous();
        logins.spawn(async move { log_in(&client, "alice", PASSWORD).await.ok() });
    }
    let answers = logins.join_all().await;
    let tokens: HashSet<&str> = answers.iter().filter_map(|a| a["token"].as_str()).collect();
    assert_eq!(tokens.len(), 30);
    for token in tokens {
        with_token(&app, token).get("/api/sessions/current").await.ok();
    }
    assert_eq!(alice.get("/api/sessions").await.ok().as_array().unwrap().len(), 31);
}

#[tokio::test]
async fn a_stored_hash_that_cannot_be_verified_matches_no_password() {
    let (app, _alice) = TestApp::with_user("alice").await;
    let (salt, output) = ("c29tZXRoaW5ncmFuZG9t", "A".repeat(43));
    for (kind, rest) in [
        ("argon2id", ""),
        ("argon2id", "$v=19$m=8,t=1,p=1$c29t"),
        ("argon2id", &format!("$v=16$m=8,t=1,p=1${salt}${output}")),
        ("argon2id", &format!("$m=8,t=1,p=1${salt}${output}")),
        ("argon2id", &format!("$v=19$m=8,t=1,p=1$c29t${output}")),
        ("argon2id", &format!("$v=19$m=8,t=1,p=1${salt}$AAAA")),
        ("argon2id", &format!("$v=19$m=8,t=0,p=1${salt}${output}")),
        ("argon2id", &format!("$v=19$m=4294967295,t=1,p=1${salt}${output}")),
        ("argon2d", &format!("$v=19$m=8,t=1,p=1${salt}${output}")),
        ("argon2i", &format!("$v=19$m=8,t=1,p=1${salt}${output}")),
    ] {
        // In two parts, since the statement is logged and a hash must not be.
        let sql = format!("UPDATE users SET password_hash = '$' || '{kind}{rest}' WHERE id = 2");
        app.database.execute(&sql).await;
        let answer = log_in(&app.anonymous(), "alice", PASSWORD).await;
        assert_eq!(answer.problem(401), "invalid username or password", "{kind}{rest}");
    }
}
