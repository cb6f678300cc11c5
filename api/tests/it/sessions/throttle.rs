use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use reqwest::Method;
use serde_json::json;
use testkit::{Answer, PASSWORD, TestApp};
use tokio::time::sleep;

use super::log_in;
use crate::raw::Held;

async fn throttled() -> TestApp {
    TestApp::start_with(|settings| settings.login_rate_limit = true).await
}

/// After how many seconds a rejected client may try again.
fn retry_after(answer: &Answer) -> u64 {
    answer.header("retry-after").parse().unwrap_or_default()
}

#[tokio::test]
async fn too_many_wrong_passwords_for_one_user_are_rejected_for_a_while() {
    let app = throttled().await;
    app.user("alice").await;
    app.user("bob").await;
    let mut wrong = 0;
    let refused = loop {
        let username = if wrong % 2 == 0 { "alice" } else { "ALICE" };
        let answer = log_in(&app.anonymous(), username, &format!("wrong-harbour-{wrong}")).await;
        if answer.status == 429 {
            break answer;
        }
        assert_eq!(answer.problem(401), "invalid username or password");
        wrong += 1;
        assert!(wrong < 90, "{wrong} wrong passwords were let through");
    };
    assert!(wrong >= 5, "who mistypes a few times is let in");
    assert!(retry_after(&refused) > 0);
    refused.problem(429);
    log_in(&app.anonymous(), "bob", PASSWORD).await.ok();
}

