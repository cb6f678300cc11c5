//! `GET /api/notes`: filters, pages and query parameters.

use serde_json::{Value, json};
use testkit::TestApp;

use super::{ids, write};

/// No ids.
const NONE: [i64; 0] = [];

/// The text, encoded for a query byte by byte.
fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// The ids of the notes that a query finds.
async fn found(app: &TestApp, query: &str) -> Vec<i64> {
    ids(&app.anonymous().get(&format!("/api/notes?{query}")).await.ok())
}

/// The ids of the notes that contain this text.
async fn search(app: &TestApp, text: &str) -> Vec<i64> {
    found(app, &format!("search={}", escaped(text))).await
}

/// Queries that the list rejects, and the offending parameter.
const BAD_QUERIES: [(&str, &str); 12] = [
    ("colour=red", "colour"),
    ("importent=true", "importent"),
    ("name=alice", "name"),
    ("important=true&offset=1", "offset"),
    ("important=yes", "important"),
    ("important=TRUE", "important"),
    ("important=1", "important"),
    ("important=", "important"),
    ("important=true&important=true", "important"),
    ("search=a&search=b", "search"),
    ("search=%ff", "search"),
    ("user=alice&user=bob", "user"),
];

#[tokio::test]
async fn without_notes_the_list_is_empty() {
    let app = TestApp::start().await;
    let answer = app.anonymous().get("/api/notes").await;
    assert_eq!(answer.next(), None);
    assert_eq!(answer.ok(), json!([]));
}

#[tokio::test]
async fn notes_are_listed_newest_first_with_their_authors() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    let old = json!({ "content": "Second", "date": "2001-01-01T00:00:00Z" });
    let first = write(&alice, "First").await;
    let second = bob.post("/api/notes", old).await.created();
    let third = write(&alice, "Third").await;

    let list = app.anonymous().get("/api/notes").await.ok();
    assert_eq!(list, json!([third, second, first]));
    assert_eq!(list[1]["user"], json!({ "id": bob.id, "username": "bob", "name": "Bob" }));
}

#[tokio::test]
async fn the_notes_of_a_disabled_author_stay() {
    let (app, alice) = TestApp::with_user("alice").await;
    let note = write(&alice, "Hello").await;
    app.admin().await.put("/api/users/alice", json!({ "disabled": true })).await.ok();
    for path in ["/api/notes", "/api/notes?user=alice"] {
        assert_eq!(app.anonymous().get(path).await.ok(), json!([note]), "{path}");
    }
    assert_eq!(app.anonymous().get("/api/notes/1").await.ok()["user"], note["user"]);
}

#[tokio::test]
async fn notes_are_filtered_by_importance() {
    let (app, alice) = TestApp::with_user("alice").await;
    for important in [true, false, true] {
        let new = json!({ "content": "Hello", "important": important });
        alice.post("/api/notes", new).await.created();
    }
    assert_eq!(found(&app, "important=true").await, [3, 1]);
    assert_eq!(found(&app, "important=false").await, [2]);
}

#[tokio::test]
async fn text_is_found_anywhere_and_in_any_case() {
    let (app, alice) = TestApp::with_user("alice").await;
    for content in ["Hello world", "Say hello", "Goodbye"] {
        write(&alice, content).await;
    }
    assert_eq!(search(&app, "HELLO").await, [2, 1]);
    assert_eq!(search(&app, "lo wo").await, [1]);
    assert_eq!(search(&app, "bye").await, [3]);
    assert_eq!(found(&app, "search=hello+WORLD").await, [1]);
    assert_eq!(search(&app, "helloworld").await, NONE);
}

#[tokio::test]
async fn text_is_found_in_any_unicode_case_and_either_normal_form() {
    let (app, alice) = TestApp::with_user("alice").await;
    for content in ["Die ÄMMÄ", "a\u{308}mma\u{308} decomposed", "amma", "ПРИВЕТ"] {
        write(&alice, content).await;
    }
    for text in ["ämmä", "ÄMMÄ", "Ämmä", "a\u{308}mma\u{308}", "A\u{308}MMA\u{308}"] {
        assert_eq!(search(&app, text).await, [2, 1], "{text}");
    }
    assert_eq!(search(&app, "привет").await, [4]);
}

#[tokio::test]
async fn changed_content_is_found() {
    let (app, alice) = TestApp::with_user("alice").await;
    write(&alice, "Before").await;
    alice.put("/api/notes/1", json!({ "content": "Später" })).await.ok();
    assert_eq!(search(&app, "SPÄTER").await, [1]);
    assert_eq!(search(&app, "before").await, NONE);
}

