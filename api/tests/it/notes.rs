//! `/api/notes`

use serde_json::json;
use testkit::TestApp;

#[tokio::test]
async fn a_note_is_written_and_read() {
    let (app, alice) = TestApp::with_user("alice").await;
    let written = alice.post("/api/notes", json!({ "content": "Hello" })).await;
    assert_eq!(written.header("location"), "/api/notes/1");
    let note = written.created();
    assert_eq!(note["user"], json!({ "id": alice.id, "username": "alice", "name": "Alice" }));
    assert_eq!(note["date"], note["created_at"]);

    let read = app.anonymous().get("/api/notes/1").await.ok();
    assert_eq!(read["content"], "Hello");
    assert_eq!(read["users_marked"], json!([]));
    let list = app.anonymous().get("/api/notes").await.ok();
    assert_eq!(list, json!([note]));
}
