//! `/api/users/{user}/teams`: memberships from the user's side.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client, TestApp};

async fn team(owner: &Client, name: &str) -> i64 {
    let team = owner.post("/api/teams", json!({ "name": name })).await.created();
    team["id"].as_i64().unwrap()
}

async fn add(caller: &Client, user: &str, team: i64) -> Answer {
    caller.send(Method::PUT, &format!("/api/users/{user}/teams/{team}"), None).await
}

/// The teams of a user, as `name role`, newest membership first.
async fn teams(caller: &Client, user: &str) -> Vec<String> {
    let teams = caller.get(&format!("/api/users/{user}/teams")).await.ok();
    named(&teams)
}

fn named(teams: &Value) -> Vec<String> {
    let named = |team: &Value| {
        let (name, role) = (team["name"].as_str().unwrap(), team["role"].as_str().unwrap());
        format!("{name} {role}")
    };
    teams.as_array().unwrap().iter().map(named).collect()
}

#[tokio::test]
async fn a_user_is_added_to_a_team_once_from_either_side() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    let ops = team(&alice, "Ops").await;
    let added = add(&alice, "bob", ops).await.created();
    let joined_at = &added["joined_at"];
    let expected = json!({ "id": ops, "name": "Ops", "version": 1, "role": "member",
        "joined_at": joined_at });
    assert_eq!(added, expected);
    assert_eq!(add(&alice, "bob", ops).await.ok(), expected);
    let member = format!("/api/teams/{ops}/members/bob");
    assert_eq!(alice.send(Method::PUT, &member, None).await.ok()["joined_at"], *joined_at);
    for user in ["bob".to_owned(), bob.id.to_string()] {
        let path = format!("/api/users/{user}/teams/{ops}");
        assert_eq!(app.anonymous().get(&path).await.ok(), expected);
    }
    let owner = alice.put(&format!("/api/users/bob/teams/{ops}"), json!({ "role": "owner" })).await;
    assert_eq!(owner.ok()["role"], "owner");
    assert_eq!(teams(&bob, "bob").await, ["Ops owner"]);
}

#[tokio::test]
async fn a_user_leaves_a_team_and_the_last_owner_does_not() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    let ops = team(&alice, "Ops").await;
    add(&alice, "bob", ops).await.created();
    let path = |user: &str| format!("/api/users/{user}/teams/{ops}");
    bob.delete(&path("bob")).await.no_content();
    assert_eq!(bob.delete(&path("bob")).await.problem(404), "not found");
    assert_eq!(app.anonymous().get(&path("bob")).await.problem(404), "not found");
    let problem = alice.delete(&path("alice")).await.problem(409);
    assert!(problem.contains("last owner"), "{problem}");
    app.admin().await.delete(&path("alice")).await.no_content();
    assert!(teams(&alice, "alice").await.is_empty());
}

#[tokio::test]
async fn only_owners_and_admins_choose_the_teams_of_others() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    let ops = team(&alice, "Ops").await;
    for user in ["bob", "alice"] {
        assert_eq!(add(&bob, user, ops).await.problem(403), "operation not allowed");
    }
    assert_eq!(add(&app.anonymous(), "bob", ops).await.problem(401), "token missing");
    assert_eq!(add(&alice, "nobody", ops).await.problem(404), "not found");
    assert_eq!(add(&alice, "bob", 99).await.problem(404), "not found");
    let leave = format!("/api/users/alice/teams/{ops}");
    assert_eq!(bob.delete(&leave).await.problem(403), "operation not allowed");
    assert_eq!(teams(&bob, "alice").await, ["Ops owner"]);
}

#[tokio::test]
async fn an_admin_sets_all_teams_of_a_user_at_once() {
    let (app, alice) = TestApp::with_user("alice").await;
    let (bob, admin) = (app.user("bob").await, app.admin().await);
    let [one, two, three] =
        [team(&alice, "One").await, team(&bob, "Two").await, team(&alice, "Three").await];
    let path = "/api/users/alice/teams";
    let set = admin.put(path, json!({ "team_ids": [one, two, two] })).await.ok();
    assert_eq!(named(&set), ["Two member", "One owner"]);
    assert_eq!(teams(&bob, "alice").await, ["Two member", "One owner"]);

    let rejected = admin.put(path, json!({ "team_ids": [three, 99, one, 98] })).await;
    assert_eq!(rejected.status.as_u16(), 422);
    assert_eq!(rejected.pointers(), ["/team_ids/1", "/team_ids/3"]);
    for (body, pointer) in [
        (json!({}), "/team_ids"),
        (json!({ "team_ids": null }), "/team_ids"),
        (json!({ "team_ids": [0] }), "/team_ids/0"),
        (json!({ "team_ids": vec![one; 1_001] }), "/team_ids"),
    ] {
        assert_eq!(admin.put(path, body).await.pointers(), [pointer]);
    }
    for other in [&alice, &bob] {
        let answer = other.put(path, json!({ "team_ids": [] })).await;
        assert_eq!(answer.problem(403), "operation not allowed");
    }
    assert_eq!(teams(&bob, "alice").await, ["Two member", "One owner"], "half done");

    assert_eq!(admin.put(path, json!({ "team_ids": [] })).await.ok(), json!([]));
    assert!(teams(&bob, "alice").await.is_empty());
    admin.put("/api/users/nobody/teams", json!({ "team_ids": [] })).await.problem(404);
}
