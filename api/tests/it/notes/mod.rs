//! `/api/notes`: writing, reading, changing and deleting notes. For finding them see [`list`].

mod list;
mod search;

use chrono::{DateTime, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Client, TestApp};

/// Path segments that are not positive 64-bit integers.
const NO_IDS: [&str; 5] = ["0", "-1", "1.5", "abc", "99999999999999999999"];

async fn write(author: &Client, content: &str) -> Value {
    author.post("/api/notes", json!({ "content": content })).await.created()
}

async fn mark(reader: &Client, note: &Value) -> Value {
    reader.post("/api/readinglists", json!({ "note_id": note["id"] })).await.created()
}

fn time(value: &Value) -> Option<DateTime<Utc>> {
    value.as_str()?.parse().ok()
}

/// The ids in a list, in order.
fn ids(list: &Value) -> Vec<i64> {
    let items = list.as_array().into_iter().flatten();
    items.filter_map(|item| item["id"].as_i64()).collect()
}

/// Invalid contents.
fn bad_contents() -> Vec<Value> {
    let long = "ö".repeat(10_001);
    vec![
        json!(null),
        json!(""),
        json!(" \t\r\n"),
        json!("\u{a0}\u{2003}\u{3000}\u{2029}"),
        json!("a\0b"),
        json!(long),
        json!(5),
        json!(true),
        json!(["Hello"]),
        json!({ "text": "Hello" }),
    ]
}

/// Invalid dates.
fn bad_dates() -> Vec<Value> {
    vec![
        json!(null),
        json!(""),
        json!("tomorrow"),
        json!("2026-11-22"),
        json!("2026-11-22T10:00:00"),
        json!("2026-13-01T10:00:00Z"),
        json!("2026-02-30T10:00:00Z"),
        json!("2026-11-22T25:00:00Z"),
        json!(1_795_000_000),
        json!(false),
        json!([]),
    ]
}

/// Note 1, with who marked it.
const WITH_MARKS: &str = "/api/notes/1?include=users_marked";

#[tokio::test]
async fn a_note_is_written_and_read() {
    let (app, alice) = TestApp::with_user("alice").await;
    let written = alice.post("/api/notes", json!({ "content": "Hello" })).await;
    assert_eq!(written.header("location"), "/api/notes/1");
    let note = written.created();
    assert_eq!(note["user"], json!({ "id": alice.id, "username": "alice", "name": "Alice" }));
    assert_eq!(note["date"], note["created_at"]);

    assert_eq!(app.anonymous().get("/api/notes/1").await.ok(), note);
    let list = app.anonymous().get("/api/notes").await.ok();
    assert_eq!(list, json!([note]));
}

#[tokio::test]
async fn a_note_is_unimportant_and_dated_now_by_default() {
    let (_app, alice) = TestApp::with_user("alice").await;
    let note = write(&alice, "Hello").await;
    assert_eq!(note["id"], 1);
    assert_eq!(note["important"], false);
    assert!(time(&note["date"]).is_some(), "{note}");
    assert_eq!(note["updated_at"], note["created_at"]);

    let body = json!({ "content": "Hi", "important": true, "date": "2001-02-03T04:05:06Z" });
    let note = alice.post("/api/notes", body).await.created();
    assert_eq!(note["important"], true);
    assert_eq!(note["date"], "2001-02-03T04:05:06Z");
}

#[tokio::test]
async fn the_detail_is_the_note_and_the_users_who_marked_it() {
    let (app, alice) = TestApp::with_user("alice").await;
    let mut expected = write(&alice, "Hello").await;
    expected["users_marked"] = json!([]);
    expected["marked_count"] = json!(0);
    assert_eq!(app.anonymous().get(WITH_MARKS).await.ok(), expected);
}

