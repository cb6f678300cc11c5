//! `Idempotency-Key`: a request that is repeated has its effect once, and the same answer.

pub(crate) mod races;

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use service::{Db, DbSettings, idempotency, users::Registration};
use testkit::{Answer, Client, PASSWORD, TestApp};

/// Sends a request with a key.
pub(crate) async fn post(client: &Client, key: &str, path: &str, body: &Value) -> Answer {
    let request = client.request(Method::POST, path).header("Idempotency-Key", key).json(body);
    client.answer(Method::POST, path, request).await
}

/// What must not differ between an answer and its repetition.
pub(crate) fn told(answer: &Answer) -> (u16, String, [String; 3]) {
    let headers = ["content-type", "location", "etag"].map(|name| answer.header(name).to_owned());
    (answer.status.as_u16(), answer.text.clone(), headers)
}

fn is_replayed(answer: &Answer) -> bool {
    let replayed = answer.header("idempotency-replayed");
    assert!(["", "true"].contains(&replayed), "{replayed}");
    !replayed.is_empty()
}

/// Sends a request twice; the second answer must be the first one again.
async fn twice(client: &Client, key: &str, path: &str, body: &Value) -> Answer {
    let first = post(client, key, path, body).await;
    let again = post(client, key, path, body).await;
    assert!(!is_replayed(&first) && is_replayed(&again), "{path} {body}: {}", again.text);
    assert_eq!(told(&first), told(&again));
    first
}

/// Everything stored, apart from the keys.
async fn stored(app: &TestApp) -> Vec<(String, Value)> {
    let rows = app.database.rows().await.into_iter();
    rows.filter(|(table, _)| table != "idempotency_keys").collect()
}

#[tokio::test]
async fn a_repetition_has_no_effect_and_the_first_answer() {
    let (app, alice) = TestApp::with_user("alice").await;
    let admin = app.admin().await;
    admin.post("/api/notes", json!({ "content": "A note" })).await.created();
    let new_user = json!({ "username": "bob", "name": "Bob", "password": PASSWORD });
    for (client, path, body, status) in [
        (&alice, "/api/notes", json!({ "content": "Ä \"quoted\" note" }), 201),
        (&alice, "/api/teams", json!({ "name": "Ops" }), 201),
        (&alice, "/api/readinglists", json!({ "note_id": 1 }), 201),
        (&alice, "/api/readinglists", json!({ "note_id": 2 }), 201),
        (&alice, "/api/readinglists", json!({ "note_ids": [2, 1] }), 200),
        (&admin, "/api/users", new_user, 201),
    ] {
        let key = format!("{path} {body}").replace(' ', "_");
        let key: String = key.chars().filter(char::is_ascii_graphic).collect();
        let answer = post(client, &key, path, &body).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
        let before = stored(&app).await;
        let again = post(client, &key, path, &body).await;
        assert!(is_replayed(&again));
        assert_eq!(told(&answer), told(&again));
        assert_eq!(stored(&app).await, before);
    }
    let note = post(&alice, "location", "/api/notes", &json!({ "content": "A note" })).await;
    assert!(note.header("location").starts_with("/api/notes/"));
    assert!(note.header("etag").starts_with("\"1-"), "{}", note.header("etag"));
}

#[tokio::test]
async fn an_answer_stays_what_it_was() {
    let (app, alice) = TestApp::with_user("alice").await;
    let new = json!({ "content": "A note" });
    let first = post(&alice, "key", "/api/notes", &new).await;
    alice.put("/api/notes/1", json!({ "content": "Changed" })).await.ok();
    assert_eq!(told(&post(&alice, "key", "/api/notes", &new).await), told(&first));
    alice.delete("/api/notes/1").await.no_content();
    assert_eq!(told(&post(&alice, "key", "/api/notes", &new).await), told(&first));
    assert_eq!(app.database.number("SELECT COUNT(*) FROM notes").await, 0);
}

#[tokio::test]
async fn failures_that_depend_on_the_request_and_the_state_are_kept() {
    let app = TestApp::start_with(|settings| settings.registration = Registration::Closed).await;
    let admin = app.admin().await;
    admin.sign_up("alice").await;
    let alice = app.log_in("alice").await;
    admin.post("/api/teams", json!({ "name": "Ops" })).await.created();
    let new_user = json!({ "username": "bob", "name": "Bob", "password": PASSWORD });
    for (path, body, status) in [
        ("/api/users", new_user, 403),
        ("/api/readinglists", json!({ "note_id": 1, "user_id": admin.id }), 403),
        ("/api/teams", json!({ "name": "Ops" }), 409),
        ("/api/readinglists", json!({ "note_id": 1 }), 422),
        ("/api/readinglists", json!({ "note_ids": [1], "note_id": 1 }), 422),
        ("/api/notes", json!({ "content": "" }), 422),
        ("/api/notes", json!([]), 422),
    ] {
        let key = body.to_string().replace(' ', "");
        let answer = twice(&alice, &key, path, &body).await;
        assert_eq!(answer.status.as_u16(), status, "{path} {}", answer.text);
    }

    // Also when the same request would succeed by now.
    let taken = json!({ "name": "Ops" });
    admin.delete("/api/teams/1").await.no_content();
    assert!(is_replayed(&post(&alice, "{\"name\":\"Ops\"}", "/api/teams", &taken).await));
    alice.post("/api/teams", taken).await.created();
}

