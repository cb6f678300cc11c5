//! Many marks at once, and the mark of one note.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client, TestApp};

const LIST: &str = "/api/readinglists";

/// The service, alice with this many notes, and bob.
async fn with_notes(count: usize) -> (TestApp, Client, Client) {
    let (app, alice) = TestApp::with_user("alice").await;
    for number in 1..=count {
        let new = json!({ "content": format!("Note {number}") });
        alice.post("/api/notes", new).await.created();
    }
    let bob = app.user("bob").await;
    (app, alice, bob)
}

async fn mark_all(client: &Client, note_ids: impl Into<Value>) -> Answer {
    client.post(LIST, json!({ "note_ids": note_ids.into() })).await
}

async fn set_read(client: &Client, selection: Value) -> Answer {
    client.send(Method::PATCH, LIST, Some(selection)).await
}

fn numbers(list: &Value, member: &str) -> Vec<i64> {
    let items = list.as_array().into_iter().flatten();
    items.filter_map(|item| item[member].as_i64()).collect()
}

#[tokio::test]
async fn notes_are_marked_in_the_order_asked_each_once() {
    let (_app, _alice, bob) = with_notes(4).await;
    bob.post(LIST, json!({ "note_id": 2 })).await.created();
    bob.put(&format!("{LIST}/1"), json!({ "read": true })).await.ok();
    let marks = mark_all(&bob, vec![3, 1, 2, 1, 4]).await.ok();
    assert_eq!(numbers(&marks, "note_id"), [3, 1, 2, 4]);
    assert_eq!(marks[2]["read"], true, "a mark from before stays as it is");
    assert!(numbers(&marks, "user_id").iter().all(|&id| id == bob.id));
    let listed = bob.get(LIST).await.ok();
    assert_eq!(numbers(&listed, "id"), [4, 1, 3, 2], "newest mark first");
    assert_eq!(mark_all(&bob, vec![3, 1, 2, 4]).await.ok(), marks);
}

#[tokio::test]
async fn all_notes_are_marked_or_none() {
    let (_app, _alice, bob) = with_notes(1).await;
    assert_eq!(
        mark_all(&bob, vec![1, 99, 1, 98, 99]).await.pointers(),
        ["/note_ids/1", "/note_ids/3", "/note_ids/4"]
    );
    assert_eq!(bob.get(LIST).await.ok(), json!([]));
    for (body, pointer) in [
        (json!({ "note_ids": [] }), "/note_ids"),
        (json!({ "note_ids": vec![1; 501] }), "/note_ids"),
        (json!({ "note_ids": [1], "note_id": 1 }), "/note_ids"),
        (json!({ "note_ids": [0] }), "/note_ids/0"),
        (json!({ "note_ids": null }), "/note_ids"),
        (json!({}), "/note_id"),
    ] {
        assert_eq!(bob.post(LIST, body.clone()).await.pointers(), [pointer], "{body}");
    }
    mark_all(&bob, vec![1; 500]).await.ok();
    assert_eq!(bob.get(LIST).await.ok().as_array().unwrap().len(), 1);
    let others = json!({ "note_ids": [1], "user_id": bob.id - 1 });
    bob.post(LIST, others).await.problem(403);
}

#[tokio::test]
async fn marks_are_set_read_by_their_ids_or_all_at_once() {
    let (_app, alice, bob) = with_notes(4).await;
    mark_all(&bob, vec![1, 2, 3, 4]).await.ok();
    mark_all(&alice, vec![1]).await.ok();
    for (selection, changed) in [
        (json!({ "ids": [1, 2, 1], "read": true }), 2),
        (json!({ "ids": [1, 2, 3], "read": true }), 1),
        (json!({ "ids": [1], "read": false }), 1),
        (json!({ "all": true, "read": true }), 2),
        (json!({ "all": true, "read": true }), 0),
        (json!({ "all": true, "read": false }), 4),
        (json!({ "ids": [4], "read": true }), 1),
    ] {
        assert_eq!(set_read(&bob, selection.clone()).await.ok()["changed"], changed, "{selection}");
    }
    assert_eq!(numbers(&bob.get("/api/readinglists?read=true").await.ok(), "id"), [4]);
    assert_eq!(alice.get(LIST).await.ok()[0]["reading"]["read"], false, "others' stay");
    for (selection, pointer) in [
        (json!({ "ids": [1, 5], "read": true }), "/ids/1"),
        (json!({ "ids": [], "read": true }), "/ids"),
        (json!({ "ids": [1], "all": true, "read": true }), "/all"),
        (json!({ "all": false, "read": true }), "/all"),
        (json!({ "read": true }), "/ids"),
        (json!({ "all": true }), "/read"),
    ] {
        assert_eq!(set_read(&bob, selection.clone()).await.pointers(), [pointer], "{selection}");
    }
    assert_eq!(bob.get(&format!("{LIST}/1")).await.ok()["reading"]["read"], false);
}

