//! `/api/users/{user}/sessions`

use testkit::TestApp;

use super::{SESSION, each, members};

#[tokio::test]
async fn an_admin_sees_and_ends_anyones_sessions() {
    let (app, alice) = TestApp::with_user("alice").await;
    let other = app.log_in("alice").await;
    let admin = app.admin().await;
    for path in [format!("/api/users/{}/sessions", alice.id), "/api/users/ALICE/sessions".into()] {
        let list = admin.get(&path).await.ok();
        assert_eq!(each(&list, "current"), [false, false]);
        assert!(list.as_array().unwrap().iter().all(|session| members(session) == SESSION));
    }
    admin.delete("/api/users/alice/sessions").await.no_content();
    for client in [alice, other] {
        assert_eq!(client.get("/api/notes").await.problem(401), "session expired");
    }
    admin.get("/api/sessions/current").await.ok();
}

#[tokio::test]
async fn users_see_and_end_all_of_their_own_sessions() {
    let (app, alice) = TestApp::with_user("alice").await;
    app.log_in("alice").await;
    let own = alice.get("/api/users/alice/sessions").await.ok();
    assert_eq!(own, alice.get("/api/sessions").await.ok());
    alice.delete("/api/users/alice/sessions").await.no_content();
    assert_eq!(alice.get("/api/sessions").await.problem(401), "session expired");
}

#[tokio::test]
async fn others_see_and_end_no_session() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    assert_eq!(bob.get("/api/users/alice/sessions").await.problem(403), "operation not allowed");
    bob.delete("/api/users/alice/sessions").await.problem(403);
    app.anonymous().get("/api/users/alice/sessions").await.problem(401);
    bob.get("/api/users/nobody/sessions").await.problem(404);
    app.admin().await.delete("/api/users/4242/sessions").await.problem(404);
    alice.get("/api/sessions/current").await.ok();
}