#[tokio::test]
async fn failures_that_say_nothing_about_the_request_are_not_kept() {
    let (app, alice) = TestApp::with_user("alice").await;
    let send = async |content_type: &str, body: &str| {
        let request = alice.request(Method::POST, "/api/notes").header("Idempotency-Key", "key");
        let request = request.header("Content-Type", content_type).body(body.to_owned());
        alice.answer(Method::POST, "/api/notes", request).await
    };
    send("application/json", "{").await.problem(400);
    send("application/json", "{\"content\":\"a\",\"content\":\"b\"}").await.problem(400);
    send("text/plain", "{}").await.problem(415);
    send("application/json", &" ".repeat(300_000)).await.problem(413);
    post(&alice, "key", "/api/notes?unknown=1", &json!({ "content": "A note" })).await.problem(400);
    let mut stranger = alice.clone();
    stranger.token = Some("no token".into());
    post(&stranger, "key", "/api/notes", &json!({ "content": "A note" })).await.problem(401);
    let nobody = app.anonymous();
    post(&nobody, "key", "/api/notes", &json!({ "content": "A note" })).await.problem(401);

    twice(&alice, "key", "/api/notes", &json!({ "content": "A note" })).await.created();
}

#[tokio::test]
async fn a_key_belongs_to_one_request_of_one_user() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    let new = json!({ "content": "A note" });
    twice(&alice, "key", "/api/notes", &new).await.created();
    for (path, body) in [
        ("/api/notes", json!({ "content": "Another" })),
        ("/api/notes", json!({})),
        ("/api/teams", new.clone()),
        ("/api/teams", json!({ "name": "Ops" })),
    ] {
        let refused = post(&alice, "key", path, &body).await;
        assert!(!is_replayed(&refused));
        assert_eq!(refused.clone().pointers(), [""], "{path} {body}");
        assert!(refused.problem(422).contains("Idempotency-Key"));
    }
    twice(&bob, "key", "/api/notes", &new).await.created();
    twice(&alice, "Key", "/api/notes", &new).await.created();
    assert_eq!(app.database.number("SELECT COUNT(*) FROM notes").await, 3);
    assert_eq!(app.database.number("SELECT COUNT(*) FROM teams").await, 0);
}

#[tokio::test]
async fn a_key_has_1_to_255_visible_characters() {
    let (app, alice) = TestApp::with_user("alice").await;
    let new = json!({ "content": "A note" });
    for key in ["", "a b", "ä", &"x".repeat(256)] {
        let refused = post(&alice, key, "/api/notes", &new).await;
        assert!(refused.problem(400).contains("Idempotency-Key"), "{key}");
    }
    let request = alice.request(Method::POST, "/api/notes").json(&new);
    let request = request.header("Idempotency-Key", "a").header("Idempotency-Key", "b");
    alice.answer(Method::POST, "/api/notes", request).await.problem(400);
    assert_eq!(app.database.number("SELECT COUNT(*) FROM notes").await, 0);
    for key in ["!", "~", "\"quoted\"", &"x".repeat(255)] {
        twice(&alice, key, "/api/notes", &new).await.created();
    }
}

#[tokio::test]
async fn keys_of_anonymous_callers_are_ignored() {
    let app = TestApp::start().await;
    let new = json!({ "username": "alice", "name": "Alice", "password": PASSWORD });
    for key in ["key", "a b"] {
        let anyone = app.anonymous();
        let status = if key == "key" { 201 } else { 409 };
        let answer = post(&anyone, key, "/api/users", &new).await;
        assert_eq!(answer.status.as_u16(), status);
        assert!(!is_replayed(&answer));
    }
    assert_eq!(app.database.number("SELECT COUNT(*) FROM idempotency_keys").await, 0);
    let credentials = json!({ "username": "alice", "password": PASSWORD });
    let alice = app.log_in("alice").await;
    let first = post(&alice, "key", "/api/login", &credentials).await.ok();
    let second = post(&alice, "key", "/api/login", &credentials).await.ok();
    assert_ne!(first["token"], second["token"]);
}

