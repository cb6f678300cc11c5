//! A request with an idempotency key has its effect once, even if the service is killed meanwhile.

use std::{env, time::Duration};

use futures_util::{StreamExt, stream};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::{Client, TestDatabase};

use super::{SECRET, Served};

/// How many requests there are; `IDEMPOTENT_REQUESTS` sets another number.
fn number_of_requests() -> usize {
    env::var("IDEMPOTENT_REQUESTS").map_or(200, |number| number.parse().unwrap())
}

/// Requests in progress at a time.
const CONCURRENT: usize = 16;

/// How often the service is killed.
const KILLS: i64 = 3;

/// Sends a request; returns the status and the body, or nothing if the service is killed before.
async fn send(client: &Client, number: usize) -> Option<(StatusCode, String)> {
    let body = json!({ "content": format!("Note {number}") });
    let request = client.request(Method::POST, "/api/notes").json(&body);
    let request = request.header("Idempotency-Key", format!("key-{number}"));
    let response = request.timeout(Duration::from_secs(20)).send().await.ok()?;
    Some((response.status(), response.text().await.ok()?))
}

/// Sends all requests, and returns the bodies of those that were answered with success.
async fn send_all(client: &Client) -> Vec<Option<String>> {
    let sent = stream::iter(0..number_of_requests()).map(|number| send(client, number));
    let answers: Vec<_> = sent.buffered(CONCURRENT).collect().await;
    let body = |answer: Option<(StatusCode, String)>| {
        let (status, body) = answer?;
        match status.as_u16() {
            201 => Some(body),
            // The lock of a killed process, whose connection has not been closed yet.
            409 | 503 => None,
            status => panic!("{status} {body}"),
        }
    };
    answers.into_iter().map(body).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_repeated_after_a_kill_have_their_effect_once() {
    let database = TestDatabase::migrated().await;
    let directory = tempfile::tempdir().unwrap();
    let settings =
        [("DATABASE_URL", database.url()), ("SECRET", SECRET), ("LOGIN_RATE_LIMIT", "off")];
    let start = || Served::start(directory.path(), &settings);
    let mut served = start();
    let anyone = Client::of(&format!("http://{}", served.address));
    anyone.sign_up("alice").await;
    let mut alice = anyone.log_in("alice").await;

    let requests = i64::try_from(number_of_requests()).unwrap();
    let mut rounds = Vec::new();
    for kill in 0..KILLS {
        let killing = async {
            // After a different part of the requests each time.
            let share = requests * (kill + 1) / 4;
            while database.number("SELECT COUNT(*) FROM notes").await < share {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            served.child.kill().unwrap();
        };
        let (answers, ()) = tokio::join!(send_all(&alice), killing);
        assert!(answers.iter().any(Option::is_none), "nothing was interrupted");
        rounds.push(answers);
        served.ended();
        served = start();
        alice.move_to(&format!("http://{}", served.address));
    }
    loop {
        let answers = send_all(&alice).await;
        let is_complete = answers.iter().all(Option::is_some);
        rounds.push(answers);
        if is_complete {
            break;
        }
    }

    let last: Vec<Option<String>> = rounds.pop().unwrap();
    for answers in &rounds {
        for (answer, last) in answers.iter().zip(&last) {
            assert!(answer.is_none() || answer == last, "{answer:?} {last:?}");
        }
    }
    for (number, body) in last.iter().flatten().enumerate() {
        let note: Value = serde_json::from_str(body).unwrap();
        assert_eq!(note["content"], format!("Note {number}"));
    }
    assert_eq!(database.number("SELECT COUNT(*) FROM notes").await, requests);
}
