use serde_json::json;
use testkit::{PASSWORD, TestApp};

use super::{made, path, with_scopes};

const NEW: &str = "cedar-lantern-77";

#[tokio::test]
async fn a_user_ends_their_own_tokens_and_no_others() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    let (script, issued) = made(&alice, &["read"]).await;
    assert_eq!(bob.delete(&path(&issued)).await.problem(404), "not found");
    assert_eq!(bob.get("/api/users/alice/tokens").await.problem(403), "operation not allowed");
    assert_eq!(bob.delete("/api/users/alice/tokens").await.problem(403), "operation not allowed");
    script.get("/api/notes").await.ok();
    alice.delete(&path(&issued)).await.no_content();
    alice.delete(&path(&issued)).await.problem(404);
    assert_eq!(alice.get("/api/tokens").await.ok(), json!([]));
}

#[tokio::test]
async fn an_admin_sees_and_ends_the_tokens_of_anyone() {
    let (app, alice) = TestApp::with_user("alice").await;
    let admin = app.admin().await;
    let (one, issued) = made(&alice, &["read"]).await;
    let other = with_scopes(&alice, &["read"]).await;
    assert_eq!(admin.get("/api/users/alice/tokens").await.ok().as_array().unwrap().len(), 2);
    admin.delete(&path(&issued)).await.no_content();
    one.get("/api/notes").await.problem(401);
    other.get("/api/notes").await.ok();
    admin.delete("/api/users/alice/tokens").await.no_content();
    other.get("/api/notes").await.problem(401);
    admin.delete("/api/users/alice/tokens").await.no_content();
    alice.get("/api/sessions/current").await.ok();
}

#[tokio::test]
async fn disabling_a_user_refuses_their_tokens_and_enabling_revives_them() {
    let (app, alice) = TestApp::with_user("alice").await;
    let admin = app.admin().await;
    let script = with_scopes(&alice, &["notes:write"]).await;
    admin.put("/api/users/alice", json!({ "disabled": true })).await.ok();
    assert_eq!(script.get("/api/notes").await.problem(401), "account disabled");
    let write = script.post("/api/notes", json!({ "content": "Hello" })).await;
    assert_eq!(write.problem(401), "account disabled");
    admin.put("/api/users/alice", json!({ "disabled": false })).await.ok();
    script.post("/api/notes", json!({ "content": "Hello" })).await.created();
    assert_eq!(alice.get("/api/notes").await.problem(401), "session expired");
}

#[tokio::test]
async fn a_new_password_ends_tokens_only_if_asked_to() {
    let (app, alice) = TestApp::with_user("alice").await;
    let script = with_scopes(&alice, &["read"]).await;
    let of_bob = with_scopes(&app.user("bob").await, &["read"]).await;
    let change = |from: &str, to: &str| json!({ "password": to, "current_password": from });
    alice.put("/api/users/alice", change(PASSWORD, NEW)).await.ok();
    script.get("/api/notes").await.ok();
    let mut ending = change(NEW, PASSWORD);
    ending["end_tokens"] = json!(true);
    alice.put("/api/users/alice", ending).await.ok();
    assert_eq!(script.get("/api/notes").await.problem(401), "token invalid");
    alice.get("/api/sessions/current").await.ok();

    let script = with_scopes(&alice, &["read"]).await;
    let admin = app.admin().await;
    admin.put("/api/users/alice", json!({ "password": NEW })).await.ok();
    script.get("/api/notes").await.ok();
    let ending = json!({ "password": NEW, "end_tokens": true });
    admin.put("/api/users/alice", ending).await.ok();
    script.get("/api/notes").await.problem(401);
    of_bob.get("/api/notes").await.ok();
}

#[tokio::test]
async fn tokens_end_with_a_new_password_and_not_without_one() {
    let (_app, alice) = TestApp::with_user("alice").await;
    let script = with_scopes(&alice, &["read"]).await;
    let refused = alice.put("/api/users/alice", json!({ "end_tokens": true })).await;
    assert_eq!(refused.clone().problem(422), "end_tokens needs a new password beside it");
    assert_eq!(refused.pointers(), ["/end_tokens"]);
    alice.put("/api/users/alice", json!({ "name": "Al", "end_tokens": false })).await.ok();
    script.get("/api/notes").await.ok();
}

#[tokio::test]
async fn tokens_are_deleted_with_their_user() {
    let (app, alice) = TestApp::with_user("alice").await;
    let script = with_scopes(&alice, &["read"]).await;
    alice.delete("/api/users/alice").await.no_content();
    assert_eq!(script.get("/api/notes").await.problem(401), "token invalid");
    assert_eq!(app.database.number("SELECT COUNT(*) FROM api_tokens").await, 0);
}

#[tokio::test]
async fn logging_out_ends_no_token() {
    let (_app, alice) = TestApp::with_user("alice").await;
    let script = with_scopes(&alice, &["read"]).await;
    alice.delete("/api/logout").await.no_content();
    script.get("/api/notes").await.ok();
}
