use serde_json::{Value, json};
use testkit::{Client, PASSWORD, TestApp};

use super::{each, log_in, new_user};

async fn set_disabled(app: &TestApp, username: &str, disabled: bool) -> Value {
    let path = format!("/api/users/{username}");
    app.admin().await.put(&path, json!({ "disabled": disabled })).await.ok()
}

async fn refused(client: &Client) -> String {
    client.get("/api/sessions/current").await.problem(401)
}

#[tokio::test]
async fn a_disabled_user_is_found_only_by_admins() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    assert_eq!(set_disabled(&app, "alice", true).await["disabled"], true);
    for path in ["/api/users/alice".to_owned(), format!("/api/users/{}", alice.id)] {
        assert_eq!(app.anonymous().get(&path).await.problem(404), "not found");
        assert_eq!(bob.get(&path).await.problem(404), "not found");
        assert_eq!(app.admin().await.get(&path).await.ok()["disabled"], true);
    }
    set_disabled(&app, "alice", false).await;
    assert_eq!(bob.get("/api/users/alice").await.ok()["disabled"], false);
}

#[tokio::test]
async fn the_notes_of_a_disabled_user_stay_in_every_list() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    let note = alice.post("/api/notes", json!({ "content": "Still here" })).await.created();
    bob.post("/api/readinglists", json!({ "note_id": note["id"] })).await.created();
    set_disabled(&app, "alice", true).await;
    let author = json!({ "id": alice.id, "username": "alice", "name": "Alice" });
    for path in ["/api/notes", "/api/notes?user=alice", "/api/notes?search=still"] {
        let list = app.anonymous().get(path).await.ok();
        assert_eq!(each(&list, "user"), [&author], "{path}");
    }
    assert_eq!(each(&bob.get("/api/readinglists").await.ok(), "user"), [&author]);
    let detail = app.anonymous().get("/api/users/bob").await.ok();
    assert_eq!(each(&detail["marked_notes"], "user"), [&author]);
    let note = app.anonymous().get(&format!("/api/notes/{}", note["id"])).await.ok();
    assert_eq!(note["user"], author);
}

#[tokio::test]
async fn the_tokens_of_a_disabled_user_are_rejected_at_once() {
    let (app, alice) = TestApp::with_user("alice").await;
    let other = app.log_in("alice").await;
    set_disabled(&app, "alice", true).await;
    for client in [&alice, &other] {
        assert_eq!(refused(client).await, "account disabled");
    }
    let write = alice.post("/api/notes", json!({ "content": "Hello" })).await;
    assert_eq!(write.problem(401), "account disabled");
    assert_eq!(alice.get("/api/notes").await.problem(401), "account disabled");
    let change = alice.put("/api/users/alice", json!({ "name": "Back" })).await;
    assert_eq!(change.problem(401), "account disabled");
    assert_eq!(alice.delete("/api/logout").await.problem(401), "account disabled");
}

#[tokio::test]
async fn a_disabled_user_cannot_log_in() {
    let (app, _) = TestApp::with_user("alice").await;
    set_disabled(&app, "alice", true).await;
    let right = log_in(&app, "alice", PASSWORD).await;
    assert_eq!(right.problem(401), "account disabled, please contact admin");
    let wrong = log_in(&app, "alice", "wrong-harbour-42").await;
    assert_eq!(wrong.problem(401), "invalid username or password");
}

#[tokio::test]
async fn enabling_a_user_does_not_revive_their_tokens() {
    let (app, alice) = TestApp::with_user("alice").await;
    let other = app.log_in("alice").await;
    set_disabled(&app, "alice", true).await;
    assert_eq!(refused(&alice).await, "account disabled");
    assert_eq!(set_disabled(&app, "alice", false).await["disabled"], false);
    for client in [&alice, &other] {
        assert_eq!(refused(client).await, "session expired");
    }
    let again = app.log_in("alice").await;
    assert_eq!(again.get("/api/sessions").await.ok().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn enabling_an_enabled_user_ends_no_session() {
    let (app, alice) = TestApp::with_user("alice").await;
    set_disabled(&app, "alice", false).await;
    alice.get("/api/sessions/current").await.ok();
}

#[tokio::test]
async fn the_username_of_a_disabled_user_stays_taken() {
    let (app, _) = TestApp::with_user("alice").await;
    set_disabled(&app, "alice", true).await;
    let answer = app.anonymous().post("/api/users", new_user("Alice")).await;
    assert_eq!(answer.problem(409), "username must be unique");
}

#[tokio::test]
async fn an_admin_changes_and_deletes_a_disabled_user() {
    let (app, _) = TestApp::with_user("alice").await;
    set_disabled(&app, "alice", true).await;
    let admin = app.admin().await;
    let changed = admin.put("/api/users/alice", json!({ "name": "Gone" })).await.ok();
    assert_eq!([&changed["name"], &changed["disabled"]], [&json!("Gone"), &json!(true)]);
    admin.delete("/api/users/alice").await.no_content();
    admin.get("/api/users/alice").await.problem(404);
}
