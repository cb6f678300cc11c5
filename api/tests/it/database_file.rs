//! The file of an SQLite database.

use std::fs;

use reqwest::StatusCode;
use serde_json::json;
use testkit::{Client, TestApp};

async fn write(client: &Client) -> StatusCode {
    client.post("/api/notes", json!({ "content": "A note" })).await.status
}

#[tokio::test]
async fn nothing_is_written_to_a_file_that_is_deleted_or_replaced() {
    let (app, alice) = TestApp::with_user("alice").await;
    let Some(file) = app.database.file() else { return };
    let (kept, copy) = (file.with_extension("kept"), file.with_extension("copy"));
    assert_eq!(write(&alice).await, StatusCode::CREATED);
    fs::copy(&file, &copy).unwrap();
    fs::rename(&file, &kept).unwrap();
    for replacement in [None, Some(&copy)] {
        if let Some(replacement) = replacement {
            fs::rename(replacement, &file).unwrap();
        }
        for _ in 0..3 {
            assert_eq!(write(&alice).await, StatusCode::SERVICE_UNAVAILABLE);
        }
        let ready = alice.get("/readyz").await;
        assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE, "{}", ready.text);
    }
    fs::rename(&kept, &file).unwrap();
    assert_eq!(alice.get("/readyz").await.status, StatusCode::OK);
    assert_eq!(write(&alice).await, StatusCode::CREATED);
    assert_eq!(app.database.number("SELECT count(*) FROM notes").await, 2);
}
