//! What takes long, or does not end by itself, keeps nobody from logging in, from reading or from finding the
//! service ready.

use std::{sync::LazyLock, time::Duration};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use testkit::{ADMIN, Answer, Client, PASSWORD, TestApp, TestDatabase};
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

/// As long as anyone waits for what is not a search.
const PROMPT: Duration = Duration::from_secs(1);

/// A search that almost matches at each character of each team's name, and that no index helps: nowhere are three
/// characters in a row.
static SEARCH: LazyLock<String> =
    LazyLock::new(|| format!("/api/teams?name=%25{}b%25", "aa_".repeat(50)));

/// The service with this time limit for queries, where the search takes far longer than these tests.
async fn with_slow_searches(read_timeout: Duration) -> (TestApp, Client) {
    let app = TestApp::start_with(|settings| {
        settings.database.max_connections = 16;
        settings.database.read_timeout = read_timeout;
    })
    .await;
    let alice = app.user("alice").await;
    // Indexing the long names would take most of the time.
    let unindexed = match app.database.is_postgres() {
        true => "DROP INDEX idx_teams_name_folded_trigrams",
        false => "DROP TRIGGER teams_search_insert",
    };
    app.database.execute(unindexed).await;
    let name = long_text(&app.database, 30_000);
    let numbers = numbers(&app.database, 3_000);
    app.database
        .execute(&format!(
            "INSERT INTO teams (name, name_folded) SELECT CAST(i AS text), {name} FROM {numbers}"
        ))
        .await;
    (app, alice)
}

/// SQL for this many letters `a`.
fn long_text(database: &TestDatabase, length: usize) -> String {
    match database.is_postgres() {
        true => format!("repeat('a', {length})"),
        false => format!("replace(hex(zeroblob({})), '0', 'a')", length / 2),
    }
}

/// SQL for a table with the numbers `i` from 1 to this one.
fn numbers(database: &TestDatabase, last: usize) -> String {
    match database.is_postgres() {
        true => format!("generate_series(1, {last}) AS numbers(i)"),
        false => format!(
            "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {last}) \
              SELECT i FROM n) AS numbers"
        ),
    }
}

fn spawn_search(client: &Client) -> JoinHandle<Answer> {
    let client = client.clone();
    tokio::spawn(async move { client.get(&SEARCH).await })
}

#[track_caller]
fn assert_unavailable(answer: Answer) {
    assert_eq!(answer.header("retry-after"), "1", "{}: {}", answer.status, answer.text);
    answer.problem(503);
}

/// Logs in, checks a session, reads a list and asks whether the service is ready, each of it in time.
async fn assert_prompt(client: &Client) {
    for path in ["/readyz", "/api/sessions/current", "/api/notes", "/api/users"] {
        let answer = timeout(PROMPT, client.get(path)).await;
        assert_eq!(answer.unwrap().status, 200, "{path}");
    }
}

async fn assert_prompt_login(client: &Client) {
    let credentials = json!({ "username": ADMIN, "password": PASSWORD });
    timeout(PROMPT, client.post("/api/login", credentials)).await.unwrap().ok();
}

