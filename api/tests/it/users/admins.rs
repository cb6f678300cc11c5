use serde_json::{Value, json};
use testkit::{Client, TestApp};

use super::each;

/// Two admins: the first one, and `bob`.
async fn two_admins() -> (TestApp, Client, Client) {
    let (app, bob) = TestApp::with_user("bob").await;
    let admin = app.admin().await;
    admin.put("/api/users/bob", json!({ "admin": true })).await.ok();
    (app, admin, bob)
}

async fn admins(app: &TestApp) -> Vec<Value> {
    let list = app.anonymous().get("/api/users?admin=true").await.ok();
    each(&list, "username").into_iter().cloned().collect()
}

#[tokio::test]
async fn the_last_admin_cannot_be_disabled_demoted_or_deleted() {
    let (app, _) = TestApp::with_user("alice").await;
    let admin = app.admin().await;
    let path = format!("/api/users/{}", admin.id);
    for change in [
        json!({ "disabled": true }),
        json!({ "admin": false }),
        json!({ "admin": false, "disabled": true }),
        json!({ "name": "Nobody", "admin": false }),
    ] {
        let error = admin.put(&path, change).await.problem(409);
        assert!(error.contains("last admin"), "{error}");
    }
    let error = admin.delete(&path).await.problem(409);
    assert!(error.contains("last admin"), "{error}");
    let still = admin.get(&path).await.ok();
    assert_eq!([&still["admin"], &still["disabled"]], [true, false]);
    assert_eq!(still["name"], "admin");
}

#[tokio::test]
async fn a_disabled_admin_does_not_count() {
    let (app, admin, _) = two_admins().await;
    admin.put("/api/users/bob", json!({ "disabled": true })).await.ok();
    for change in [json!({ "disabled": true }), json!({ "admin": false })] {
        admin.put("/api/users/admin", change).await.problem(409);
    }
    admin.delete("/api/users/admin").await.problem(409);
    assert_eq!(admins(&app).await, ["admin"]);
    admin.put("/api/users/bob", json!({ "admin": false })).await.ok();
    admin.delete("/api/users/bob").await.no_content();
}

#[tokio::test]
async fn one_of_two_admins_can_demote_themselves() {
    let (app, admin, bob) = two_admins().await;
    let demoted = admin.put("/api/users/admin", json!({ "admin": false })).await.ok();
    assert_eq!(demoted["admin"], false);
    assert_eq!(admins(&app).await, ["bob"]);
    bob.put("/api/users/bob", json!({ "admin": false })).await.problem(409);
}

#[tokio::test]
async fn one_of_two_admins_can_disable_or_delete_themselves() {
    let (app, admin, bob) = two_admins().await;
    admin.put("/api/users/admin", json!({ "disabled": true })).await.ok();
    assert_eq!(admin.get("/api/notes").await.problem(401), "account disabled");
    bob.put("/api/users/admin", json!({ "disabled": false })).await.ok();
    assert_eq!(admins(&app).await, ["admin", "bob"]);
    bob.delete("/api/users/bob").await.no_content();
    assert_eq!(admins(&app).await, ["admin"]);
}

/// Two admins change each other at the same time: only one of the changes succeeds.
async fn change_each_other(app: &TestApp, admin: &Client, bob: &Client, change: Value) {
    let answers = tokio::join!(
        admin.put("/api/users/bob", change.clone()),
        bob.put("/api/users/admin", change)
    );
    let mut statuses = [answers.0.status.as_u16(), answers.1.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses[0], 200, "{statuses:?}");
    assert!([401, 403, 409].contains(&statuses[1]), "{statuses:?}");
    assert_eq!(admins(app).await.len(), 1);
}

#[tokio::test]
async fn of_two_admins_who_demote_each_other_at_once_one_stays() {
    let (app, admin, bob) = two_admins().await;
    for _ in 0..6 {
        change_each_other(&app, &admin, &bob, json!({ "admin": false })).await;
        let left = admins(&app).await;
        let (survivor, other) = if left[0] == "bob" { (&bob, "admin") } else { (&admin, "bob") };
        survivor.put(&format!("/api/users/{other}"), json!({ "admin": true })).await.ok();
    }
}

#[tokio::test]
async fn of_two_admins_who_disable_each_other_at_once_one_stays() {
    let (app, admin, bob) = two_admins().await;
    change_each_other(&app, &admin, &bob, json!({ "disabled": true })).await;
}

#[tokio::test]
async fn of_two_admins_who_delete_each_other_at_once_one_stays() {
    let (app, admin, bob) = two_admins().await;
    let answers = tokio::join!(admin.delete("/api/users/bob"), bob.delete("/api/users/admin"));
    let statuses = [answers.0.status.as_u16(), answers.1.status.as_u16()];
    assert_eq!(statuses.iter().filter(|&&status| status == 204).count(), 1, "{statuses:?}");
    assert_eq!(admins(&app).await.len(), 1);
}
