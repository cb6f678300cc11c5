//! The export of one's own account.

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::{Value, json};
use testkit::{Client, TestApp};

const PATH: &str = "/api/users/alice/export";

/// The objects of these lines that have this type, without it.
fn of_type(lines: &str, kind: &str) -> Vec<Value> {
    let mut objects = Vec::new();
    for line in lines.lines() {
        let mut object: Value = serde_json::from_str(line).unwrap();
        if object.as_object_mut().unwrap().remove("type").unwrap() == kind {
            objects.push(object);
        }
    }
    objects
}

/// All items of a list, oldest first, without this member.
async fn oldest_first(client: &Client, path: &str, without: &str) -> Vec<Value> {
    let mut items = client.pages(path).await.concat();
    items.reverse();
    for item in &mut items {
        item.as_object_mut().unwrap().remove(without);
    }
    items
}

/// A note with this content by this user, which Alice marks.
async fn write_and_mark(author: &Client, alice: &Client, content: &str) {
    let note = author.post("/api/notes", json!({ "content": content })).await.created();
    alice.post("/api/readinglists", json!({ "note_id": note["id"] })).await.created();
}

#[tokio::test]
async fn an_export_has_all_of_ones_own_rows_as_they_are_told_elsewhere() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    app.log_in("alice").await;
    bob.post("/api/teams", json!({ "name": "Of others" })).await.created();
    bob.post("/api/notes", json!({ "content": "Not marked by Alice" })).await.created();
    for number in 0..30 {
        alice.post("/api/teams", json!({ "name": format!("Team {number}") })).await.created();
        write_and_mark(&alice, &alice, &format!("{number} of her own,\nÄ \"quoted\" one")).await;
        write_and_mark(&bob, &alice, &format!("{number} of others")).await;
    }
    alice.send(Method::PATCH, "/api/readinglists/1", Some(json!({ "read": true }))).await.ok();

    let exported = alice.get(PATH).await;
    let mut user = alice.get("/api/users/alice?include=").await.ok();
    user.as_object_mut().unwrap().remove("note_count");
    assert_eq!(of_type(exported.text.lines().next().unwrap(), "user"), [user]);
    for (kind, path, without) in [
        ("session", "/api/sessions", ""),
        ("team", "/api/users/alice/teams", ""),
        ("note", "/api/users/alice/notes", "user"),
        ("marked_note", "/api/readinglists", ""),
    ] {
        let rows = of_type(&exported.text, kind);
        assert!(rows.len() >= 2, "{kind}");
        assert_eq!(rows, oldest_first(&alice, path, without).await, "{kind}");
    }
    assert_eq!(exported.text.lines().count(), 1 + 2 + 30 + 30 + 60);
}

#[tokio::test]
async fn an_api_token_exports_all_but_the_sessions_which_it_may_not_list() {
    let (_app, alice) = TestApp::with_user("alice").await;
    write_and_mark(&alice, &alice, "A note").await;
    let new = json!({ "name": "Script", "scopes": ["read"] });
    let token = alice.post("/api/tokens", new).await.created()["token"].clone();
    let mut script = alice.clone();
    script.token = Some(token.as_str().unwrap().to_owned());
    let exported = script.get(PATH).await.text;
    assert_eq!(of_type(&exported, "session"), Vec::<Value>::new());
    for kind in ["user", "team", "note", "marked_note"] {
        let in_session = alice.get(PATH).await.text;
        assert_eq!(of_type(&exported, kind), of_type(&in_session, kind), "{kind}");
    }
    assert_eq!(exported.lines().count(), 3);
}

#[tokio::test]
async fn an_export_is_a_file_to_save_and_stays_out_of_caches() {
    let (_app, alice) = TestApp::with_user("alice").await;
    let exported = alice.get("/api/users/ALICE/export").await;
    assert_eq!(exported.header("content-type"), "application/x-ndjson");
    let name = "attachment; filename=\"teamnotes-alice.ndjson\"";
    assert_eq!(exported.header("content-disposition"), name);
    assert_eq!((exported.header("etag"), exported.header("cache-control")), ("", "no-store"));
    assert_eq!(alice.send(Method::HEAD, PATH, None).await.text, "");
    let error = alice.get("/api/users/alice/export?fields=id").await.problem(400);
    assert_eq!(error, "unknown query parameter: fields");
}

/// How many statements have read since the last call.
fn reads(app: &TestApp) -> usize {
    app.statements().iter().filter(|sql| sql.starts_with("SELECT")).count()
}

#[tokio::test]
async fn an_export_takes_two_statements_for_each_kind_of_rows_and_for_each_25_of_them() {
    let (app, alice) = TestApp::with_user("alice").await;
    for (notes, statements) in [(0, 10), (25, 10), (1, 14), (50, 22)] {
        for number in 0..notes {
            write_and_mark(&alice, &alice, &number.to_string()).await;
        }
        reads(&app);
        alice.get(PATH).await;
        assert_eq!(reads(&app), statements, "after {notes} more");
    }
}

/// Starts an export, of which nothing is read yet.
async fn start(alice: &Client) -> reqwest::Result<Response> {
    alice.request(Method::GET, PATH).send().await
}

#[tokio::test]
async fn rows_are_read_from_the_database_no_faster_than_by_the_client() {
    let (app, alice) = TestApp::with_user("alice").await;
    let content = "🚀".repeat(10_000);
    let mut ids = Vec::new();
    for _ in 0..150 {
        let note = alice.post("/api/notes", json!({ "content": content })).await.created();
        ids.push(note["id"].clone());
    }
    alice.post("/api/readinglists", json!({ "note_ids": ids })).await.ok();
    reads(&app);
    let exported = start(&alice).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let before = reads(&app);
    assert!(before < 26, "{before} statements, although the client reads nothing");
    let lines = exported.text().await.unwrap();
    assert_eq!(before + reads(&app), 2 + 2 * (2 + 6 + 6));
    assert_eq!(lines.lines().count(), 2 + 150 + 150);
}

#[tokio::test]
async fn an_export_that_fails_is_cut_off_so_that_it_does_not_look_complete() {
    let (app, alice) = TestApp::with_user("alice").await;
    alice.post("/api/notes", json!({ "content": "A note" })).await.created();
    assert!(start(&alice).await.unwrap().text().await.unwrap().contains("A note"));
    app.database.execute("DROP TABLE user_notes").await;
    let exported = async { start(&alice).await?.text().await };
    exported.await.unwrap_err();
}

#[tokio::test]
async fn an_export_is_cut_off_when_its_session_ends() {
    let (app, alice) = TestApp::with_user("alice").await;
    let content = "🚀".repeat(10_000);
    for _ in 0..150 {
        alice.post("/api/notes", json!({ "content": content })).await.created();
    }
    let begun = app.log_in("alice").await;
    let exported = start(&begun).await.unwrap();
    begun.delete("/api/logout").await.no_content();
    exported.text().await.unwrap_err();
}
