//! The file of an SQLite database.

use std::{fs, time::Duration};

use reqwest::StatusCode;
use serde_json::json;
use testkit::{Client, TestApp};
use tokio::time::{sleep, timeout};

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

#[tokio::test]
async fn the_write_ahead_log_is_emptied_while_reads_overlap() {
    const LIMIT: u64 = 64 * 1024 * 1024;
    let (app, alice) = TestApp::with_user("alice").await;
    let Some(file) = app.database.file() else { return };
    let wal = file.with_extension("db-wal");
    let size = || fs::metadata(&wal).unwrap().len();
    let snapshot = app.database.hold("SELECT count(*) FROM users").await;
    app.database.execute("CREATE TABLE large AS SELECT zeroblob(80000000)").await;
    assert!(size() > LIMIT, "{}", size());
    let metrics = alice.get("/metrics").await.text;
    assert!(metrics.contains(&format!("teamnotes_database_wal_bytes {}", size())), "{metrics}");
    drop(snapshot);
    let read = |client: Client| async move {
        loop {
            client.get("/api/users").await.ok();
        }
    };
    let readers: Vec<_> = (0..4).map(|_| tokio::spawn(read(alice.clone()))).collect();
    let emptied = async {
        while size() > LIMIT {
            assert_eq!(write(&alice).await, StatusCode::CREATED);
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), emptied).await.unwrap();
    assert!(readers.iter().all(|reader| !reader.is_finished()), "a read failed");
}
