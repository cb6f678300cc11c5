use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use serde_json::json;
use testkit::{Answer, PASSWORD, TestApp};
use tokio::time::sleep;

use super::log_in;

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