#[tokio::test]
async fn an_ended_session_gets_no_answer_that_is_kept() {
    let (app, alice) = TestApp::with_user("alice").await;
    let new = json!({ "content": "A note" });
    twice(&alice, "key", "/api/notes", &new).await.created();
    let elsewhere = app.log_in("alice").await;
    alice.delete("/api/logout").await.no_content();
    assert_eq!(post(&alice, "key", "/api/notes", &new).await.problem(401), "session expired");
    assert!(is_replayed(&post(&elsewhere, "key", "/api/notes", &new).await));
}

#[tokio::test]
async fn keys_and_requests_are_stored_as_keyed_hashes() {
    let new = json!({ "username": "bob", "name": "Bob", "password": "quite-secret-42" });
    let mut hashes = Vec::new();
    for secret in
        [b"one secret of the tests, and no other", b"two secret of the tests, and no other"]
    {
        let app = TestApp::start_with(|settings| {
            settings.secret = Some(api::server::settings::Secret(secret.to_vec()));
        })
        .await;
        post(&app.admin().await, "my-own-key", "/api/users", &new).await.created();
        let rows = app.database.rows().await;
        let rows: Vec<_> = rows.iter().filter(|(table, _)| table == "idempotency_keys").collect();
        let [(_, row)] = rows[..] else { panic!("{rows:?}") };
        let text = row.to_string();
        assert!(!text.contains("my-own-key") && !text.contains("quite-secret-42"), "{text}");
        hashes.push(["key_hash", "request_hash"].map(|name| row[name].to_string()));
    }
    assert!(hashes[0].iter().all(|hash| !hashes[1].contains(hash)), "{hashes:?}");
}

/// Makes all keys older than they are.
async fn age(app: &TestApp, by: TimeDelta) {
    let time = service::clock::now() - by;
    let column = if app.database.is_postgres() { "timestamptz" } else { "text" };
    let time = time.format("%Y-%m-%d %H:%M:%S%.6f+00:00");
    let set = format!("UPDATE idempotency_keys SET created_at = CAST('{time}' AS {column})");
    app.database.execute(&set).await;
}

#[tokio::test]
async fn answers_are_kept_for_24_hours() {
    let (app, alice) = TestApp::with_user("alice").await;
    let new = json!({ "content": "A note" });
    let first = post(&alice, "key", "/api/notes", &new).await;
    age(&app, TimeDelta::minutes(24 * 60 - 5)).await;
    assert!(is_replayed(&post(&alice, "key", "/api/notes", &new).await));
    age(&app, TimeDelta::hours(24)).await;
    let second = twice(&alice, "key", "/api/notes", &new).await;
    assert_ne!(first.created()["id"], second.created()["id"]);
}

/// Inserts this many keys of a user.
async fn keep_many(app: &TestApp, user_id: i64, count: usize) {
    let rows = (0..count)
        .map(|number| format!("({user_id}, '{number}', 'x', 'x', '2026-11-22 10:00:00+00:00')"));
    let rows: Vec<String> = rows.collect();
    let columns = "user_id, key_hash, request_hash, answer, created_at";
    let insert = format!("INSERT INTO idempotency_keys ({columns}) VALUES {}", rows.join(", "));
    app.database.execute(&insert).await;
}

#[tokio::test]
async fn only_expired_keys_are_purged() {
    let (app, alice) = TestApp::with_user("alice").await;
    keep_many(&app, alice.id, 1_234).await;
    age(&app, TimeDelta::hours(25)).await;
    let new = json!({ "content": "A note" });
    twice(&alice, "key", "/api/notes", &new).await.created();
    let db = Db::connect(&DbSettings::new(app.database.url())).await.unwrap();
    assert_eq!(idempotency::purge(&db).await.unwrap(), 1_234);
    assert_eq!(idempotency::purge(&db).await.unwrap(), 0);
    assert!(is_replayed(&post(&alice, "key", "/api/notes", &new).await));
}

#[tokio::test]
async fn keys_are_deleted_with_their_user_also_in_steps() {
    let app = TestApp::start().await;
    for count in [3, 1_100] {
        let alice = app.user("alice").await;
        keep_many(&app, alice.id, count).await;
        alice.delete("/api/users/alice").await.no_content();
        for table in ["idempotency_keys", "deletions"] {
            let left = app.database.number(&format!("SELECT COUNT(*) FROM {table}")).await;
            assert_eq!(left, 0, "{table}");
        }
    }
}

#[tokio::test]
async fn a_key_costs_two_statements_and_on_postgresql_a_lock() {
    let (app, alice) = TestApp::with_user("alice").await;
    let new = json!({ "content": "A note" });
    let locks = usize::from(app.database.is_postgres());
    app.statements();
    alice.post("/api/notes", new.clone()).await.created();
    let without = app.statements().len();
    post(&alice, "key", "/api/notes", &new).await.created();
    assert_eq!(app.statements().len(), without + 2 + locks);
    post(&alice, "key", "/api/notes", &new).await.created();
    assert_eq!(app.statements().len(), 2 + 1 + locks, "the session twice, and the answer");
}
