//! A client that keeps the hashing of passwords busy does not keep clients elsewhere from logging in.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::{Value, json};
use service::PasswordCost;
use testkit::{Answer, Client, PASSWORD, TestApp};
use tokio::{task::JoinSet, time::sleep};

/// How many users the attacker has, and how many requests of each are in flight.
const USERS: usize = 4;
const REQUESTS_OF_EACH: usize = 10;

/// Sends a request through a proxy that reports the client's address.
async fn from(address: &str, client: &Client, method: Method, path: &str, body: &Value) -> Answer {
    let request = client.request(method.clone(), path).json(body);
    let request = request.header("X-Forwarded-For", address);
    client.answer(method, path, request).await
}

async fn behind_a_proxy() -> TestApp {
    TestApp::start_with(|settings| {
        settings.password_cost = PasswordCost::default();
        settings.network.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    })
    .await
}

/// Sets the user's password to what it is, again and again; returns how long each time took.
async fn keep_changing_the_password(user: Client, is_over: Arc<AtomicBool>) -> Vec<Duration> {
    let same = json!({ "password": PASSWORD, "current_password": PASSWORD });
    let path = format!("/api/users/{}", user.id);
    let mut took = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let started = Instant::now();
        from("192.0.2.1", &user, Method::PUT, &path, &same).await;
        took.push(started.elapsed());
    }
    took
}

/// How long each of some logins from elsewhere takes.
async fn log_in_from_elsewhere(app: &TestApp) -> Vec<Duration> {
    let mut took = Vec::new();
    for number in 0..7 {
        let (anyone, started) = (app.anonymous(), Instant::now());
        let credentials = json!({ "username": "admin", "password": PASSWORD });
        let address = format!("198.51.100.{number}");
        from(&address, &anyone, Method::POST, "/api/login", &credentials).await.ok();
        took.push(started.elapsed());
    }
    took
}

fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort_unstable();
    durations[durations.len() / 2]
}

#[tokio::test(flavor = "multi_thread")]
async fn one_network_that_floods_the_hashing_queue_does_not_keep_others_from_logging_in() {
    let app = behind_a_proxy().await;
    let (is_over, mut flood) = (Arc::new(AtomicBool::new(false)), JoinSet::new());
    for number in 0..USERS {
        let user = app.user(&format!("user-{number}")).await;
        for _ in 0..REQUESTS_OF_EACH {
            flood.spawn(keep_changing_the_password(user.clone(), is_over.clone()));
        }
    }
    sleep(Duration::from_secs(1)).await;
    let logins = median(log_in_from_elsewhere(&app).await);
    is_over.store(true, Ordering::Relaxed);
    let changes = median(flood.join_all().await.concat());
    // If all waited in one line, a change, which takes two hashes, would wait twice as long as a login.
    assert!(5 * logins < changes, "a login took {logins:?}, a password change {changes:?}");
}