#[tokio::test]
async fn a_date_comes_back_in_utc_with_its_fraction() {
    let (app, alice) = TestApp::with_user("alice").await;
    let body = json!({ "content": "Hello", "date": "2026-11-22T12:30:00.25+02:30" });
    let note = alice.post("/api/notes", body).await.created();
    assert_eq!(time(&note["date"]), time(&json!("2026-11-22T10:00:00.25Z")));
    for key in ["date", "created_at", "updated_at"] {
        assert!(note[key].as_str().is_some_and(|text| text.ends_with('Z')), "{note}");
    }
    assert_eq!(app.anonymous().get("/api/notes/1").await.ok()["date"], note["date"]);

    let change = json!({ "date": "2026-11-22T23:00:00.000001-03:00" });
    let note = alice.put("/api/notes/1", change).await.ok();
    assert_eq!(time(&note["date"]), time(&json!("2026-11-23T02:00:00.000001Z")));
}

#[tokio::test]
async fn an_invalid_date_is_rejected() {
    let (app, alice) = TestApp::with_user("alice").await;
    let note = write(&alice, "Hello").await;
    for date in bad_dates() {
        let new = alice.post("/api/notes", json!({ "content": "Hi", "date": date })).await;
        assert!(new.clone().problem(422).contains("date"), "{date}");
        assert_eq!(new.pointers(), ["/date"], "{date}");
        let change = alice.put("/api/notes/1", json!({ "date": date })).await;
        assert_eq!(change.pointers(), ["/date"], "{date}");
    }
    assert_eq!(app.anonymous().get("/api/notes").await.ok(), json!([note]));
}

#[tokio::test]
async fn content_must_be_text_neither_blank_nor_too_long() {
    let (app, alice) = TestApp::with_user("alice").await;
    let missing = alice.post("/api/notes", json!({})).await;
    assert!(missing.clone().problem(422).contains("content"));
    assert_eq!(missing.pointers(), ["/content"]);
    let note = write(&alice, "Hello").await;
    for content in bad_contents() {
        let new = alice.post("/api/notes", json!({ "content": content })).await;
        assert!(new.clone().problem(422).contains("content"), "{content}");
        assert_eq!(new.pointers(), ["/content"], "{content}");
        let change = alice.put("/api/notes/1", json!({ "content": content })).await;
        assert_eq!(change.pointers(), ["/content"], "{content}");
    }
    assert_eq!(app.anonymous().get("/api/notes").await.ok(), json!([note]));
}

#[tokio::test]
async fn empty_content_is_rejected_in_fixed_words() {
    let (_app, alice) = TestApp::with_user("alice").await;
    let answer = alice.post("/api/notes", json!({ "content": "" })).await;
    assert_eq!(answer.body["type"], "/problems/validation");
    assert_eq!(answer.body["title"], "Validation failed");
    let errors = json!([{ "pointer": "/content", "detail": "must not be empty" }]);
    assert_eq!(answer.body["errors"], errors);
    assert_eq!(answer.problem(422), "content must not be empty");
}

#[tokio::test]
async fn content_has_up_to_10_000_characters() {
    let (app, alice) = TestApp::with_user("alice").await;
    let longest = "ö".repeat(10_000);
    assert_eq!(write(&alice, &longest).await["content"], longest);
    assert_eq!(app.anonymous().get("/api/notes/1").await.ok()["content"], longest);
    assert_eq!(write(&alice, "x").await["content"], "x");
}

#[tokio::test]
async fn importance_is_true_or_false() {
    let (_app, alice) = TestApp::with_user("alice").await;
    write(&alice, "Hello").await;
    for important in [json!(null), json!("true"), json!(1), json!(""), json!([])] {
        let new =
            alice.post("/api/notes", json!({ "content": "Hi", "important": important })).await;
        assert_eq!(new.pointers(), ["/important"], "{important}");
        let change = alice.put("/api/notes/1", json!({ "important": important })).await;
        assert_eq!(change.pointers(), ["/important"], "{important}");
    }
}

