//! Concurrent calls that interfere with each other.

use reqwest::Method;
use serde_json::json;
use testkit::{Answer, Client, TestApp};

const ROUNDS: usize = 20;

/// A team of this owner, with members who join in this order.
async fn team(owner: &Client, name: &str, members: &[&Client]) -> String {
    let team = owner.post("/api/teams", json!({ "name": name })).await.created();
    let path = format!("/api/teams/{}", team["id"]);
    for member in members {
        let path = format!("{path}/members/{}", member.id);
        owner.send(Method::PUT, &path, None).await.created();
    }
    path
}

async fn delete(user: &Client) -> Answer {
    user.delete(&format!("/api/users/{}", user.id)).await
}

#[tokio::test]
async fn a_team_whose_owner_and_heir_are_deleted_at_once_still_gets_an_owner() {
    let app = TestApp::start().await;
    for round in 0..ROUNDS {
        let owner = app.user(&format!("owner{round}")).await;
        let heir = app.user(&format!("heir{round}")).await;
        let last = app.user(&format!("last{round}")).await;
        let path = team(&owner, &format!("Team {round}"), &[&heir, &last]).await;
        let (first, second) = tokio::join!(delete(&owner), delete(&heir));
        first.no_content();
        second.no_content();
        let team = app.anonymous().get(&path).await.ok();
        assert_eq!(team["users"][0]["id"], last.id);
        assert_eq!(team["users"][0]["role"], "owner", "{team}");
    }
}

#[tokio::test]
async fn adding_a_member_who_is_being_deleted_succeeds_or_fails_cleanly() {
    let (app, owner) = TestApp::with_user("owner").await;
    let path = team(&owner, "Team", &[]).await;
    for round in 0..ROUNDS {
        let user = app.user(&format!("user{round}")).await;
        let member = format!("{path}/members/{}", user.id);
        let (added, deleted) = tokio::join!(owner.send(Method::PUT, &member, None), delete(&user));
        deleted.no_content();
        assert!(matches!(added.status.as_u16(), 201 | 404), "{}", added.text);
    }
    assert_eq!(owner.get(&path).await.ok()["user_count"], 1);
}

#[tokio::test]
async fn two_owners_leaving_at_once_do_not_both_succeed() {
    let app = TestApp::start().await;
    let (one, other) = (app.user("one").await, app.user("other").await);
    for round in 0..ROUNDS {
        let path = team(&one, &format!("Team {round}"), &[&other]).await;
        let leave = |user: &Client| format!("{path}/members/{}", user.id);
        one.put(&leave(&other), json!({ "role": "owner" })).await.ok();
        let (one_path, other_path) = (leave(&one), leave(&other));
        let (first, second) = tokio::join!(one.delete(&one_path), other.delete(&other_path));
        let mut statuses = [first.status.as_u16(), second.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 409]);
        assert_eq!(one.get(&path).await.ok()["user_count"], 1);
    }
}

#[tokio::test]
async fn an_account_with_many_teams_is_deleted_in_a_few_statements() {
    let (app, owner) = TestApp::with_user("owner").await;
    let heir = app.user("heir").await;
    for number in 0..30 {
        team(&owner, &format!("Team {number}"), &[&heir]).await;
    }
    app.statements();
    delete(&owner).await.no_content();
    let statements = app.statements();
    assert!(statements.len() <= 12, "{statements:#?}");
    let path = format!("/api/users/{}?teams=true", heir.id);
    assert_eq!(heir.get(&path).await.ok()["team_count"], 30);
    for team in heir.get("/api/teams").await.ok().as_array().unwrap() {
        let member = format!("/api/teams/{}/members/{}", team["id"], heir.id);
        assert_eq!(heir.get(&member).await.ok()["role"], "owner");
    }
}
