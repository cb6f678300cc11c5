//! The lists that are nested in users, notes and teams, in full.

use serde_json::{Value, json};
use testkit::{Client, TestApp};

async fn write(author: &Client, content: &str) -> Value {
    author.post("/api/notes", json!({ "content": content })).await.created()
}

async fn mark(reader: &Client, note: &Value) -> Value {
    reader.post("/api/readinglists", json!({ "note_id": note["id"] })).await.created()
}

#[tokio::test]
async fn a_users_notes_are_their_own_newest_first() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    let first = write(&alice, "One").await;
    write(&bob, "Two").await;
    let last = write(&alice, "Three").await;
    for user in ["alice".to_owned(), alice.id.to_string()] {
        let notes = app.anonymous().get(&format!("/api/users/{user}/notes")).await.ok();
        assert_eq!(notes, json!([last, first]));
    }
    assert_eq!(app.user("carol").await.get("/api/users/carol/notes").await.ok(), json!([]));
}

#[tokio::test]
async fn a_users_marked_notes_come_with_the_mark_and_the_author() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    let [first, second] = [write(&bob, "One").await, write(&bob, "Two").await];
    let [first_mark, second_mark] = [mark(&alice, &second).await, mark(&alice, &first).await];
    let read = format!("/api/readinglists/{}", first_mark["id"]);
    alice.put(&read, json!({ "read": true })).await.ok();

    let marked = app.anonymous().get("/api/users/alice/marked_notes").await.ok();
    assert_eq!(marked, alice.get("/api/readinglists").await.ok());
    assert_eq!(marked[0]["reading"], json!({ "id": second_mark["id"], "read": false }));
    assert_eq!(marked[0]["user"]["username"], "bob");
    for (read, note) in [(true, &second), (false, &first)] {
        let path = format!("/api/users/alice/marked_notes?read={read}");
        let marked = app.anonymous().get(&path).await.ok();
        assert_eq!(marked.as_array().unwrap().len(), 1);
        assert_eq!(marked[0]["id"], note["id"]);
    }
    app.anonymous().get("/api/users/alice/marked_notes?read=maybe").await.problem(400);
}

#[tokio::test]
async fn who_marked_a_note_is_listed_without_disabled_users() {
    let (app, alice) = TestApp::with_user("alice").await;
    let note = write(&alice, "One").await;
    for name in ["bob", "carol", "dave"] {
        mark(&app.user(name).await, &note).await;
    }
    app.admin().await.put("/api/users/carol", json!({ "disabled": true })).await.ok();
    let path = format!("/api/notes/{}/users_marked", note["id"]);
    let marked = app.anonymous().get(&path).await.ok();
    let names: Vec<&str> =
        marked.as_array().unwrap().iter().map(|user| user["username"].as_str().unwrap()).collect();
    assert_eq!(names, ["dave", "bob"]);
    let members: Vec<&String> = marked[0].as_object().unwrap().keys().collect();
    assert_eq!(members, ["id", "name", "username"]);
}

#[tokio::test]
async fn a_note_includes_who_marked_it_only_on_request() {
    let (app, alice) = TestApp::with_user("alice").await;
    let note = write(&alice, "One").await;
    mark(&alice, &note).await;
    let path = format!("/api/notes/{}", note["id"]);
    let anyone = app.anonymous();
    for query in ["", "?include="] {
        assert_eq!(anyone.get(&format!("{path}{query}")).await.ok(), note);
    }
    let detail = anyone.get(&format!("{path}?include=users_marked")).await.ok();
    assert_eq!(detail["marked_count"], 1);
    assert_eq!(detail["users_marked"][0]["username"], "alice");
    for query in ["include=author", "include=users_marked,x", "include=,", "included=users_marked"]
    {
        let problem = anyone.get(&format!("{path}?{query}")).await.problem(400);
        assert!(problem.contains("include"), "{query}: {problem}");
    }
}

#[tokio::test]
async fn a_teams_members_are_listed_beyond_the_first_hundred() {
    let (app, alice) = TestApp::with_user("alice").await;
    alice.post("/api/teams", json!({ "name": "Everyone" })).await.created();
    let mut ids = vec![alice.id];
    for number in 0..105 {
        ids.push(app.anonymous().sign_up(&format!("user{number}")).await);
    }
    let team = alice.put("/api/teams/1/members", json!({ "user_ids": ids })).await.ok();
    assert_eq!(team["users"].as_array().unwrap().len(), 100);
    let pages = app.anonymous().pages("/api/teams/1/members?limit=60").await;
    let listed: Vec<i64> =
        pages.iter().flatten().map(|member| member["id"].as_i64().unwrap()).collect();
    assert_eq!(listed, ids);
    assert_eq!(json!(pages[0][..5]), json!(team["users"].as_array().unwrap()[..5]));
}

#[tokio::test]
async fn lists_are_missing_where_their_parent_is() {
    let (app, alice) = TestApp::with_user("alice").await;
    app.admin().await.put("/api/users/alice", json!({ "disabled": true })).await.ok();
    for path in [
        "/api/users/nobody/notes",
        "/api/users/99/marked_notes",
        "/api/users/0/teams",
        "/api/users/alice/notes",
        "/api/users/alice/teams/1",
        "/api/notes/99/users_marked",
        "/api/teams/99/members",
        "/api/teams/x/members",
    ] {
        assert_eq!(app.anonymous().get(path).await.problem(404), "not found", "{path}");
    }
    assert_eq!(alice.get("/api/users/alice/notes").await.problem(401), "account disabled");
}