#[tokio::test]
async fn all_violations_are_reported_at_once() {
    let (_app, alice) = TestApp::with_user("alice").await;
    write(&alice, "Hello").await;
    let body = json!({ "content": "", "important": "yes", "date": "tomorrow" });
    let new = alice.post("/api/notes", body.clone()).await;
    let error = new.clone().problem(422);
    assert!(["content", "important", "date"].iter().all(|name| error.contains(name)), "{error}");
    assert_eq!(new.pointers(), ["/content", "/important", "/date"]);
    let change = alice.put("/api/notes/1", body).await;
    assert_eq!(change.pointers(), ["/content", "/important", "/date"]);
}

#[tokio::test]
async fn a_body_must_be_an_object() {
    let (_app, alice) = TestApp::with_user("alice").await;
    write(&alice, "Hello").await;
    for body in [json!(null), json!([]), json!("Hello"), json!(1), json!(true)] {
        assert_eq!(alice.post("/api/notes", body.clone()).await.pointers(), [""], "{body}");
        assert_eq!(alice.put("/api/notes/1", body.clone()).await.pointers(), [""], "{body}");
    }
}

#[tokio::test]
async fn a_body_must_be_json() {
    let (_app, alice) = TestApp::with_user("alice").await;
    let latin_1 = [&b"{\"content\":\""[..], &[0xf6], b"\"}"].concat();
    let deep = "[".repeat(100_000).into_bytes();
    for body in [b"{".to_vec(), b"content=Hello".to_vec(), Vec::new(), latin_1, deep] {
        let answer = alice.send_raw(Method::POST, "/api/notes", "application/json", body).await;
        answer.problem(400);
    }
    let text = alice.send_raw(Method::POST, "/api/notes", "text/plain", "{}").await;
    text.problem(415);
}

#[tokio::test]
async fn members_the_author_may_not_set_are_ignored() {
    let (app, alice) = TestApp::with_user("alice").await;
    let forged = json!({
        "id": 4711, "user_id": 1, "user": { "id": 1, "username": "admin", "name": "Admin" },
        "created_at": "2001-01-01T00:00:00Z", "updated_at": "2001-01-01T00:00:00Z",
    });
    let mut new = forged.clone();
    new["content"] = json!("Hello");
    let note = alice.post("/api/notes", new).await.created();
    assert_eq!(note["id"], 1);
    assert_eq!(note["user"]["id"], alice.id);
    assert!(time(&note["created_at"]) > time(&forged["created_at"]), "{note}");
    assert_eq!(note["updated_at"], note["created_at"]);

    assert_eq!(alice.put("/api/notes/1", forged).await.ok(), note);
    assert_eq!(app.anonymous().get("/api/notes").await.ok(), json!([note]));
}

#[tokio::test]
async fn marks_are_shown_newest_first() {
    let (app, alice) = TestApp::with_user("alice").await;
    let note = write(&alice, "Hello").await;
    let bob = app.user("bob").await;
    mark(&bob, &note).await;
    mark(&alice, &note).await;

    let detail = app.anonymous().get(WITH_MARKS).await.ok();
    let marked = json!([
        { "id": alice.id, "username": "alice", "name": "Alice" },
        { "id": bob.id, "username": "bob", "name": "Bob" },
    ]);
    assert_eq!(detail["users_marked"], marked);
    assert_eq!(detail["marked_count"], 2);
}

#[tokio::test]
async fn a_note_shows_the_newest_100_marks_and_counts_all() {
    let (app, alice) = TestApp::with_user("alice").await;
    let note = write(&alice, "Hello").await;
    let mut readers = Vec::new();
    for n in 0..101 {
        let reader = app.user(&format!("reader{n}")).await;
        mark(&reader, &note).await;
        readers.push(reader.id);
    }

    let detail = app.anonymous().get(WITH_MARKS).await.ok();
    let newest: Vec<i64> = readers.into_iter().rev().take(100).collect();
    assert_eq!(ids(&detail["users_marked"]), newest);
    assert_eq!(detail["marked_count"], 101);
}

