//! Searches with and without a trigram index.

use serde_json::json;
use testkit::{Client, TestApp, TestDatabase};

/// Writes this many notes with this content.
async fn write_many(database: &TestDatabase, content: &str, count: u32) {
    let columns = "important, date, user_id, created_at, updated_at";
    let sql = format!(
        "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}) \
         INSERT INTO notes (content, content_folded, {columns}) \
         SELECT '{content}', '{content}', {columns} FROM notes, numbers WHERE id = 1"
    );
    database.execute(&sql).await;
}

/// The ids of all notes that a search finds, page by page.
async fn walk(client: &Client, text: &str) -> Vec<i64> {
    let mut ids = Vec::new();
    let mut next = Some(format!("/api/notes?limit=200&search={text}"));
    while let Some(path) = next {
        let page = client.get(&path).await;
        next = page.next();
        ids.extend(page.ok().as_array().unwrap().iter().map(|note| note["id"].as_i64().unwrap()));
    }
    ids
}

#[tokio::test]
async fn rare_and_common_words_are_found_in_the_same_order() {
    const MANY: i64 = 5_200;
    let (app, alice) = TestApp::with_user("alice").await;
    alice.post("/api/notes", json!({ "content": "A zebra first" })).await.created();
    write_many(&app.database, "a common word", 5_200).await;
    alice
        .post("/api/notes", json!({ "content": "A ZEBRA last, and a common word" }))
        .await
        .created();

    assert_eq!(walk(&alice, "zebra").await, [MANY + 2, 1]);
    app.statements();
    assert_eq!(walk(&alice, "common").await, (2..=MANY + 2).rev().collect::<Vec<_>>());
    let uses_index = app.statements().iter().any(|sql| sql.contains("\"id\" IN (SELECT \"rowid\""));
    assert!(!uses_index, "SQLite's index was used for a word that most notes have");
    assert_eq!(walk(&alice, "zebra+last%2C+and+a+common").await, [MANY + 2]);
    assert_eq!(walk(&alice, "ebr").await, [MANY + 2, 1]);
    assert_eq!(walk(&alice, "eb").await, [MANY + 2, 1]);
}

#[tokio::test]
async fn the_index_follows_what_is_written_changed_and_deleted() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    let note = alice.post("/api/notes", json!({ "content": "About walruses" })).await.created();
    bob.post("/api/notes", json!({ "content": "More walruses" })).await.created();
    assert_eq!(walk(&alice, "WALRUS").await, [2, 1]);
    let path = format!("/api/notes/{}", note["id"]);
    alice.put(&path, json!({ "content": "About penguins" })).await.ok();
    assert_eq!(walk(&alice, "walrus").await, [2]);
    assert_eq!(walk(&alice, "penguin").await, [1]);
    alice.delete(&path).await.no_content();
    assert_eq!(walk(&alice, "penguin").await, [0_i64; 0]);
    bob.delete("/api/users/bob").await.no_content();
    assert_eq!(walk(&alice, "walrus").await, [0_i64; 0]);
    if !app.database.is_postgres() {
        // Fails if the index does not fit the notes.
        let check = "INSERT INTO notes_search (notes_search, rank) VALUES ('integrity-check', 1)";
        app.database.execute(check).await;
    }
}

#[tokio::test]
async fn a_long_text_is_found_beyond_what_is_looked_up() {
    let (app, alice) = TestApp::with_user("alice").await;
    let start = "x%_y".repeat(45);
    for end in ["one", "two"] {
        alice.post("/api/notes", json!({ "content": format!("{start}{end}!") })).await.created();
    }
    let escaped = start.replace('%', "%25");
    let anyone = app.anonymous();
    assert_eq!(walk(&anyone, &format!("{escaped}two")).await, [2]);
    assert_eq!(walk(&anyone, &escaped).await, [2, 1]);
    assert_eq!(walk(&anyone, &escaped.replace('_', "z")).await, [0_i64; 0]);
}
