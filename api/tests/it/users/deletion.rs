use serde_json::{Value, json};
use testkit::{Client, TestApp};

use super::{each, log_in, new_user};

async fn write(client: &Client) -> Value {
    client.post("/api/notes", json!({ "content": "Hello" })).await.created()
}

async fn mark(client: &Client, note: &Value) {
    client.post("/api/readinglists", json!({ "note_id": note["id"] })).await.created();
}

/// Creates a team with this owner and these members, and returns its path.
async fn team(owner: &Client, name: &str, members: &[&str]) -> String {
    let team = owner.post("/api/teams", json!({ "name": name })).await.created();
    let path = format!("/api/teams/{}", team["id"]);
    for member in members {
        owner.put(&format!("{path}/members/{member}"), json!({})).await.created();
    }
    path
}

/// The members of a team and their roles.
async fn roles(app: &TestApp, path: &str) -> Vec<(Value, Value)> {
    let team = app.anonymous().get(path).await.ok();
    let (names, roles) = (each(&team["users"], "username"), each(&team["users"], "role"));
    names.into_iter().cloned().zip(roles.into_iter().cloned()).collect()
}

#[tokio::test]
async fn a_user_deletes_themselves_and_is_gone() {
    let (app, alice) = TestApp::with_user("alice").await;
    let other = app.log_in("alice").await;
    alice.delete("/api/users/ALICE").await.no_content();
    for path in ["/api/users/alice".to_owned(), format!("/api/users/{}", alice.id)] {
        assert_eq!(app.anonymous().get(&path).await.problem(404), "not found");
        app.admin().await.delete(&path).await.problem(404);
    }
    for client in [&alice, &other] {
        assert_eq!(client.get("/api/notes").await.problem(401), "session expired");
    }
    let answer = log_in(&app, "alice", testkit::PASSWORD).await;
    assert_eq!(answer.problem(401), "invalid username or password");
}

#[tokio::test]
async fn an_admin_deletes_a_user_by_id() {
    let (app, alice) = TestApp::with_user("alice").await;
    let path = format!("/api/users/{}", alice.id);
    app.admin().await.delete(&path).await.no_content();
    assert_eq!(alice.get("/api/sessions").await.problem(401), "session expired");
    let list = app.anonymous().get("/api/users").await.ok();
    assert_eq!(each(&list, "username"), ["admin"]);
}

#[tokio::test]
async fn the_next_user_of_a_username_inherits_nothing() {
    let (app, alice) = TestApp::with_user("alice").await;
    write(&alice).await;
    alice.delete("/api/users/alice").await.no_content();
    app.anonymous().post("/api/users", new_user("alice")).await.created();
    assert_eq!(alice.get("/api/sessions").await.problem(401), "session expired");
    let again = app.anonymous().get("/api/users/alice?teams=true").await.ok();
    assert_eq!([&again["note_count"], &again["marked_count"], &again["team_count"]], [0, 0, 0]);
}

#[tokio::test]
async fn deleting_a_user_deletes_their_notes_and_marks() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    let (hers, his) = (write(&alice).await, write(&bob).await);
    for client in [&alice, &bob] {
        mark(client, &hers).await;
        mark(client, &his).await;
    }
    alice.delete("/api/users/alice").await.no_content();

    app.anonymous().get(&format!("/api/notes/{}", hers["id"])).await.problem(404);
    let notes = app.anonymous().get("/api/notes").await.ok();
    assert_eq!(each(&notes, "id"), [&his["id"]]);
    let path = format!("/api/notes/{}?include=users_marked", his["id"]);
    let note = app.anonymous().get(&path).await.ok();
    assert_eq!(each(&note["users_marked"], "username"), ["bob"]);
    assert_eq!(note["marked_count"], 1);
    assert_eq!(each(&bob.get("/api/readinglists").await.ok(), "id"), [&his["id"]]);
    assert_eq!(bob.get("/api/users/bob").await.ok()["marked_count"], 1);
}

#[tokio::test]
async fn deleting_a_user_deletes_their_memberships() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    let path = team(&bob, "Ops", &["alice"]).await;
    alice.delete("/api/users/alice").await.no_content();
    assert_eq!(roles(&app, &path).await, [("bob".into(), "owner".into())]);
    assert_eq!(app.anonymous().get(&path).await.ok()["user_count"], 1);
    app.anonymous().get(&format!("{path}/members/alice")).await.problem(404);
}

#[tokio::test]
async fn a_team_without_an_owner_gets_its_longest_standing_member_as_owner() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    let carol = app.user("carol").await;
    let path = team(&alice, "Ops", &["carol", "bob"]).await;
    let other = team(&alice, "Dev", &["bob", "carol"]).await;
    alice.delete("/api/users/alice").await.no_content();
    let carols = [("carol".into(), "owner".into()), ("bob".into(), "member".into())];
    assert_eq!(roles(&app, &path).await, carols);
    let bobs = [("bob".into(), "owner".into()), ("carol".into(), "member".into())];
    assert_eq!(roles(&app, &other).await, bobs);
    carol.put(&path, json!({ "name": "Carol's" })).await.ok();
    bob.put(&path, json!({ "name": "Bob's" })).await.problem(403);
}

#[tokio::test]
async fn a_team_with_another_owner_stays_as_it_is() {
    let (app, alice) = TestApp::with_user("alice").await;
    app.user("bob").await;
    app.user("carol").await;
    let path = team(&alice, "Ops", &["bob", "carol"]).await;
    alice.put(&format!("{path}/members/carol"), json!({ "role": "owner" })).await.ok();
    app.admin().await.delete("/api/users/alice").await.no_content();
    let left = [("bob".into(), "member".into()), ("carol".into(), "owner".into())];
    assert_eq!(roles(&app, &path).await, left);
}
