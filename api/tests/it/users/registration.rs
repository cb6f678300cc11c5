use serde_json::json;
use service::users::Registration;
use testkit::{ADMIN, PASSWORD, TestApp};

use super::{USER, log_in, members, new_user};

async fn closed() -> TestApp {
    TestApp::start_with(|settings| settings.registration = Registration::Closed).await
}

#[tokio::test]
async fn nobody_signs_up_while_registration_is_closed() {
    let app = closed().await;
    let answer = app.anonymous().post("/api/users", new_user("alice")).await;
    assert_eq!(answer.problem(403), "registration is closed");
    let taken = app.anonymous().post("/api/users", new_user(ADMIN)).await;
    assert_eq!(taken.problem(403), "registration is closed");
    app.anonymous().get("/api/users/alice").await.problem(404);
}

#[tokio::test]
async fn an_admin_creates_users_while_registration_is_closed() {
    let app = closed().await;
    let mut new = new_user("alice");
    new["admin"] = true.into();
    let alice = app.admin().await.post("/api/users", new).await.created();
    assert_eq!(members(&alice), USER);
    assert_eq!(alice["admin"], false);
    log_in(&app, "alice", PASSWORD).await.ok();
}

#[tokio::test]
async fn the_rules_for_new_users_apply_to_admins_too() {
    let app = closed().await;
    let admin = app.admin().await;
    let taken = admin.post("/api/users", new_user("ADMIN")).await;
    assert_eq!(taken.problem(409), "username must be unique");
    let wrong = json!({ "username": "1", "name": "", "password": "password" });
    let wrong = admin.post("/api/users", wrong).await;
    assert_eq!(wrong.pointers(), ["/username", "/name", "/password"]);
}

#[tokio::test]
async fn a_user_creates_nobody_while_registration_is_closed() {
    let app = closed().await;
    app.admin().await.post("/api/users", new_user("alice")).await.created();
    let alice = app.log_in("alice").await;
    let answer = alice.post("/api/users", new_user("bob")).await;
    assert_eq!(answer.problem(403), "registration is closed");
}

#[tokio::test]
async fn a_token_is_checked_before_registration_is() {
    let app = closed().await;
    let mut forger = app.anonymous();
    forger.token = Some("no.good.token".into());
    let answer = forger.post("/api/users", new_user("alice")).await;
    assert_eq!(answer.problem(401), "token invalid");
}
