use testkit::TestApp;

use super::{each, own_path};

#[tokio::test]
async fn logging_out_ends_this_session_at_once_and_no_other() {
    let (app, alice) = TestApp::with_user("alice").await;
    let other = app.log_in("alice").await;
    alice.delete("/api/logout").await.no_content();
    for path in ["/api/sessions/current", "/api/notes", "/api/users/alice"] {
        assert_eq!(alice.get(path).await.problem(401), "session expired", "{path}");
    }
    assert_eq!(alice.delete("/api/logout").await.problem(401), "session expired");
    assert_eq!(each(&other.get("/api/sessions").await.ok(), "current"), [true]);
    app.log_in("alice").await;
}

#[tokio::test]
async fn a_user_ends_another_of_their_sessions() {
    let (app, alice) = TestApp::with_user("alice").await;
    let other = app.log_in("alice").await;
    let path = own_path(&other).await;
    alice.delete(&path).await.no_content();
    assert_eq!(other.get("/api/sessions/current").await.problem(401), "session expired");
    assert_eq!(alice.delete(&path).await.problem(404), "not found");
    assert_eq!(each(&alice.get("/api/sessions").await.ok(), "current"), [true]);
}

#[tokio::test]
async fn a_user_ends_the_session_making_the_request() {
    let (_app, alice) = TestApp::with_user("alice").await;
    alice.delete(&own_path(&alice).await).await.no_content();
    assert_eq!(alice.get("/api/sessions").await.problem(401), "session expired");
}

#[tokio::test]
async fn only_an_admin_ends_another_users_session() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    let path = own_path(&alice).await;
    assert_eq!(bob.delete(&path).await.problem(404), "not found");
    assert_eq!(app.anonymous().delete(&path).await.problem(401), "token missing");
    alice.get("/api/sessions/current").await.ok();
    app.admin().await.delete(&path).await.no_content();
    assert_eq!(alice.get("/api/sessions/current").await.problem(401), "session expired");
    assert_eq!(bob.delete(&path).await.problem(404), "not found");
}

#[tokio::test]
async fn an_unknown_session_is_not_found() {
    let (app, alice) = TestApp::with_user("alice").await;
    let admin = app.admin().await;
    for id in ["4242", "0", "-1", "1.5", "abc", "1x", "99999999999999999999", "%FF", "%20"] {
        for client in [&alice, &admin] {
            let answer = client.delete(&format!("/api/sessions/{id}")).await;
            assert_eq!(answer.problem(404), "not found", "{id}");
        }
    }
}

#[tokio::test]
async fn a_user_ends_all_sessions_but_the_current_one() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    let others = [app.log_in("alice").await, app.log_in("alice").await];
    for _ in 0..2 {
        alice.delete("/api/sessions").await.no_content();
        assert_eq!(each(&alice.get("/api/sessions").await.ok(), "current"), [true]);
    }
    for other in others {
        assert_eq!(other.get("/api/sessions/current").await.problem(401), "session expired");
    }
    bob.get("/api/sessions/current").await.ok();
}

#[tokio::test]
async fn no_call_on_sessions_accepts_an_unknown_parameter() {
    let (app, alice) = TestApp::with_user("alice").await;
    let other = app.log_in("alice").await;
    let one = own_path(&other).await;
    for path in ["/api/sessions", "/api/logout", &one] {
        let error = alice.delete(&format!("{path}?except=1")).await.problem(400);
        assert!(error.contains("except"), "{path}: {error}");
    }
    let error = alice.get("/api/sessions/current?full=1").await.problem(400);
    assert!(error.contains("full"), "{error}");
    other.get("/api/sessions/current").await.ok();
    alice.get("/api/sessions/current").await.ok();
}