#[tokio::test]
async fn disabled_users_are_neither_shown_nor_counted_among_the_marks() {
    let (app, alice) = TestApp::with_user("alice").await;
    let note = write(&alice, "Hello").await;
    let bob = app.user("bob").await;
    mark(&alice, &note).await;
    mark(&bob, &note).await;
    let admin = app.admin().await;

    admin.put("/api/users/bob", json!({ "disabled": true })).await.ok();
    let detail = app.anonymous().get(WITH_MARKS).await.ok();
    assert_eq!(ids(&detail["users_marked"]), [alice.id]);
    assert_eq!(detail["marked_count"], 1);

    admin.put("/api/users/bob", json!({ "disabled": false })).await.ok();
    let detail = app.anonymous().get(WITH_MARKS).await.ok();
    assert_eq!(ids(&detail["users_marked"]), [bob.id, alice.id]);
    assert_eq!(detail["marked_count"], 2);
}

#[tokio::test]
async fn the_author_changes_what_is_sent_and_the_rest_is_kept() {
    let (app, alice) = TestApp::with_user("alice").await;
    let before = write(&alice, "Hello").await;
    for method in [Method::PUT, Method::PATCH] {
        let content = format!("Changed by {method}");
        let change = json!({ "content": content });
        let after = alice.send(method, "/api/notes/1", Some(change)).await.ok();
        let mut expected = before.clone();
        expected["content"] = json!(content);
        for moved in ["updated_at", "version"] {
            expected[moved] = after[moved].clone();
        }
        assert_eq!(after, expected);
    }
    let after = alice.put("/api/notes/1", json!({ "important": true })).await.ok();
    assert_eq!(after["content"], "Changed by PATCH");
    assert_eq!(after["important"], true);
    assert_eq!(app.anonymous().get("/api/notes").await.ok(), json!([after]));
}

#[tokio::test]
async fn updated_at_moves_with_each_change_and_created_at_never() {
    let (_app, alice) = TestApp::with_user("alice").await;
    let mut before = write(&alice, "Hello").await;
    let changes = [
        json!({ "content": "Hi" }),
        json!({ "important": true }),
        json!({ "date": "2001-01-01T00:00:00Z" }),
        json!({ "content": "Bye", "important": false, "date": "2002-02-02T00:00:00Z" }),
    ];
    for change in changes {
        let after = alice.put("/api/notes/1", change).await.ok();
        assert!(time(&after["updated_at"]) > time(&before["updated_at"]), "{after}");
        assert_eq!(after["created_at"], before["created_at"]);
        before = after;
    }
}

#[tokio::test]
async fn an_empty_change_changes_nothing() {
    let (app, alice) = TestApp::with_user("alice").await;
    let note = write(&alice, "Hello").await;
    for method in [Method::PUT, Method::PATCH] {
        let answer = alice.send(method, "/api/notes/1", Some(json!({}))).await;
        assert_eq!(answer.ok(), note);
    }
    assert_eq!(app.anonymous().get("/api/notes").await.ok(), json!([note]));
}

#[tokio::test]
async fn only_the_author_changes_a_note() {
    let (app, alice) = TestApp::with_user("alice").await;
    let note = write(&alice, "Hello").await;
    let change = json!({ "content": "Forged" });
    for other in [app.user("bob").await, app.admin().await] {
        let answer = other.put("/api/notes/1", change.clone()).await;
        assert_eq!(answer.problem(403), "operation not allowed");
        other.put("/api/notes/1", json!({})).await.problem(403);
    }
    assert_eq!(app.anonymous().get("/api/notes").await.ok(), json!([note]));
}

#[tokio::test]
async fn the_author_deletes_a_note() {
    let (app, alice) = TestApp::with_user("alice").await;
    write(&alice, "Hello").await;
    alice.delete("/api/notes/1").await.no_content();
    assert_eq!(app.anonymous().get("/api/notes/1").await.problem(404), "not found");
    assert_eq!(app.anonymous().get("/api/notes").await.ok(), json!([]));
    alice.delete("/api/notes/1").await.problem(404);
}

