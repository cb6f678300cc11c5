use chrono::TimeDelta;
use serde_json::{Value, json};
use testkit::TestApp;

use super::{made, with_scopes};

#[tokio::test]
async fn a_token_with_a_typing_error_is_invalid_without_a_statement() {
    let (app, alice) = TestApp::with_user("alice").await;
    let (_, issued) = made(&alice, &["read"]).await;
    let token = issued["token"].as_str().unwrap();
    let (start, end) = token.split_at(20);
    let other = if end.starts_with('a') { 'b' } else { 'a' };
    for wrong in [
        format!("{start}{other}{}", &end[1..]),
        token[..token.len() - 1].to_owned(),
        format!("{token}0"),
        format!("tn_{}", "0".repeat(49)),
        "tn_".to_owned(),
        format!("tn_{}", "ä".repeat(49)),
        format!("tn_-{}", &token[4..]),
    ] {
        app.statements();
        for path in ["/api/notes", "/api/tokens/current"] {
            let answer = alice.with_token(&wrong).get(path).await;
            assert_eq!(answer.problem(401), "token invalid", "{wrong}");
        }
        assert_eq!(app.statements(), Vec::<String>::new(), "{wrong}");
    }
}

#[tokio::test]
async fn a_token_that_never_was_or_has_ended_is_invalid() {
    let (app, alice) = TestApp::with_user("alice").await;
    let zeros = format!("tn_{}2CZclj", "0".repeat(43));
    app.statements();
    assert_eq!(alice.with_token(&zeros).get("/api/notes").await.problem(401), "token invalid");
    assert_eq!(app.statements().len(), 1);
    let (script, issued) = made(&alice, &["read"]).await;
    script.get("/api/notes").await.ok();
    alice.delete(&super::path(&issued)).await.no_content();
    assert_eq!(script.get("/api/notes").await.problem(401), "token invalid");
}

#[tokio::test]
async fn a_token_that_has_expired_says_so() {
    let (app, alice) = TestApp::with_user("alice").await;
    let expires_at = (service::clock::now() + TimeDelta::hours(1)).to_rfc3339();
    let new = json!({ "name": "Backup", "scopes": ["read"], "expires_at": expires_at });
    let issued = alice.post("/api/tokens", new).await.created();
    let script = alice.with_token(issued["token"].as_str().unwrap());
    script.get("/api/notes").await.ok();
    app.database.execute("UPDATE api_tokens SET expires_at = '2024-01-01T00:00:00+00:00'").await;
    assert_eq!(script.get("/api/notes").await.problem(401), "session expired");
    assert_eq!(script.post("/api/notes", json!({})).await.problem(401), "session expired");
    let listed = alice.get("/api/tokens").await.ok();
    assert_eq!(listed[0]["expires_at"], "2024-01-01T00:00:00Z");
}

#[tokio::test]
async fn only_the_hash_of_a_token_is_stored() {
    let (app, alice) = TestApp::with_user("alice").await;
    let (_, issued) = made(&alice, &["read"]).await;
    let rows = app.database.rows().await;
    let token = issued["token"].as_str().unwrap();
    assert!(!format!("{rows:?}").contains(token));
    let (_, row) = rows.iter().find(|(table, _)| table == "api_tokens").unwrap();
    let hash = row["token_hash"].as_str().unwrap();
    assert!(hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
}

#[tokio::test]
async fn the_current_token_is_shown_whatever_it_allows_and_not_found_in_a_session() {
    let (app, alice) = TestApp::with_user("alice").await;
    for scope in super::ALL_SCOPES {
        let current = with_scopes(&alice, &[scope]).await.get("/api/tokens/current").await.ok();
        assert_eq!((&current["scopes"], &current["expires_at"]), (&json!([scope]), &Value::Null));
    }
    assert_eq!(alice.get("/api/tokens/current").await.problem(404), "not found");
    let anonymous = app.anonymous().get("/api/tokens/current").await;
    assert_eq!(anonymous.problem(401), "token missing");
}