#[tokio::test]
async fn no_character_is_a_wildcard_in_a_search() {
    let (app, alice) = TestApp::with_user("alice").await;
    for content in ["100% sure", "100 sure", "a_b", "axb", r"c\d", "cd", r"50\% off", "it's"] {
        write(&alice, content).await;
    }
    assert_eq!(search(&app, "%").await, [7, 1]);
    assert_eq!(search(&app, "100%").await, [1]);
    assert_eq!(search(&app, "1%e").await, NONE);
    assert_eq!(search(&app, "_").await, [3]);
    assert_eq!(search(&app, "a_b").await, [3]);
    assert_eq!(search(&app, r"\").await, [7, 5]);
    assert_eq!(search(&app, r"\%").await, [7]);
    assert_eq!(search(&app, r"c\d").await, [5]);
    assert_eq!(search(&app, "'").await, [8]);
}

#[tokio::test]
async fn notes_are_filtered_by_author() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    write(&alice, "First").await;
    write(&bob, "Second").await;
    write(&alice, "Third").await;
    for key in [alice.id.to_string(), "alice".into(), "ALICE".into()] {
        assert_eq!(found(&app, &format!("user={key}")).await, [3, 1], "{key}");
    }
    assert_eq!(found(&app, &format!("user={}", bob.id)).await, [2]);
    assert_eq!(found(&app, "user=admin").await, NONE);
}

#[tokio::test]
async fn an_unknown_author_has_no_notes() {
    let (app, alice) = TestApp::with_user("alice").await;
    write(&alice, "Hello").await;
    let unknown = ["nobody", "ali", "ali%25", "4711", "9223372036854775807", "0", "-1"];
    for key in unknown.iter().chain(&["9223372036854775808", "99999999999999999999"]) {
        assert_eq!(found(&app, &format!("user={key}")).await, NONE, "{key}");
    }
}

#[tokio::test]
async fn filters_combine_with_and() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    for author in [&alice, &bob] {
        for (content, important) in [("Tea", true), ("Tea", false), ("Milk", true)] {
            let new = json!({ "content": content, "important": important });
            author.post("/api/notes", new).await.created();
        }
    }
    assert_eq!(found(&app, "important=true&search=tea").await, [4, 1]);
    assert_eq!(found(&app, "user=bob&search=tea").await, [5, 4]);
    assert_eq!(found(&app, "user=alice&important=true").await, [3, 1]);
    assert_eq!(found(&app, "search=tea&user=bob&important=false").await, [5]);
    assert_eq!(found(&app, "search=milk&user=bob&important=false").await, NONE);
}

#[tokio::test]
async fn the_next_page_keeps_the_filters() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    for author in [&alice, &bob, &alice, &bob, &alice] {
        for (content, important) in [("ä & 50% + é", true), ("ä & 50% + é", false), ("x", true)]
        {
            let new = json!({ "content": content, "important": important });
            author.post("/api/notes", new).await.created();
        }
    }
    let search = escaped("Ä & 50% +");
    let path = format!("/api/notes?user=alice&important=true&limit=1&search={search}");
    let pages: Vec<Value> =
        app.anonymous().pages(&path).await.into_iter().map(Value::from).collect();
    let pages: Vec<Vec<i64>> = pages.iter().map(ids).collect();
    assert_eq!(pages, [[13], [7], [1]]);
}

#[tokio::test]
async fn an_invalid_query_is_rejected() {
    let (app, alice) = TestApp::with_user("alice").await;
    write(&alice, "Hello").await;
    for (query, name) in BAD_QUERIES {
        let error = app.anonymous().get(&format!("/api/notes?{query}")).await.problem(400);
        assert!(error.contains(name), "{query}: {error}");
    }
}

#[tokio::test]
async fn no_method_accepts_an_unknown_parameter() {
    let (app, alice) = TestApp::with_user("alice").await;
    let note = write(&alice, "Hello").await;
    let body = json!({ "content": "Hi" });
    let answers = [
        alice.post("/api/notes?dry_run=true", body.clone()).await,
        alice.get("/api/notes/1?dry_run=true").await,
        alice.put("/api/notes/1?dry_run=true", body).await,
        alice.delete("/api/notes/1?dry_run=true").await,
    ];
    for answer in answers {
        assert!(answer.problem(400).contains("dry_run"));
    }
    assert_eq!(app.anonymous().get("/api/notes").await.ok(), json!([note]));
}
