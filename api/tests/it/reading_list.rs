//! `/api/readinglists`: one's own marked notes.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Client, TestApp};
use tokio::task::JoinSet;

const LIST: &str = "/api/readinglists";

/// The service, and alice with this many notes.
async fn with_notes(count: usize) -> (TestApp, Client) {
    let (app, alice) = TestApp::with_user("alice").await;
    for n in 1..=count {
        let new = json!({ "content": format!("Note {n}") });
        alice.post("/api/notes", new).await.created();
    }
    (app, alice)
}

async fn mark(reader: &Client, note_id: i64) -> Value {
    reader.post(LIST, json!({ "note_id": note_id })).await.created()
}

/// The path of a mark.
fn path(reading: &Value) -> String {
    format!("{LIST}/{}", reading["id"])
}

/// The ids in a list, in order.
fn ids(list: &Value) -> Vec<i64> {
    let items = list.as_array().into_iter().flatten();
    items.filter_map(|item| item["id"].as_i64()).collect()
}

#[tokio::test]
async fn a_note_is_marked_once() {
    let (_app, alice) = with_notes(1).await;
    let first = alice.post(LIST, json!({ "note_id": 1 })).await.created();
    let reading = json!({ "id": first["id"], "user_id": alice.id, "note_id": 1, "read": false });
    assert_eq!(first, reading);
    assert!(first["id"].as_i64().is_some_and(|id| id > 0), "{first}");

    assert_eq!(alice.post(LIST, json!({ "note_id": 1 })).await.ok(), first);
    assert_eq!(ids(&alice.get(LIST).await.ok()), [1]);
}

#[tokio::test]
async fn marking_again_does_not_undo_reading() {
    let (_app, alice) = with_notes(1).await;
    let reading = mark(&alice, 1).await;
    let read = alice.put(&path(&reading), json!({ "read": true })).await.ok();
    assert_eq!(alice.post(LIST, json!({ "note_id": 1, "read": false })).await.ok(), read);
    assert_eq!(read["read"], true);
}

#[tokio::test]
async fn a_new_mark_is_unread_and_other_members_are_ignored() {
    let (_app, alice) = with_notes(1).await;
    let new = json!({ "note_id": 1, "id": 4711, "read": true });
    let reading = alice.post(LIST, new).await.created();
    assert_eq!(reading["read"], false);
    assert_ne!(reading["id"], 4711);
}

#[tokio::test]
async fn users_mark_only_for_themselves() {
    let (app, alice) = with_notes(1).await;
    let bob = app.user("bob").await;
    let for_bob = json!({ "note_id": 1, "user_id": bob.id });
    for other in [&alice, &app.admin().await] {
        let answer = other.post(LIST, for_bob.clone()).await;
        assert_eq!(answer.problem(403), "operation not allowed");
    }
    assert_eq!(bob.get(LIST).await.ok(), json!([]));
    let reading = bob.post(LIST, for_bob).await.created();
    assert_eq!(reading["user_id"], bob.id);
}

#[tokio::test]
async fn users_mark_a_note_independently() {
    let (app, alice) = with_notes(1).await;
    let bob = app.user("bob").await;
    let (first, second) = (mark(&alice, 1).await, mark(&bob, 1).await);
    assert_ne!(first["id"], second["id"]);
    bob.put(&path(&second), json!({ "read": true })).await.ok();
    assert_eq!(alice.get(LIST).await.ok()[0]["reading"]["read"], false);
    assert_eq!(bob.get(LIST).await.ok()[0]["reading"]["read"], true);
}

#[tokio::test]
async fn a_mark_needs_an_existing_note() {
    let (_app, alice) = with_notes(1).await;
    let missing = alice.post(LIST, json!({})).await;
    assert!(missing.clone().problem(422).contains("note_id"));
    assert_eq!(missing.pointers(), ["/note_id"]);
    let numbers =
        ["2", "9223372036854775807", "9223372036854775808", "99999999999999999999", "1e30"];
    let others = ["0", "-1", "1.5", "\"1\"", "\"abc\"", "null", "true", "[1]", "{}"];
    for id in numbers.iter().chain(&others) {
        let body = format!("{{\"note_id\":{id}}}");
        let answer = alice.send_raw(Method::POST, LIST, "application/json", body).await;
        assert!(answer.clone().problem(422).contains("note_id"), "{id}");
        assert_eq!(answer.pointers(), ["/note_id"], "{id}");
    }
    assert_eq!(alice.get(LIST).await.ok(), json!([]));
}

