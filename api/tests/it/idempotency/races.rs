//! Repetitions at the same time, on several instances.

use std::{collections::HashSet, env};

use futures_util::future::join_all;
use serde_json::{Value, json};
use service::DbSettings;
use testkit::{Answer, Client, TestApp};
use tokio::task::JoinSet;

use super::{is_replayed, post, told};

/// How many requests there are; `IDEMPOTENT_REQUESTS` sets another number.
fn number_of_requests() -> usize {
    env::var("IDEMPOTENT_REQUESTS").map_or(60, |number| number.parse().unwrap())
}

/// How often each is sent at once.
const REPETITIONS: usize = 5;

/// Requests in progress at a time.
const CONCURRENT: usize = 8;

/// Another instance on the database with this URL, and the same client there.
pub(crate) async fn another(url: &str, client: &Client) -> (TestApp, Client) {
    let shared = DbSettings::new(url);
    let other = TestApp::start_with(|settings| settings.database = shared).await;
    let mut client = client.clone();
    client.move_to(other.address());
    (other, client)
}

/// Repeats a request until it is answered.
async fn persist(client: &Client, key: &str, path: &str, body: &Value) -> Answer {
    loop {
        let answer = post(client, key, path, body).await;
        if !matches!(answer.status.as_u16(), 409 | 503) {
            return answer;
        }
        assert_eq!(answer.header("retry-after"), "1", "{}", answer.text);
        tokio::task::yield_now().await;
    }
}

/// Sends each request several times at once, to the instances of both clients: one makes something, and the others get its
/// answer.
pub(crate) async fn repeat(
    clients: [&Client; 2],
    requests: impl IntoIterator<Item = (&'static str, Value)>,
) {
    let mut running = JoinSet::new();
    for (number, (path, body)) in requests.into_iter().enumerate() {
        if running.len() == CONCURRENT {
            running.join_next().await.unwrap().unwrap();
        }
        let clients = clients.map(Client::clone);
        running.spawn(async move {
            let key = format!("{path}-{number}");
            let sent = (0..REPETITIONS)
                .map(|repetition| persist(&clients[repetition % 2], &key, path, &body));
            let answers = join_all(sent).await;
            let different: HashSet<_> = answers.iter().map(told).collect();
            assert_eq!(different.len(), 1, "{different:#?}");
            assert_eq!(answers[0].status, 201, "{}", answers[0].text);
            assert_eq!(answers.iter().filter(|answer| !is_replayed(answer)).count(), 1);
        });
    }
    while let Some(done) = running.join_next().await {
        done.unwrap();
    }
}

/// A request for a note.
pub(crate) fn new_note(number: usize) -> (&'static str, Value) {
    ("/api/notes", json!({ "content": format!("Note {number}") }))
}

#[tokio::test(flavor = "multi_thread")]
async fn repetitions_on_two_instances_at_once_have_one_effect_and_one_answer() {
    let (here, alice) = TestApp::with_user("alice").await;
    let (_there, elsewhere) = another(here.database.url(), &alice).await;
    repeat([&alice, &elsewhere], (0..number_of_requests()).map(new_note)).await;
    let requests = i64::try_from(number_of_requests()).unwrap();
    for counted in ["COUNT(*)", "COUNT(DISTINCT content)"] {
        let notes = here.database.number(&format!("SELECT {counted} FROM notes")).await;
        assert_eq!(notes, requests, "{counted}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_request_is_in_progress_a_repetition_is_told_to_wait_and_another_is_rejected() {
    let (app, alice) = TestApp::with_user("alice").await;
    let (_there, elsewhere) = another(app.database.url(), &alice).await;
    // On SQLite, the other instance waits for the database, and then finds the answer.
    let (others, hold) = match app.database.is_postgres() {
        true => (vec![&alice, &elsewhere], "LOCK TABLE notes IN SHARE MODE"),
        false => (vec![&alice], "UPDATE users SET name = name"),
    };
    let holding = app.database.hold(hold).await;
    let new = json!({ "content": "A note" });
    let mut both = JoinSet::new();
    for _ in 0..2 {
        let (alice, new) = (alice.clone(), new.clone());
        both.spawn(async move { post(&alice, "key", "/api/notes", &new).await });
    }
    // The other one waits for the database.
    let waiting = both.join_next().await.unwrap().unwrap();
    assert_eq!(waiting.header("retry-after"), "1");
    assert!(waiting.problem(409).contains("Idempotency-Key"));
    while app.database.is_postgres() && !app.statements().iter().any(|sql| sql.contains("advisory"))
    {
        tokio::task::yield_now().await;
    }
    for client in others {
        post(client, "key", "/api/notes", &new).await.problem(409);
        let other = post(client, "key", "/api/notes", &json!({ "content": "Another" })).await;
        assert_eq!(other.pointers(), [""]);
    }
    holding.rollback().await.unwrap();
    let first = both.join_next().await.unwrap().unwrap();
    assert!(!is_replayed(&first));
    for client in [&alice, &elsewhere] {
        assert_eq!(told(&persist(client, "key", "/api/notes", &new).await), told(&first));
    }
    first.created();
    assert_eq!(app.database.number("SELECT COUNT(*) FROM notes").await, 1);
}
