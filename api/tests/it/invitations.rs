//! `/api/invitations`: users who set their first password themselves.

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use serde_json::{Value, json};
use service::{Limits, users::Registration};
use testkit::{Answer, Client, PASSWORD, TestApp};

/// Invites somebody, and returns the token.
async fn invite(admin: &Client, username: &str) -> String {
    let new = json!({ "username": username, "name": "Carol" });
    let invited = admin.post("/api/invitations", new).await.created();
    invited["token"].as_str().unwrap().to_owned()
}

async fn accept(client: &Client, token: &str) -> Answer {
    let acceptance = json!({ "token": token, "password": PASSWORD });
    client.post("/api/invitations/accept", acceptance).await
}

#[track_caller]
fn assert_unknown(answer: Answer) {
    let why = "token is not that of an invitation, or has been used or replaced";
    assert_eq!(answer.clone().problem(422), why);
    assert_eq!(answer.pointers(), ["/token"]);
}

#[tokio::test]
async fn an_invited_user_sets_a_password_and_logs_in() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let new = json!({ "username": "Carol", "name": "Carol C" });
    let invited = admin.post("/api/invitations", new).await.created();
    let user = &invited["user"];
    assert_eq!((&user["username"], &user["name"]), (&json!("carol"), &json!("Carol C")));
    assert_eq!((&user["admin"], &user["disabled"]), (&json!(false), &json!(false)));
    let expires_at: DateTime<Utc> = serde_json::from_value(invited["expires_at"].clone()).unwrap();
    let left = expires_at - service::clock::now();
    assert!(left <= TimeDelta::days(7) && left > TimeDelta::days(7) - TimeDelta::minutes(1));

    let credentials = json!({ "username": "carol", "password": PASSWORD });
    app.anonymous().post("/api/login", credentials).await.problem(401);
    let accepted = accept(&app.anonymous(), invited["token"].as_str().unwrap()).await.ok();
    assert_eq!((&accepted["id"], &accepted["username"]), (&user["id"], &json!("carol")));
    let carol = app.log_in("carol").await;
    carol.post("/api/notes", json!({ "content": "Hello" })).await.created();
}

#[tokio::test]
async fn an_admin_can_be_invited() {
    let app = TestApp::start().await;
    let new = json!({ "username": "carol", "name": "Carol", "admin": true });
    let invited = app.admin().await.post("/api/invitations", new).await.created();
    assert_eq!(invited["user"]["admin"], true);
    accept(&app.anonymous(), invited["token"].as_str().unwrap()).await.ok();
    app.log_in("carol").await.get("/api/users?disabled=any").await.ok();
}

#[tokio::test]
async fn an_invitation_is_accepted_once() {
    let app = TestApp::start().await;
    let token = invite(&app.admin().await, "carol").await;
    accept(&app.anonymous(), &token).await.ok();
    assert_unknown(accept(&app.anonymous(), &token).await);
    assert_unknown(accept(&app.anonymous(), "nothing").await);
}

#[tokio::test]
async fn of_many_who_accept_an_invitation_at_once_one_does() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for number in 0..5 {
        let username = format!("carol{number}");
        let token = invite(&admin, &username).await;
        let attempts = (0..8).map(|attempt| {
            let (anyone, password) = (app.anonymous(), format!("cedar-lantern-{attempt}"));
            let acceptance = json!({ "token": token, "password": password });
            async move { (anyone.post("/api/invitations/accept", acceptance).await, password) }
        });
        let (accepted, rejected): (Vec<_>, Vec<_>) =
            join_all(attempts).await.into_iter().partition(|(answer, _)| answer.status == 200);
        assert_eq!(accepted.len(), 1, "{rejected:?}");
        for (answer, _) in rejected {
            assert_unknown(answer);
        }
        let credentials = json!({ "username": username, "password": accepted[0].1 });
        app.anonymous().post("/api/login", credentials).await.ok();
    }
}

#[tokio::test]
async fn an_invitation_ends_when_it_expires() {
    let app = TestApp::start().await;
    let token = invite(&app.admin().await, "carol").await;
    app.database.execute("UPDATE invitations SET expires_at = '2024-01-01T00:00:00+00:00'").await;
    let answer = accept(&app.anonymous(), &token).await;
    assert_eq!(answer.clone().problem(422), "token has expired");
    assert_eq!(answer.pointers(), ["/token"]);
}

#[tokio::test]
async fn a_newer_invitation_replaces_the_one_before_and_leaves_the_user_as_is() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let old = invite(&admin, "carol").await;
    let again = json!({ "username": "CAROL", "name": "Other", "admin": true });
    let renewed = admin.post("/api/invitations", again).await.created();
    assert_eq!(
        (&renewed["user"]["name"], &renewed["user"]["admin"]),
        (&json!("Carol"), &json!(false))
    );
    assert_unknown(accept(&app.anonymous(), &old).await);
    accept(&app.anonymous(), renewed["token"].as_str().unwrap()).await.ok();
}