#[tokio::test]
async fn all_violations_are_reported_at_once() {
    let (_app, alice) = with_notes(1).await;
    let answer = alice.post(LIST, json!({ "note_id": "one", "user_id": null })).await;
    assert_eq!(answer.pointers(), ["/note_id", "/user_id"]);
    for body in [json!([]), json!(1), json!(null)] {
        assert_eq!(alice.post(LIST, body).await.pointers(), [""]);
    }
    alice.send_raw(Method::POST, LIST, "application/json", "{").await.problem(400);
}

#[tokio::test]
async fn marks_are_listed_newest_first_with_note_author_and_reading() {
    let (app, alice) = with_notes(2).await;
    let bob = app.user("bob").await;
    let (older, newer) = (mark(&bob, 2).await, mark(&bob, 1).await);
    let mut notes = alice.get("/api/notes").await.ok();
    notes[0]["reading"] = json!({ "id": older["id"], "read": false });
    notes[1]["reading"] = json!({ "id": newer["id"], "read": false });
    assert_eq!(bob.get(LIST).await.ok(), json!([notes[1], notes[0]]));
    assert_eq!(alice.get(LIST).await.ok(), json!([]));
}

#[tokio::test]
async fn marks_are_filtered_by_read() {
    let (_app, alice) = with_notes(3).await;
    mark(&alice, 1).await;
    let second = mark(&alice, 2).await;
    mark(&alice, 3).await;
    alice.put(&path(&second), json!({ "read": true })).await.ok();
    let list = async |query: &str| ids(&alice.get(&format!("{LIST}?{query}")).await.ok());
    assert_eq!(list("read=true").await, [2]);
    assert_eq!(list("read=false").await, [3, 1]);
    assert_eq!(list("").await, [3, 2, 1]);
}

#[tokio::test]
async fn an_invalid_query_is_rejected() {
    let (_app, alice) = with_notes(0).await;
    let queries = [
        ("read=yes", "read"),
        ("read=", "read"),
        ("read=true&read=false", "read"),
        ("important=true", "important"),
        ("user=alice", "user"),
    ];
    for (query, name) in queries {
        let error = alice.get(&format!("{LIST}?{query}")).await.problem(400);
        assert!(error.contains(name), "{query}: {error}");
    }
}

#[tokio::test]
async fn no_method_accepts_an_unknown_parameter() {
    let (_app, alice) = with_notes(1).await;
    let mark = path(&mark(&alice, 1).await) + "?dry_run=true";
    let answers = [
        alice.post(&format!("{LIST}?dry_run=true"), json!({ "note_id": 1 })).await,
        alice.put(&mark, json!({ "read": true })).await,
        alice.delete(&mark).await,
    ];
    for answer in answers {
        assert!(answer.problem(400).contains("dry_run"));
    }
    assert_eq!(alice.get(LIST).await.ok()[0]["reading"]["read"], false);
}

#[tokio::test]
async fn a_mark_is_set_read_and_unread() {
    let (_app, alice) = with_notes(1).await;
    let mut reading = mark(&alice, 1).await;
    for (method, read) in [(Method::PUT, true), (Method::PATCH, false), (Method::PUT, true)] {
        let change = json!({ "read": read, "id": 9, "note_id": 9, "user_id": 9 });
        let answer = alice.send(method, &path(&reading), Some(change)).await;
        reading["read"] = json!(read);
        assert_eq!(answer.ok(), reading);
        assert_eq!(alice.get(LIST).await.ok()[0]["reading"]["read"], read);
    }
}