#[tokio::test]
async fn thousands_of_marks_are_set_read_in_steps_and_each_is_reported_once() {
    const MANY: i64 = 2_345;
    let (app, _alice, bob) = with_notes(1).await;
    let columns = "content, content_folded, important, date, user_id, created_at, updated_at";
    for sql in [
        format!(
            "WITH RECURSIVE numbers(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < {MANY}) \
             INSERT INTO notes ({columns}) SELECT {columns} FROM notes, numbers WHERE id = 1"
        ),
        format!(
            "INSERT INTO user_notes (user_id, note_id, read) SELECT {}, id, FALSE FROM notes",
            bob.id
        ),
    ] {
        app.database.execute(&sql).await;
    }
    let all = |read: bool| json!({ "all": true, "read": read });
    app.statements();
    assert_eq!(set_read(&bob, all(true)).await.ok()["changed"], MANY);
    let updates = app.statements().iter().filter(|sql| sql.starts_with("UPDATE")).count();
    assert_eq!(updates, 3);
    assert_eq!(set_read(&bob, all(true)).await.ok()["changed"], 0);
    let (off, on) = tokio::join!(set_read(&bob, all(false)), set_read(&bob, all(true)));
    let changed = |answer: testkit::Answer| answer.ok()["changed"].as_i64().unwrap();
    let (off, on) = (changed(off), changed(on));
    let unread = bob.get("/api/readinglists/counts").await.ok()["unread"].as_i64().unwrap();
    assert_eq!(unread, off - on);
}

#[tokio::test]
async fn marks_are_counted_and_shown_one_by_one() {
    let (_app, alice, bob) = with_notes(3).await;
    let counts = json!({ "total": 0, "unread": 0 });
    assert_eq!(bob.get("/api/readinglists/counts").await.ok(), counts);
    mark_all(&bob, vec![1, 2, 3]).await.ok();
    mark_all(&alice, vec![1]).await.ok();
    set_read(&bob, json!({ "ids": [2], "read": true })).await.ok();
    let counts = json!({ "total": 3, "unread": 2 });
    assert_eq!(bob.get("/api/readinglists/counts").await.ok(), counts);
    let listed = bob.get(LIST).await.ok();
    assert_eq!(bob.get(&format!("{LIST}/2")).await.ok(), listed[1]);
    alice.get(&format!("{LIST}/2")).await.problem(403);
}

#[tokio::test]
async fn a_note_is_marked_and_unmarked_by_its_own_path() {
    let (_app, _alice, bob) = with_notes(1).await;
    let mark = "/api/notes/1/mark";
    bob.delete(mark).await.problem(404);
    let made = bob.send(Method::PUT, mark, None).await.created();
    assert_eq!(made, json!({ "id": made["id"], "user_id": bob.id, "note_id": 1, "read": false }));
    assert_eq!(bob.put(mark, json!({ "read": true })).await.ok()["read"], true);
    assert_eq!(bob.put(mark, json!({})).await.ok()["read"], true);
    bob.delete(mark).await.no_content();
    assert_eq!(bob.put(mark, json!({ "read": true })).await.created()["read"], true);
    bob.send(Method::PUT, "/api/notes/99/mark", None).await.problem(404);
    bob.get(mark).await.problem(405);
}

#[tokio::test]
async fn many_notes_are_marked_and_read_in_as_many_statements_as_one() {
    let (app, _alice, bob) = with_notes(3).await;
    let statements = async |ids: Vec<i64>| {
        app.statements();
        let marks = mark_all(&bob, ids).await.ok();
        let of_marking = app.statements();
        set_read(&bob, json!({ "ids": numbers(&marks, "id"), "read": true })).await.ok();
        (of_marking, app.statements())
    };
    let one = statements(vec![1]).await;
    assert_eq!(statements(vec![1, 2, 3]).await, one);
}
