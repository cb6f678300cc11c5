//! A database that only resembles PostgreSQL. No test has a real one: this shows what the service does about the
//! differences that are documented.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::json;
use testkit::{Client, Fault, FaultProxy, Moment, TestApp, TestDatabase};

use crate::idempotency::{
    post,
    races::{another, new_note, repeat},
};

/// The service on a database that was migrated by it, behind a proxy. Nothing on SQLite.
async fn start() -> Option<(TestApp, FaultProxy)> {
    let database = TestDatabase::empty().await;
    if !database.is_postgres() {
        return None;
    }
    let proxy = FaultProxy::start_as_lookalike(database.url());
    let url = proxy.url().to_owned();
    let app = TestApp::start_on(database, |settings| settings.database.url = url).await;
    Some((app, proxy))
}

/// Writes this many notes under keys, each with a mark, and reads them; returns the contents.
async fn write_and_read(client: Client, notes: usize) -> BTreeSet<String> {
    let mut written = BTreeSet::new();
    for number in 0..notes {
        let content = format!("Note {number} of {}", client.id);
        let key = content.replace(' ', "-");
        let note = post(&client, &key, "/api/notes", &json!({ "content": content })).await;
        let note = note.created();
        client.post("/api/readinglists", json!({ "note_id": note["id"] })).await.created();
        let path = format!("/api/notes/{}?include=users_marked", note["id"]);
        assert_eq!(client.get(&path).await.ok()["users_marked"][0]["id"], client.id);
        client.get("/api/users?limit=5").await.ok();
        written.insert(content);
    }
    written
}

#[tokio::test]
async fn nothing_fails_or_is_lost_when_one_statement_in_twenty_is_rolled_back() {
    let Some((app, proxy)) = start().await else { return };
    let mut clients = Vec::new();
    for name in ["alice", "bob", "carol", "dave"] {
        clients.push(app.user(name).await);
    }
    proxy.inject_one_in(Fault::raise(Moment::Statement, "40001"), 20);
    let written = join_all(clients.iter().map(|client| write_and_read(client.clone(), 25))).await;
    let rolled_back = proxy.injected();
    proxy.clear();
    assert!(rolled_back > 20, "{rolled_back}");
    for (client, written) in clients.iter().zip(written) {
        let path = format!("/api/users/{}/notes?limit=200", client.id);
        let notes = client.get(&path).await.ok();
        let notes = notes.as_array().unwrap().iter();
        let found: Vec<_> = notes.map(|note| note["content"].as_str().unwrap()).collect();
        assert_eq!(found.len(), written.len());
        assert!(found.iter().all(|content| written.contains(*content)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_repeated_on_two_instances_at_once_have_one_effect_and_one_answer() {
    const REQUESTS: usize = 20;
    let Some((app, proxy)) = start().await else { return };
    let alice = app.user("alice").await;
    let (_there, elsewhere) = another(proxy.url(), &alice).await;
    repeat([&alice, &elsewhere], (0..REQUESTS).map(new_note)).await;
    // The name is taken where the team has been made already.
    let new_team = |number| ("/api/teams", json!({ "name": format!("Team {number}") }));
    repeat([&alice, &elsewhere], (0..REQUESTS).map(new_team)).await;
    let another = json!({ "content": "Another" });
    let other = post(&elsewhere, "/api/notes-0", "/api/notes", &another).await;
    assert_eq!(other.pointers(), [""]);
    for table in ["notes", "teams", "(SELECT DISTINCT content FROM notes) AS contents"] {
        let rows = app.database.number(&format!("SELECT COUNT(*) FROM {table}")).await;
        assert_eq!(rows, 20, "{table}");
    }
}