#[tokio::test]
async fn an_invitation_ends_with_its_user_with_disabling_and_with_a_password() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for way in ["delete", "disable", "password"] {
        let token = invite(&admin, way).await;
        let path = format!("/api/users/{way}");
        match way {
            "delete" => admin.delete(&path).await.no_content(),
            "disable" => {
                admin.put(&path, json!({ "disabled": true })).await.ok();
                assert_unknown(accept(&app.anonymous(), &token).await);
                admin.put(&path, json!({ "disabled": false })).await.ok();
            }
            _ => drop(admin.put(&path, json!({ "password": "cedar-lantern-77" })).await.ok()),
        }
        assert_unknown(accept(&app.anonymous(), &token).await);
    }
    let new = json!({ "username": "disable", "name": "Carol" });
    admin.post("/api/invitations", new).await.created();
    admin.put("/api/users/disable", json!({ "disabled": true })).await.ok();
    let taken = json!({ "username": "disable", "name": "Carol" });
    assert_eq!(admin.post("/api/invitations", taken).await.problem(409), "username must be unique");
}

#[tokio::test]
async fn an_invited_admin_does_not_count_as_one_until_they_have_accepted() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let new = json!({ "username": "carol", "name": "Carol", "admin": true });
    let invited = admin.post("/api/invitations", new).await.created();
    let own = format!("/api/users/{}", admin.id);
    admin.delete(&own).await.problem(409);
    accept(&app.anonymous(), invited["token"].as_str().unwrap()).await.ok();
    admin.delete(&own).await.no_content();
}

#[tokio::test]
async fn who_has_a_password_is_not_invited_and_what_is_wrong_is_said() {
    let (app, _) = TestApp::with_user("alice").await;
    let admin = app.admin().await;
    let taken = admin.post("/api/invitations", json!({ "username": "Alice", "name": "A" })).await;
    assert_eq!(taken.problem(409), "username must be unique");
    let wrong = json!({ "username": "1", "name": " ", "admin": "yes" });
    let pointers = admin.post("/api/invitations", wrong).await.pointers();
    assert_eq!(pointers, ["/username", "/name", "/admin"]);
    let token = invite(&admin, "carol").await;
    let weak = json!({ "token": token, "password": "password" });
    let refused = app.anonymous().post("/api/invitations/accept", weak).await;
    assert_eq!(refused.pointers(), ["/password"]);
    let long = json!({ "token": "x".repeat(101), "password": PASSWORD });
    let refused = app.anonymous().post("/api/invitations/accept", long).await;
    assert_eq!(refused.pointers(), ["/token"]);
    accept(&app.anonymous(), &token).await.ok();
}

#[tokio::test]
async fn only_the_hash_of_an_invitations_token_is_stored() {
    let app = TestApp::start().await;
    let token = invite(&app.admin().await, "carol").await;
    let rows = app.database.rows().await;
    assert!(!format!("{rows:?}").contains(&token));
    let (_, row) = rows.iter().find(|(table, _)| table == "invitations").unwrap();
    assert_eq!(row["token_hash"].as_str().map(str::len), Some(64), "{row}");
    assert_ne!(row["user_id"], Value::Null);
}

#[tokio::test]
async fn an_invitation_is_accepted_where_everything_else_is_closed() {
    let app = TestApp::start_with(|settings| {
        settings.anonymous_access = false;
        settings.registration = Registration::Closed;
    });
    let app = app.await;
    let token = invite(&app.admin().await, "carol").await;
    accept(&app.anonymous(), &token).await.ok();
    app.log_in("carol").await.get("/api/notes").await.ok();
    let new = json!({ "username": "dora", "name": "Dora" });
    assert_eq!(app.anonymous().post("/api/invitations", new).await.problem(401), "token missing");
}

#[tokio::test]
async fn guesses_are_limited_like_those_of_passwords() {
    let app = TestApp::start_with(|settings| {
        settings.login_rate_limit = true;
        settings.rate_limits = Limits { network: 5, ..Limits::default() };
    });
    let app = app.await;
    let admin = app.admin().await;
    for number in 0..6 {
        let token = invite(&admin, &format!("carol{number}")).await;
        accept(&app.anonymous(), &token).await.ok();
    }
    let token = invite(&admin, "carol").await;
    for _ in 0..5 {
        assert_unknown(accept(&app.anonymous(), "nothing").await);
    }
    let refused = accept(&app.anonymous(), &token).await;
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(refused.problem(429), "too many attempts, try again later");
    let credentials = json!({ "username": "admin", "password": PASSWORD });
    app.anonymous().post("/api/login", credentials).await.problem(429);
}
