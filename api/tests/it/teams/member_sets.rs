//! `PUT /api/teams/{id}/members`: all members of a team at once.

use reqwest::Method;
use serde_json::json;
use testkit::{PASSWORD, TestApp};

use super::{MEMBERS, add, make, member, ops, roles, seen, set, set_disabled, set_role};

/// Signs up users who never log in, and returns their ids.
async fn sign_up(app: &TestApp, count: usize) -> Vec<i64> {
    let mut ids = Vec::new();
    for n in 0..count {
        let new = json!({ "username": format!("user{n}"), "name": "X", "password": PASSWORD });
        let user = app.anonymous().post("/api/users", new).await.created();
        ids.extend(user["id"].as_i64());
    }
    ids
}

#[tokio::test]
async fn the_members_become_exactly_those_given() {
    let (app, alice, bob) = ops().await;
    let carol = app.user("carol").await;
    let before = seen(&app).await;

    let team = set(&alice, &[carol.id, alice.id]).await.ok();
    assert_eq!(roles(&team), ["alice owner", "carol member"]);
    assert_eq!(team["user_count"], 2);
    assert_eq!(team["users"][0], before["users"][0]);
    assert_eq!(seen(&app).await, team);

    let all = json!({ "user_ids": [bob.id, alice.id, carol.id], "name": "Mine" });
    let team = alice.send(Method::PATCH, MEMBERS, Some(all)).await.ok();
    assert_eq!(roles(&team), ["alice owner", "carol member", "bob member"]);
    assert_eq!(team["name"], "Ops");
}

#[tokio::test]
async fn remaining_members_keep_their_roles() {
    let (app, alice, bob) = ops().await;
    set_role(&alice, "bob", "owner").await.ok();
    let before = seen(&app).await;
    assert_eq!(set(&alice, &[bob.id, alice.id]).await.ok(), before);

    let team = set(&alice, &[bob.id]).await.ok();
    assert_eq!(roles(&team), ["bob owner"]);
    assert_eq!(team["users"][0], before["users"][1]);
    set(&alice, &[alice.id, bob.id]).await.problem(403);
}

#[tokio::test]
async fn a_repeated_id_counts_once() {
    let (app, alice, bob) = ops().await;
    let carol = app.user("carol").await;
    let user_ids = [carol.id, alice.id, carol.id, bob.id, alice.id, carol.id];
    let team = set(&alice, &user_ids).await.ok();
    assert_eq!(roles(&team), ["alice owner", "bob member", "carol member"]);
    assert_eq!(team["user_count"], 3);
}

#[tokio::test]
async fn a_body_without_ids_is_rejected() {
    let (app, alice, _bob) = ops().await;
    let before = seen(&app).await;
    assert_eq!(alice.put(MEMBERS, json!({})).await.pointers(), ["/user_ids"]);
    assert_eq!(seen(&app).await, before);
}

#[tokio::test]
async fn members_are_set_all_or_nothing() {
    let (app, alice, _bob) = ops().await;
    let carol = app.user("carol").await;
    let before = seen(&app).await;
    let huge = i64::MAX;
    for (user_ids, pointers) in [
        (vec![alice.id, carol.id, 4711], vec!["/user_ids/2"]),
        (vec![4711, alice.id, carol.id, huge], vec!["/user_ids/0", "/user_ids/3"]),
        (vec![4711, alice.id, 4711], vec!["/user_ids/0", "/user_ids/2"]),
        (vec![4711], vec!["/user_ids/0"]),
    ] {
        for client in [&alice, &app.admin().await] {
            let answer = set(client, &user_ids).await;
            assert!(answer.clone().problem(422).contains("user_ids"), "{user_ids:?}");
            assert_eq!(answer.pointers(), pointers, "{user_ids:?}");
        }
    }
    assert_eq!(seen(&app).await, before);
}

#[tokio::test]
async fn user_ids_must_be_a_list_of_ids() {
    let (app, alice, _bob) = ops().await;
    let before = seen(&app).await;
    for user_ids in [json!(null), json!(1), json!("1"), json!({ "0": 1 }), json!(true)] {
        let answer = alice.put(MEMBERS, json!({ "user_ids": user_ids })).await;
        assert_eq!(answer.pointers(), ["/user_ids"], "{user_ids}");
    }
    for id in ["null", "\"1\"", "1.5", "0", "-1", "[1]", "9223372036854775808", "1e30"] {
        let body = format!("{{\"user_ids\":[{},{id}]}}", alice.id);
        let answer = alice.send_raw(Method::PUT, MEMBERS, "application/json", body).await;
        assert_eq!(answer.pointers(), ["/user_ids/1"], "{id}");
    }
    assert_eq!(alice.put(MEMBERS, json!([alice.id])).await.pointers(), [""]);
    assert_eq!(seen(&app).await, before);
}

#[tokio::test]
async fn every_wrong_id_is_reported() {
    let (_app, alice, _bob) = ops().await;
    let user_ids = json!([null, alice.id, "bob", 0]);
    let answer = alice.put(MEMBERS, json!({ "user_ids": user_ids })).await;
    assert_eq!(answer.pointers(), ["/user_ids/0", "/user_ids/2", "/user_ids/3"]);
}

#[tokio::test]
async fn setting_members_leaves_disabled_ones_alone() {
    let (app, alice, _bob) = ops().await;
    let carol = app.user("carol").await;
    set_disabled(&app, "bob", true).await;
    let team = set(&alice, &[alice.id, carol.id]).await.ok();
    assert_eq!(roles(&team), ["alice owner", "carol member"]);
    set_disabled(&app, "bob", false).await;
    assert_eq!(roles(&seen(&app).await), ["alice owner", "bob member", "carol member"]);
}

#[tokio::test]
async fn a_team_shows_the_first_100_to_join_and_counts_all() {
    let (app, alice) = TestApp::with_user("alice").await;
    make(&alice, "Ops").await;
    let mut ids = sign_up(&app, 100).await;
    ids.insert(0, alice.id);
    let team = set(&alice, &ids[..100]).await.ok();
    assert_eq!(team["users"].as_array().map(Vec::len), Some(100));
    assert_eq!(team["users"][0]["username"], "alice");

    let last = add(&alice, ids[100]).await.created();
    let mut expected = team;
    expected["user_count"] = json!(101);
    assert_eq!(seen(&app).await, expected);
    assert_eq!(app.anonymous().get(&member(ids[100])).await.ok(), last);
    assert_eq!(app.anonymous().get("/api/teams").await.ok()[0]["user_count"], 101);
}

#[tokio::test]
async fn of_many_violations_the_first_hundred_are_reported() {
    let (_app, alice, _bob) = ops().await;
    let unknown: Vec<i64> = (1_001..=1_150).collect();
    let invalid = vec![0; 150];
    for ids in [unknown, invalid] {
        let pointers = set(&alice, &ids).await.pointers();
        let expected: Vec<String> = (0..100).map(|at| format!("/user_ids/{at}")).collect();
        assert_eq!(pointers, expected);
    }
}
