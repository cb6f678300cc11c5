//! Checks that neither the response nor the duration of a failed login distinguishes an unknown user, a
//! wrong password and a disabled account. Tries each 500 times in turn at the service at `SERVICE_URL`,
//! which must have its rate limit off, and compares the medians, and the responses in full.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a measurement that can't continue fails on the spot"
)]

use std::{collections::BTreeSet, env, time::Instant};

use reqwest::Method;
use serde_json::json;
use testkit::{ADMIN, Client};

const ROUNDS: usize = 500;

/// The slowest median over the fastest must stay below this.
const LIMIT: f64 = 1.05;

/// Who logs in, with a wrong password; usernames of equal length.
const WHO: [(&str, &str); 3] =
    [("unknown user", "stranger"), ("wrong password", "somebody"), ("disabled user", "disabled")];

#[tokio::main]
async fn main() {
    let url = env::var("SERVICE_URL").expect("SERVICE_URL is set");
    let anyone = Client::of(&url);
    let admin = anyone.log_in(ADMIN).await;
    anyone.sign_up("somebody").await;
    let disabled = anyone.sign_up("disabled").await;
    admin.put(&format!("/api/users/{disabled}"), json!({ "disabled": true })).await.ok();

    let mut times = [const { Vec::new() }; WHO.len()];
    let mut answers = BTreeSet::new();
    for round in 0..ROUNDS {
        // Vary the order, so that none always follows the same other one.
        for place in 0..WHO.len() {
            let turn = if round % 2 == 0 { place } else { WHO.len() - 1 - place };
            let turn = (turn + round) % WHO.len();
            let (time, answer) = log_in(&anyone, WHO[turn].1).await;
            times[turn].push(time);
            answers.insert(answer);
        }
    }
    let medians = times.map(median);
    for ((who, _), median) in WHO.iter().zip(medians) {
        println!("{who}: median {:.3} ms of {ROUNDS}", median * 1e3);
    }
    let ratio =
        medians.into_iter().fold(0.0, f64::max) / medians.into_iter().fold(f64::MAX, f64::min);
    println!("slowest over fastest: {ratio:.4}; at most {LIMIT} allowed");
    println!("distinct responses: {}", answers.len());
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert!(ratio <= LIMIT, "the duration gives the reason away");
}

/// The duration, and the response without what differs each time.
async fn log_in(anyone: &Client, username: &str) -> (f64, String) {
    let credentials = json!({ "username": username, "password": "a wrong password" });
    let request = anyone.request(Method::POST, "/api/login").json(&credentials);
    let began = Instant::now();
    let answer = request.send().await.expect("an answer");
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    let body = answer.text().await.expect("a body");
    let time = began.elapsed();
    headers.remove("date");
    headers.remove("x-request-id");
    let mut headers: Vec<_> = headers.iter().map(|header| format!("{header:?}")).collect();
    // Their order depends on the thread that answers.
    headers.sort();
    (time.as_secs_f64(), format!("{status} {headers:?} {body}"))
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
