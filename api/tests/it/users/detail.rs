use serde_json::{Value, json};
use testkit::{Client, TestApp};

use super::{NOTE_CORE, USER, each, members, sign_up};

async fn write(client: &Client, content: &str) -> Value {
    client.post("/api/notes", json!({ "content": content })).await.created()
}

async fn mark(client: &Client, note: &Value) -> Value {
    client.post("/api/readinglists", json!({ "note_id": note["id"] })).await.created()
}

#[tokio::test]
async fn a_user_is_found_by_id_and_by_username_in_any_case() {
    let (app, alice) = TestApp::with_user("alice").await;
    let by_id = app.anonymous().get(&format!("/api/users/{}", alice.id)).await.ok();
    assert_eq!([&by_id["username"], &by_id["name"]], ["alice", "Alice"]);
    for username in ["alice", "ALICE", "aLice", "%61lice"] {
        let found = app.anonymous().get(&format!("/api/users/{username}")).await.ok();
        assert_eq!(found, by_id, "{username}");
    }
}

#[tokio::test]
async fn a_username_with_punctuation_is_found() {
    let app = TestApp::start().await;
    sign_up(&app, "bob+work@mail.example-x.org", "Bob").await;
    for path in ["bob+work@mail.example-x.org", "BOB%2Bwork%40mail.example-x.org"] {
        let found = app.anonymous().get(&format!("/api/users/{path}")).await.ok();
        assert_eq!(found["name"], "Bob", "{path}");
    }
}

#[tokio::test]
async fn an_unknown_user_is_not_found() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for nobody in
        ["nobody", "4242", "0", "-1", "1.5", "99999999999999999999", "1a", "admin%00", "%FF", "%20"]
    {
        let path = format!("/api/users/{nobody}");
        assert_eq!(app.anonymous().get(&path).await.problem(404), "not found", "{nobody}");
        assert_eq!(admin.put(&path, json!({})).await.problem(404), "not found", "{nobody}");
        assert_eq!(admin.delete(&path).await.problem(404), "not found", "{nobody}");
    }
}

#[tokio::test]
async fn a_user_is_shown_with_notes_and_marked_notes() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    write(&alice, "First").await;
    write(&alice, "Second").await;
    let (theirs, other) = (write(&bob, "Bob's").await, write(&bob, "Bob's other").await);
    let reading = mark(&alice, &theirs).await;
    mark(&alice, &other).await;

    let detail = app.anonymous().get("/api/users/alice").await.ok();
    let mut all =
        [&USER[..], &["marked_count", "marked_notes", "note_count", "notes", "visible_note_count"]]
            .concat();
    all.sort_unstable();
    assert_eq!(members(&detail), all);
    assert_eq!([&detail["note_count"], &detail["marked_count"]], [2, 2]);
    assert_eq!(each(&detail["notes"], "content"), ["Second", "First"]);
    assert_eq!(members(&detail["notes"][0]), NOTE_CORE);
    assert_eq!(each(&detail["marked_notes"], "content"), ["Bob's other", "Bob's"]);
    let mut marked = theirs.clone();
    marked["reading"] = json!({ "id": reading["id"], "read": false });
    assert_eq!(detail["marked_notes"][1], marked);
}

#[tokio::test]
async fn teams_are_shown_if_requested() {
    let (app, alice) = TestApp::with_user("alice").await;
    let team = alice.post("/api/teams", json!({ "name": "Ops" })).await.created();
    for path in ["/api/users/alice", "/api/users/alice?teams=false"] {
        let detail = app.anonymous().get(path).await.ok();
        assert!(detail.get("teams").is_none() && detail.get("team_count").is_none(), "{detail}");
    }
    let detail = app.anonymous().get("/api/users/alice?teams=true").await.ok();
    assert_eq!(detail["team_count"], 1);
    assert_eq!(detail["teams"], json!([{ "id": team["id"], "name": "Ops", "version": 1 }]));
    let nobody_s = app.anonymous().get("/api/users/admin?teams=true").await.ok();
    assert_eq!([&nobody_s["team_count"], &nobody_s["teams"]], [&json!(0), &json!([])]);
}

#[tokio::test]
async fn read_filters_the_marked_notes() {
    let (app, alice) = TestApp::with_user("alice").await;
    let (first, second) = (write(&alice, "Read").await, write(&alice, "Unread").await);
    let reading = mark(&alice, &first).await;
    mark(&alice, &second).await;
    let path = format!("/api/readinglists/{}", reading["id"]);
    alice.put(&path, json!({ "read": true })).await.ok();
    for (query, expected) in [
        ("?read=true", vec!["Read"]),
        ("?read=false", vec!["Unread"]),
        ("", vec!["Unread", "Read"]),
        ("?read=true&teams=true", vec!["Read"]),
    ] {
        let detail = app.anonymous().get(&format!("/api/users/alice{query}")).await.ok();
        assert_eq!(each(&detail["marked_notes"], "content"), expected, "{query}");
        assert_eq!(detail["marked_count"], expected.len(), "{query}");
        assert_eq!(detail["note_count"], 2, "{query}");
    }
}

#[tokio::test]
async fn invalid_parameters_of_a_user_are_named() {
    let app = TestApp::start().await;
    for (query, name) in [
        ("teams=1", "teams"),
        ("teams=true&teams=true", "teams"),
        ("read=maybe", "read"),
        ("read=", "read"),
        ("limit=1", "limit"),
    ] {
        let error = app.anonymous().get(&format!("/api/users/admin?{query}")).await.problem(400);
        assert!(error.contains(name), "{query}: {error}");
    }
}

#[tokio::test]
async fn nested_lists_have_the_newest_hundred_and_full_counts() {
    let (app, alice) = TestApp::with_user("alice").await;
    for number in 0..103 {
        let note = write(&alice, &format!("Note {number}")).await;
        mark(&alice, &note).await;
        alice.post("/api/teams", json!({ "name": format!("Team {number}") })).await.created();
    }
    let detail = app.anonymous().get("/api/users/alice?teams=true").await.ok();
    for (count, list, member) in [
        ("note_count", "notes", "content"),
        ("marked_count", "marked_notes", "content"),
        ("team_count", "teams", "name"),
    ] {
        assert_eq!(detail[count], 103, "{count}");
        let items = each(&detail[list], member);
        assert_eq!(items.len(), 100, "{list}");
        assert!(items[0].as_str().unwrap().ends_with(" 102"), "{list}");
        assert!(items[99].as_str().unwrap().ends_with(" 3"), "{list}");
    }
}