#[tokio::test]
async fn an_admin_deletes_a_note_and_another_user_does_not() {
    let (app, alice) = TestApp::with_user("alice").await;
    write(&alice, "Hello").await;
    let bob = app.user("bob").await;
    assert_eq!(bob.delete("/api/notes/1").await.problem(403), "operation not allowed");
    app.anonymous().get("/api/notes/1").await.ok();
    app.admin().await.delete("/api/notes/1").await.no_content();
    app.anonymous().get("/api/notes/1").await.problem(404);
}

#[tokio::test]
async fn deleting_a_note_deletes_its_marks() {
    let (app, alice) = TestApp::with_user("alice").await;
    let (note, other) = (write(&alice, "Hello").await, write(&alice, "Hi").await);
    let bob = app.user("bob").await;
    let reading = mark(&bob, &note).await;
    mark(&bob, &other).await;

    alice.delete("/api/notes/1").await.no_content();
    assert_eq!(ids(&bob.get("/api/readinglists").await.ok()), [2]);
    let path = format!("/api/readinglists/{}", reading["id"]);
    bob.put(&path, json!({ "read": true })).await.problem(404);
}

#[tokio::test]
async fn writing_needs_a_token_and_reading_does_not() {
    let (app, alice) = TestApp::with_user("alice").await;
    let note = write(&alice, "Hello").await;
    let anonymous = app.anonymous();
    let body = json!({ "content": "Hi" });
    let answers = [
        anonymous.post("/api/notes", body.clone()).await,
        anonymous.put("/api/notes/1", body.clone()).await,
        anonymous.send(Method::PATCH, "/api/notes/1", Some(body)).await,
        anonymous.delete("/api/notes/1").await,
    ];
    for answer in answers {
        assert_eq!(answer.problem(401), "token missing");
    }
    assert_eq!(anonymous.get("/api/notes").await.ok(), json!([note]));
}

#[tokio::test]
async fn a_bad_token_is_rejected_even_where_none_is_needed() {
    let (app, alice) = TestApp::with_user("alice").await;
    write(&alice, "Hello").await;
    let mut forger = app.anonymous();
    forger.token = Some("forged".into());
    for path in ["/api/notes", "/api/notes/1", "/api/notes/2"] {
        assert_eq!(forger.get(path).await.problem(401), "token invalid");
    }
    forger.post("/api/notes", json!({ "content": "Hi" })).await.problem(401);

    let disable = json!({ "disabled": true });
    app.admin().await.put("/api/users/alice", disable).await.ok();
    let answer = alice.post("/api/notes", json!({ "content": "Hi" })).await;
    assert_eq!(answer.problem(401), "account disabled");
}

#[tokio::test]
async fn an_invalid_id_is_not_found() {
    let (_app, alice) = TestApp::with_user("alice").await;
    write(&alice, "Hello").await;
    for id in NO_IDS.iter().chain(&["2", "9223372036854775807"]) {
        let path = format!("/api/notes/{id}");
        assert_eq!(alice.get(&path).await.problem(404), "not found", "{id}");
        assert_eq!(alice.put(&path, json!({ "content": "Hi" })).await.problem(404), "not found");
        assert_eq!(alice.delete(&path).await.problem(404), "not found", "{id}");
    }
}

#[tokio::test]
async fn another_method_is_not_allowed() {
    let (_app, alice) = TestApp::with_user("alice").await;
    let list = alice.send(Method::PATCH, "/api/notes", None).await;
    let allow = list.header("allow").to_owned();
    assert!(["GET", "POST"].iter().all(|method| allow.contains(method)), "{allow}");
    list.problem(405);
    let note = alice.post("/api/notes/1", json!({})).await;
    let allow = note.header("allow").to_owned();
    let methods = ["GET", "PUT", "PATCH", "DELETE"];
    assert!(methods.iter().all(|method| allow.contains(method)), "{allow}");
    note.problem(405);
}