/// Requires this to become true within a few seconds.
async fn until(is_so: impl AsyncFn() -> bool) {
    let wait = async {
        while !is_so().await {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(5), wait).await.unwrap();
}

/// Until the service says that this many connections for searches are in use.
async fn until_searches_run(app: &TestApp, count: u32) {
    let used =
        format!(r#"teamnotes_database_connections{{pool="searches",state="in_use"}} {count}"#);
    until(async || app.anonymous().get("/metrics").await.text.contains(&used)).await;
}

#[tokio::test]
async fn fifty_slow_searches_keep_nobody_waiting_and_are_stopped() {
    let (app, alice) = with_slow_searches(Duration::from_secs(2)).await;
    let searches: Vec<_> = (0..50).map(|_| spawn_search(&app.anonymous())).collect();
    let end = Instant::now() + Duration::from_secs(3);
    while Instant::now() < end {
        assert_prompt(&alice).await;
        assert_prompt_login(&alice).await;
    }
    for search in searches {
        assert_unavailable(timeout(Duration::from_secs(3), search).await.unwrap().unwrap());
    }
    until_searches_run(&app, 0).await;
}

#[tokio::test]
async fn a_search_is_stopped_when_its_client_hangs_up() {
    let (app, _) = with_slow_searches(Duration::from_mins(10)).await;
    let address = app.address().trim_start_matches("http://");
    let request = format!("GET {} HTTP/1.1\r\nHost: {address}\r\n\r\n", *SEARCH);
    for _ in 0..2 {
        let mut clients = Vec::new();
        for _ in 0..3 {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(request.as_bytes()).await.unwrap();
            clients.push(client);
        }
        until_searches_run(&app, 3).await;
        drop(clients);
        until_searches_run(&app, 0).await;
    }
    if app.database.is_postgres() {
        let running = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                       AND pid <> pg_backend_pid() AND state = 'active' AND query LIKE '%name_folded%'";
        until(async || app.database.number(running).await == 0).await;
    }
}

#[tokio::test]
async fn a_change_that_does_not_end_is_stopped_and_undone() {
    let app = TestApp::start_with(|settings| {
        settings.database.statement_timeout = Duration::from_secs(1);
    })
    .await;
    let alice = app.user("alice").await;
    for statement in endless_inserts(&app.database) {
        app.database.execute(statement).await;
    }
    let write = || alice.post("/api/notes", json!({ "content": "A note" }));
    assert_unavailable(timeout(Duration::from_secs(4), write()).await.unwrap());
    let on = if app.database.is_postgres() { " ON notes" } else { "" };
    app.database.execute(&format!("DROP TRIGGER endless{on}")).await;
    write().await.created();
    assert_eq!(app.database.number("SELECT count(*) FROM notes").await, 1);
}

/// Inserting a note never ends.
fn endless_inserts(database: &TestDatabase) -> &'static [&'static str] {
    if database.is_postgres() {
        &[
            "CREATE FUNCTION endless() RETURNS trigger LANGUAGE plpgsql AS \
             'BEGIN PERFORM pg_sleep(600); RETURN NEW; END'",
            "CREATE TRIGGER endless AFTER INSERT ON notes FOR EACH ROW EXECUTE FUNCTION endless()",
        ]
    } else {
        &["CREATE TRIGGER endless AFTER INSERT ON notes BEGIN \
           INSERT INTO notes SELECT * FROM notes WHERE id IN \
           (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0); \
           END"]
    }
}

#[tokio::test]
async fn a_search_for_what_almost_matches_everywhere_is_fast() {
    let (app, alice) = TestApp::with_user("alice").await;
    // With all the trigrams of what is searched for.
    let content = format!("{} || 'c%aabaabc'", long_text(&app.database, 9_990));
    let numbers = numbers(&app.database, 1_500);
    let note = json!({ "content": "b" });
    alice.post("/api/notes", note).await.created();
    let columns = "important, date, user_id, created_at, updated_at";
    app.database
        .execute(&format!(
            "INSERT INTO notes (content, content_folded, {columns}) \
             SELECT {content}, {content}, {columns} FROM notes, {numbers}"
        ))
        .await;
    let text = "a".repeat(199);
    for almost in [format!("{text}b"), format!("b{text}"), format!("%{}b", &text[1..])] {
        let path = format!("/api/notes?search={}", almost.replace('%', "%25"));
        let found = timeout(Duration::from_secs(4), alice.get(&path)).await.unwrap().ok();
        assert_eq!(found, json!([]));
    }
    let found = alice.get(&format!("/api/notes?limit=1&search={text}")).await.ok();
    assert_eq!(found.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn writers_that_wait_keep_nobody_from_reading() {
    let app = TestApp::start_with(|settings| {
        settings.database.acquire_timeout = Duration::from_secs(3);
        settings.database.statement_timeout = Duration::from_secs(3);
    })
    .await;
    let alice = app.user("alice").await;
    let lock = match app.database.is_postgres() {
        true => "LOCK TABLE notes IN SHARE MODE",
        false => "UPDATE notes SET important = important",
    };
    let held = app.database.hold(lock).await;
    let write = |client: Client| async move {
        client.send(Method::POST, "/api/notes", Some(json!({ "content": "A note" }))).await
    };
    let writers: Vec<_> = (0..12).map(|_| tokio::spawn(write(alice.clone()))).collect();
    let end = Instant::now() + Duration::from_secs(2);
    while Instant::now() < end {
        assert_prompt(&alice).await;
    }
    assert!(writers.iter().all(|writer| !writer.is_finished()), "nobody had to wait");
    drop(held);
    for writer in writers {
        assert!(matches!(writer.await.unwrap().status.as_u16(), 201 | 503));
    }
    write(alice).await.created();
}

#[tokio::test]
async fn one_network_gets_large_pages_at_once_without_a_rejection() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let content = "a".repeat(7_000);
    for _ in 0..50 {
        alice.post("/api/notes", json!({ "content": content })).await.created();
    }
    let reader = app.anonymous();
    let pages = (0..64).map(|_| reader.get("/api/notes?limit=50"));
    for page in join_all(pages).await {
        assert_eq!(page.status, 200, "{}", page.text);
        assert!(page.text.len() > 350_000);
    }
}