#[tokio::test]
async fn an_empty_change_changes_nothing() {
    let (_app, alice) = with_notes(1).await;
    let path = path(&mark(&alice, 1).await);
    let read = alice.put(&path, json!({ "read": true })).await.ok();
    assert_eq!(alice.put(&path, json!({})).await.ok(), read);
    assert_eq!(alice.send(Method::PATCH, &path, Some(json!({}))).await.ok(), read);
}

#[tokio::test]
async fn read_must_be_true_or_false() {
    let (_app, alice) = with_notes(1).await;
    let path = path(&mark(&alice, 1).await);
    for read in [json!(null), json!("true"), json!(1), json!([])] {
        let answer = alice.put(&path, json!({ "read": read })).await;
        assert!(answer.clone().problem(422).contains("read"), "{read}");
        assert_eq!(answer.pointers(), ["/read"], "{read}");
    }
    assert_eq!(alice.put(&path, json!([])).await.pointers(), [""]);
    assert_eq!(alice.get(LIST).await.ok()[0]["reading"]["read"], false);
}

#[tokio::test]
async fn a_mark_is_removed_and_created_again() {
    let (app, alice) = with_notes(1).await;
    let path = path(&mark(&alice, 1).await);
    alice.put(&path, json!({ "read": true })).await.ok();
    alice.delete(&path).await.no_content();
    assert_eq!(alice.get(LIST).await.ok(), json!([]));
    alice.delete(&path).await.problem(404);
    alice.put(&path, json!({ "read": true })).await.problem(404);
    app.anonymous().get("/api/notes/1").await.ok();
    assert_eq!(mark(&alice, 1).await["read"], false);
}

#[tokio::test]
async fn only_its_owner_can_use_a_mark() {
    let (app, alice) = with_notes(1).await;
    let path = path(&mark(&alice, 1).await);
    for other in [app.user("bob").await, app.admin().await] {
        let change = other.put(&path, json!({ "read": true })).await;
        assert_eq!(change.problem(403), "operation not allowed");
        assert_eq!(other.delete(&path).await.problem(403), "operation not allowed");
        assert_eq!(other.get(LIST).await.ok(), json!([]));
    }
    assert_eq!(alice.get(LIST).await.ok()[0]["reading"]["read"], false);
}

#[tokio::test]
async fn the_reading_list_needs_a_token() {
    let (app, alice) = with_notes(1).await;
    let path = path(&mark(&alice, 1).await);
    let anonymous = app.anonymous();
    let answers = [
        anonymous.get(LIST).await,
        anonymous.post(LIST, json!({ "note_id": 1 })).await,
        anonymous.put(&path, json!({ "read": true })).await,
        anonymous.send(Method::PATCH, &path, Some(json!({}))).await,
        anonymous.delete(&path).await,
    ];
    for answer in answers {
        assert_eq!(answer.problem(401), "token missing");
    }
    let mut forger = anonymous;
    forger.token = Some("forged".into());
    assert_eq!(forger.get(LIST).await.problem(401), "token invalid");
}

#[tokio::test]
async fn an_invalid_id_is_not_found() {
    let (_app, alice) = with_notes(1).await;
    mark(&alice, 1).await;
    for id in ["0", "-1", "1.5", "abc", "4711", "9223372036854775807", "99999999999999999999"] {
        let path = format!("{LIST}/{id}");
        assert_eq!(alice.put(&path, json!({ "read": true })).await.problem(404), "not found");
        assert_eq!(alice.delete(&path).await.problem(404), "not found", "{id}");
    }
}

#[tokio::test]
async fn concurrent_marks_make_one() {
    let (app, alice) = with_notes(1).await;
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let alice = alice.clone();
        calls.spawn(async move { alice.post(LIST, json!({ "note_id": 1 })).await });
    }
    let answers = calls.join_all().await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![200; 19], vec![201]].concat());
    assert!(answers.iter().all(|answer| answer.body == answers[0].body));
    assert_eq!(ids(&alice.get(LIST).await.ok()), [1]);
    let note = app.anonymous().get("/api/notes/1?include=users_marked").await.ok();
    assert_eq!(note["marked_count"], 1);
}
