//! `/api/setup` and `/api/doctor`

use futures_util::future::join_all;
use serde_json::{Value, json};
use service::{Limits, setup::SetupToken};
use testkit::{Answer, Client, TestApp};

const SECRET: &[u8] = b"a secret of the tests, and of nobody else";

/// The service without an admin.
async fn without_admin() -> TestApp {
    TestApp::start_with(|settings| settings.first_admin = None).await
}

/// A database without users: the service makes the first admin on SQLite by itself.
async fn emptied() -> TestApp {
    let app = without_admin().await;
    app.database.execute("DELETE FROM users").await;
    app
}

fn root(username: &str) -> Value {
    let token = SetupToken::new(SECRET).text();
    json!({ "token": token, "username": username, "name": "Root", "password": "walnut-harbour-42" })
}

async fn is_needed(client: &Client) -> bool {
    client.get("/api/setup").await.ok()["needed"].as_bool().unwrap()
}

async fn guess(client: &Client, token: &str) -> Answer {
    let mut body = root("root");
    body["token"] = json!(token);
    client.post("/api/setup", body).await
}

#[tokio::test]
async fn the_first_admin_is_made_with_the_token_and_no_second_one() {
    let app = emptied().await;
    let anyone = app.anonymous();
    assert!(is_needed(&anyone).await);
    let made = anyone.post("/api/setup", root("Root")).await;
    let location = made.header("location").to_owned();
    let admin = made.created();
    assert_eq!((&admin["username"], &admin["admin"]), (&json!("root"), &json!(true)));
    assert_eq!(location, format!("/api/users/{}", admin["id"]));
    assert!(!is_needed(&anyone).await);
    app.log_in("root").await.get("/api/users?disabled=any").await.ok();
    let again = anyone.post("/api/setup", root("second")).await;
    assert_eq!(again.problem(409), "there is an admin already");
}

#[tokio::test]
async fn a_wrong_token_makes_nobody() {
    let app = emptied().await;
    let right = SetupToken::new(SECRET).text();
    let of_another = SetupToken::new(b"another secret").text();
    for wrong in ["", "nothing", &right[1..], &format!("{right}="), &of_another] {
        let refused = guess(&app.anonymous(), wrong).await;
        assert!(refused.problem(401).starts_with("the token is not the one"), "{wrong}");
    }
    let overlong = guess(&app.anonymous(), &"x".repeat(101)).await;
    assert_eq!(overlong.pointers(), ["/token"]);
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 0);
}

#[tokio::test]
async fn guesses_at_the_token_are_limited_like_those_of_passwords() {
    let app = TestApp::start_with(|settings| {
        settings.first_admin = None;
        settings.login_rate_limit = true;
        settings.rate_limits = Limits { network: 5, ..Limits::default() };
    });
    let app = app.await;
    app.database.execute("DELETE FROM users").await;
    for _ in 0..5 {
        guess(&app.anonymous(), "nothing").await.problem(401);
    }
    let refused = app.anonymous().post("/api/setup", root("root")).await;
    assert!(!refused.header("retry-after").is_empty());
    refused.problem(429);
}

#[tokio::test]
async fn of_many_first_admins_at_once_one_is_made() {
    let app = emptied().await;
    let make = async |number: usize| {
        let body = root(&format!("root{number}"));
        app.anonymous().post("/api/setup", body).await.status.as_u16()
    };
    let mut statuses = join_all((0..8).map(make)).await;
    statuses.sort_unstable();
    assert_eq!(statuses[0], 201);
    assert!(statuses[1..].iter().all(|status| *status == 409), "{statuses:?}");
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 1);
}

#[tokio::test]
async fn an_invited_admin_who_has_no_password_yet_does_not_count() {
    let app = TestApp::start().await;
    let new = json!({ "username": "carol", "name": "Carol", "admin": true });
    app.admin().await.post("/api/invitations", new).await.created();
    assert!(!is_needed(&app.anonymous()).await);
    app.database.execute("DELETE FROM users WHERE username = 'admin'").await;
    assert!(is_needed(&app.anonymous()).await);
    let taken = app.anonymous().post("/api/setup", root("carol")).await;
    assert_eq!(taken.problem(409), "username must be unique");
    app.anonymous().post("/api/setup", root("root")).await.created();
}

#[tokio::test]
async fn admins_read_whether_all_is_well() {
    let app = TestApp::start().await;
    let findings = app.admin().await.get("/api/doctor").await.ok()["findings"].clone();
    let find = |subject: &str| {
        let found = findings.as_array().unwrap().iter().find(|one| one["subject"] == subject);
        found.cloned().unwrap_or_else(|| panic!("no {subject} in {findings}"))
    };
    assert_eq!(find("exposure")["detail"], "reachable from this machine only");
    assert_eq!(find("passwords")["health"], "look");
    assert_eq!(find("admins")["detail"], "1 can log in");
    for subject in ["secret", "version", "schema", "search", "writing"] {
        assert_eq!(find(subject)["health"], "ok", "{findings}");
    }
    assert!(!findings.to_string().contains("tests, and of nobody else"), "{findings}");
}