#[tokio::test]
async fn a_rejected_client_waits_and_blocks_nobody_else() {
    let app = TestApp::start_with(|settings| {
        settings.login_rate_limit = true;
        settings.network.max_requests = 4;
    });
    let app = app.await;
    let anyone = app.anonymous();
    while log_in(&anyone, "nobody", "wrong-harbour-42").await.status != 429 {}

    let started = Instant::now();
    let refusals = join_all((0..20).map(|_| log_in(&anyone, "nobody", "wrong-harbour-42")));
    let read = async {
        sleep(Duration::from_millis(100)).await;
        anyone.get("/api/notes").await.ok();
    };
    let (refusals, ()) = join(refusals, read).await;
    assert!(refusals.iter().any(|answer| answer.status == 429), "{refusals:?}");
    assert!(started.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn an_unknown_user_is_rate_limited_like_a_known_one() {
    let app = throttled().await;
    let mut statuses = Vec::new();
    for _ in 0..90 {
        let answer = log_in(&app.anonymous(), "nobody", "wrong-harbour-42").await;
        statuses.push(answer.status.as_u16());
        if answer.status == 429 {
            break;
        }
    }
    let (last, before) = statuses.split_last().unwrap();
    assert_eq!(*last, 429);
    assert!(before.iter().all(|&status| status == 401), "{statuses:?}");
}

#[tokio::test]
async fn correct_passwords_do_not_count() {
    let app = throttled().await;
    for _ in 0..30 {
        log_in(&app.anonymous(), "admin", PASSWORD).await.ok();
    }
}

#[tokio::test]
async fn a_burst_of_correct_passwords_is_at_most_told_to_retry_soon() {
    let app = throttled().await;
    let anyone = app.anonymous();
    let burst = join_all((0..100).map(|_| log_in(&anyone, "admin", PASSWORD))).await;
    for answer in burst.iter().filter(|answer| answer.status != 200) {
        assert_eq!((answer.status.as_u16(), retry_after(answer)), (429, 1));
    }
    log_in(&anyone, "admin", PASSWORD).await.ok();
}

#[tokio::test]
async fn the_limits_are_settings() {
    let app = TestApp::start_with(|settings| {
        settings.login_rate_limit = true;
        settings.rate_limits.user_from_network = 3;
    });
    let app = app.await;
    for _ in 0..3 {
        log_in(&app.anonymous(), "admin", "wrong-harbour-42").await.problem(401);
    }
    log_in(&app.anonymous(), "admin", PASSWORD).await.problem(429);
}

/// Logs in through a proxy that reports the client's address.
async fn log_in_from(app: &TestApp, address: &str, password: &str) -> Answer {
    let anyone = app.anonymous();
    let credentials = json!({ "username": "alice", "password": password });
    let request = anyone.request(Method::POST, "/api/login").json(&credentials);
    let request = request.header("X-Forwarded-For", address);
    anyone.answer(Method::POST, "/api/login", request).await
}

#[tokio::test]
async fn guesses_from_many_addresses_are_slowed_down_and_do_not_lock_the_user_out() {
    let app = TestApp::start_with(|settings| {
        settings.login_rate_limit = true;
        settings.network.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    });
    let app = app.await;
    app.user("alice").await;
    log_in_from(&app, "192.0.2.1", PASSWORD).await.ok();
    let (mut guesses, started) = (0_u64, Instant::now());
    let guess = |number| format!("2001:db8:{number:x}::1");
    for number in 0..100 {
        let answer = log_in_from(&app, &guess(number), "wrong-harbour-42").await;
        guesses += u64::from(answer.status == 401);
        assert!(answer.status == 401 || (1..=10).contains(&retry_after(&answer)), "{answer:?}");
    }
    let elapsed = started.elapsed().as_secs();
    assert!((50..=52 + elapsed).contains(&guesses), "{guesses} guesses in {elapsed} s");

    log_in_from(&app, "192.0.2.1", PASSWORD).await.ok();
    let mut refused = 0;
    while log_in_from(&app, "192.0.2.2", PASSWORD).await.status == 429 {
        refused += 1;
        assert!(refused < 10, "the user is locked out elsewhere");
        sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test]
async fn a_user_changes_few_passwords_at_once() {
    let app = throttled().await;
    let alice = app.user("alice").await;
    let path = format!("/api/users/{}", alice.id);
    let same = json!({ "password": PASSWORD, "current_password": PASSWORD });
    let burst = join_all((0..50).map(|_| alice.put(&path, same.clone()))).await;
    let refused: Vec<_> = burst.iter().filter(|answer| answer.status == 429).collect();
    assert!(refused.iter().all(|answer| retry_after(answer) == 1), "{refused:?}");
    assert!(!refused.is_empty());
    alice.put(&path, same).await.ok();
}

#[tokio::test]
async fn passwords_that_could_not_be_verified_do_not_count() {
    let app = throttled().await;
    app.database.execute("ALTER TABLE users RENAME TO out_of_reach").await;
    for _ in 0..50 {
        assert_eq!(log_in(&app.anonymous(), "admin", PASSWORD).await.status, 500);
    }
    app.database.execute("ALTER TABLE out_of_reach RENAME TO users").await;
    log_in(&app.anonymous(), "admin", PASSWORD).await.ok();
}

#[tokio::test]
async fn too_many_sign_ups_are_rejected_for_a_while_except_by_admins() {
    let app = throttled().await;
    let admin = app.admin().await;
    let new = json!({ "username": "admin", "name": "Again", "password": PASSWORD });
    let mut tries = 0;
    let refused = loop {
        let answer = app.anonymous().post("/api/users", new.clone()).await;
        if answer.status == 429 {
            break answer;
        }
        answer.problem(409);
        tries += 1;
        assert!(tries < 100, "{tries} sign-ups were let through");
    };
    assert!(retry_after(&refused) > 0);
    refused.problem(429);
    admin.post("/api/users", new).await.problem(409);
}

#[tokio::test]
async fn an_admin_who_was_demoted_meanwhile_is_limited_like_everyone() {
    let app = TestApp::start_with(|settings| {
        settings.login_rate_limit = true;
        settings.rate_limits.sign_ups = 1;
    });
    let app = app.await;
    let admin = app.admin().await;
    let second = app.user("second").await;
    let path = format!("/api/users/{}", second.id);
    admin.put(&path, json!({ "admin": true })).await.ok();
    let new = json!({ "username": "third", "name": "Third", "password": PASSWORD });
    app.statements();
    let held = Held::start(&app, &second, &Method::POST, "/api/users", &new).await;
    while !app.statements().iter().any(|sql| sql.contains("token_hash")) {
        sleep(Duration::from_millis(2)).await;
    }
    admin.put(&path, json!({ "admin": false })).await.ok();
    assert_eq!(held.finish().await.0, 429);
}

#[tokio::test]
async fn nobody_is_rejected_while_the_rate_limit_is_off() {
    let app = TestApp::start().await;
    for _ in 0..30 {
        log_in(&app.anonymous(), "admin", "wrong-harbour-42").await.problem(401);
    }
    log_in(&app.anonymous(), "admin", PASSWORD).await.ok();
}

#[tokio::test]
async fn a_stolen_session_does_not_help_to_guess_the_password() {
    let app = throttled().await;
    let alice = app.user("alice").await;
    let path = format!("/api/users/{}", alice.id);
    for _ in 0..10 {
        let guess = json!({ "password": "another-harbour", "current_password": "wrong-harbour" });
        assert_eq!(alice.put(&path, guess).await.pointers(), ["/current_password"]);
    }
    let right = json!({ "password": "another-harbour", "current_password": PASSWORD });
    let refused = alice.put(&path, right).await;
    assert!(retry_after(&refused) > 0);
    refused.problem(429);
}
