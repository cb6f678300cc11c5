//! `/api/teams`: creating, listing, reading, renaming and deleting teams. For their members see
//! [`members`] and [`member_sets`].

mod member_sets;
mod members;

use std::fmt::Display;

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client, TestApp};
use tokio::task::JoinSet;

/// The team of [`ops`].
const TEAM: &str = "/api/teams/1";

/// The members of that team.
const MEMBERS: &str = "/api/teams/1/members";

/// The service, alice who owns the team Ops, and bob who is a member of it.
async fn ops() -> (TestApp, Client, Client) {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    make(&alice, "Ops").await;
    add(&alice, "bob").await.created();
    (app, alice, bob)
}

async fn make(owner: &Client, name: &str) -> Value {
    owner.post("/api/teams", json!({ "name": name })).await.created()
}

/// What everyone sees of the team of [`ops`].
async fn seen(app: &TestApp) -> Value {
    app.anonymous().get(TEAM).await.ok()
}

async fn set_disabled(app: &TestApp, username: &str, disabled: bool) {
    let path = format!("/api/users/{username}");
    app.admin().await.put(&path, json!({ "disabled": disabled })).await.ok();
}

/// The path of a member of that team.
fn member(user: impl Display) -> String {
    format!("{MEMBERS}/{user}")
}

/// Makes a user a member, without a body.
async fn add(owner: &Client, user: impl Display) -> Answer {
    owner.send(Method::PUT, &member(user), None).await
}

async fn set_role(owner: &Client, user: &str, role: &str) -> Answer {
    owner.put(&member(user), json!({ "role": role })).await
}

/// Usernames and roles of a team, as in `alice owner`.
fn roles(team: &Value) -> Vec<String> {
    let role = |user: &Value| {
        let text = |key| user[key].as_str().unwrap_or_default();
        format!("{} {}", text("username"), text("role"))
    };
    team["users"].as_array().into_iter().flatten().map(role).collect()
}

async fn set(owner: &Client, user_ids: &[i64]) -> Answer {
    owner.put(MEMBERS, json!({ "user_ids": user_ids })).await
}

/// The values of a key in a list's items, in order.
fn each<'a>(list: &'a Value, key: &str) -> Vec<&'a Value> {
    list.as_array().into_iter().flatten().map(|item| &item[key]).collect()
}

/// The names of the teams that match a pattern.
async fn named(app: &TestApp, pattern: &str) -> Vec<Value> {
    let pattern: String = pattern.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let list = app.anonymous().get(&format!("/api/teams?name={pattern}")).await.ok();
    each(&list, "name").into_iter().cloned().collect()
}

/// Invalid names.
fn bad_names() -> Vec<Value> {
    let long = "ö".repeat(101);
    vec![
        json!(null),
        json!(""),
        json!(" \t\n"),
        json!("\u{a0}\u{2003}\u{3000}"),
        json!("a\0b"),
        json!(long),
        json!(5),
        json!(false),
        json!(["Ops"]),
        json!({}),
    ]
}

#[tokio::test]
async fn the_creator_of_a_team_is_its_owner_and_first_member() {
    let (app, alice) = TestApp::with_user("alice").await;
    let made = alice.post("/api/teams", json!({ "name": "Ops" })).await;
    assert_eq!(made.header("location"), "/api/teams/1");
    let team = made.created();
    let joined_at = &team["users"][0]["joined_at"];
    let owner = json!({ "id": alice.id, "username": "alice", "name": "Alice", "role": "owner",
        "joined_at": joined_at });
    assert_eq!(
        team,
        json!({ "id": 1, "name": "Ops", "version": 1, "users": [owner], "user_count": 1 })
    );
    assert!(joined_at.as_str().is_some_and(|time| time.ends_with('Z')), "{joined_at}");
    assert_eq!(seen(&app).await, team);
}

#[tokio::test]
async fn other_members_of_a_new_team_are_ignored() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    let new = json!({ "name": "Ops", "id": 4711, "users": [bob.id], "user_ids": [bob.id],
        "user_count": 9, "role": "member" });
    let team = alice.post("/api/teams", new).await.created();
    assert_eq!(team["id"], 1);
    assert_eq!(each(&team["users"], "username"), ["alice"]);
    assert_eq!(team["users"][0]["role"], "owner");
    assert_eq!(team["user_count"], 1);
}

#[tokio::test]
async fn team_names_are_unique_as_written() {
    let (app, alice) = TestApp::with_user("alice").await;
    make(&alice, "Ops").await;
    for client in [&alice, &app.user("bob").await, &app.admin().await] {
        let taken = client.post("/api/teams", json!({ "name": "Ops" })).await;
        assert_eq!(taken.problem(409), "name must be unique");
    }
    make(&alice, "ops").await;
    make(&alice, "OPS").await;
    let list = app.anonymous().get("/api/teams").await.ok();
    assert_eq!(each(&list, "name"), ["Ops", "ops", "OPS"]);
}

#[tokio::test]
async fn of_teams_created_with_one_name_at_once_one_stays() {
    let (app, alice) = TestApp::with_user("alice").await;
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let alice = alice.clone();
        calls.spawn(async move { alice.post("/api/teams", json!({ "name": "Ops" })).await });
    }
    let answers = calls.join_all().await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![201], vec![409; 19]].concat());
    let list = app.anonymous().get("/api/teams").await.ok();
    assert_eq!(each(&list, "name"), ["Ops"]);
    assert_eq!(each(&list, "user_count"), [1]);
}

#[tokio::test]
async fn a_name_must_be_text_neither_blank_nor_too_long() {
    let (app, alice, _bob) = ops().await;
    let missing = alice.post("/api/teams", json!({})).await;
    assert!(missing.clone().problem(422).contains("name"));
    assert_eq!(missing.pointers(), ["/name"]);
    for name in bad_names() {
        let new = alice.post("/api/teams", json!({ "name": name })).await;
        assert!(new.clone().problem(422).contains("name"), "{name}");
        assert_eq!(new.pointers(), ["/name"], "{name}");
        let change = alice.put(TEAM, json!({ "name": name })).await;
        assert_eq!(change.pointers(), ["/name"], "{name}");
    }
    for body in [json!(null), json!([]), json!("Ops"), json!(1)] {
        assert_eq!(alice.post("/api/teams", body.clone()).await.pointers(), [""], "{body}");
        assert_eq!(alice.put(TEAM, body.clone()).await.pointers(), [""], "{body}");
    }
    let list = app.anonymous().get("/api/teams").await.ok();
    assert_eq!(each(&list, "name"), ["Ops"]);
}

#[tokio::test]
async fn a_name_has_up_to_100_characters() {
    let (_app, alice) = TestApp::with_user("alice").await;
    let longest = "ö".repeat(100);
    assert_eq!(make(&alice, &longest).await["name"], longest);
    assert_eq!(make(&alice, "x").await["name"], "x");
}

#[tokio::test]
async fn a_body_must_be_json() {
    let (_app, alice, _bob) = ops().await;
    for (method, path) in [(Method::POST, "/api/teams"), (Method::PUT, TEAM)] {
        let answer = alice.send_raw(method.clone(), path, "application/json", "{\"name\":").await;
        answer.problem(400);
        alice.send_raw(method, path, "text/plain", "{\"name\":\"x\"}").await.problem(415);
    }
}

#[tokio::test]
async fn teams_are_listed_by_id_with_the_number_of_their_users() {
    let (app, _alice, bob) = ops().await;
    assert_eq!(make(&bob, "Accounts").await["id"], 2);
    let expected = json!([
        { "id": 1, "name": "Ops", "version": 1, "user_count": 2 },
        { "id": 2, "name": "Accounts", "version": 1, "user_count": 1 },
    ]);
    assert_eq!(app.anonymous().get("/api/teams").await.ok(), expected);
}

#[tokio::test]
async fn teams_are_found_by_a_pattern_in_any_case() {
    let (app, alice) = TestApp::with_user("alice").await;
    for name in ["Ops", "DevOps", "Sales", "Die Ämmä", "A\u{308}MMA\u{308}"] {
        make(&alice, name).await;
    }
    assert_eq!(named(&app, "ops").await, ["Ops"]);
    assert_eq!(named(&app, "%OPS").await, ["Ops", "DevOps"]);
    assert_eq!(named(&app, "s%s").await, ["Sales"]);
    assert_eq!(named(&app, "_ps").await, ["Ops"]);
    assert_eq!(named(&app, "___").await, ["Ops"]);
    assert_eq!(named(&app, "%").await.len(), 5);
    assert_eq!(named(&app, "%ämmä").await, ["Die Ämmä", "A\u{308}MMA\u{308}"]);
    assert_eq!(named(&app, "die ÄMMÄ").await, ["Die Ämmä"]);
    assert!(named(&app, "op").await.is_empty());
}

#[tokio::test]
async fn a_backslash_escapes_the_next_character_of_a_pattern() {
    let (app, alice) = TestApp::with_user("alice").await;
    for name in ["100% Ops", "100 Ops", "a_b", "axb", r"c\d", "cd"] {
        make(&alice, name).await;
    }
    assert_eq!(named(&app, "100%ops").await, ["100% Ops", "100 Ops"]);
    assert_eq!(named(&app, r"100\%%").await, ["100% Ops"]);
    assert_eq!(named(&app, "a_b").await, ["a_b", "axb"]);
    assert_eq!(named(&app, r"a\_b").await, ["a_b"]);
    assert_eq!(named(&app, r"c\\d").await, [r"c\d"]);
    assert_eq!(named(&app, r"%\\%").await, [r"c\d"]);
    assert_eq!(named(&app, r"\c\d").await, ["cd"]);
}

#[tokio::test]
async fn a_renamed_team_is_found_by_its_new_name() {
    let (app, alice, _bob) = ops().await;
    alice.put(TEAM, json!({ "name": "Ämter" })).await.ok();
    assert_eq!(named(&app, "ÄMTER").await, ["Ämter"]);
    assert!(named(&app, "ops").await.is_empty());
}

#[tokio::test]
async fn an_invalid_query_is_rejected() {
    let (app, alice, _bob) = ops().await;
    let queries = [
        ("names=ops", "names"),
        ("user=alice", "user"),
        ("name=a&name=b", "name"),
        ("name=%ff", "name"),
    ];
    for (query, name) in queries {
        let error = app.anonymous().get(&format!("/api/teams?{query}")).await.problem(400);
        assert!(error.contains(name), "{query}: {error}");
    }
    let body = json!({ "name": "Sales" });
    let answers = [
        alice.post("/api/teams?dry_run=true", body.clone()).await,
        alice.get("/api/teams/1?dry_run=true").await,
        alice.put("/api/teams/1?dry_run=true", body).await,
        alice.delete("/api/teams/1?dry_run=true").await,
    ];
    for answer in answers {
        assert!(answer.problem(400).contains("dry_run"));
    }
    assert_eq!(seen(&app).await["name"], "Ops");
}

#[tokio::test]
async fn an_owner_and_an_admin_rename_the_team() {
    let (app, alice, _bob) = ops().await;
    let before = seen(&app).await;
    let admin = app.admin().await;
    for (client, method, version) in [(&alice, Method::PUT, 2), (&admin, Method::PATCH, 3)] {
        let mut expected = before.clone();
        expected["version"] = json!(version);
        expected["name"] = json!(format!("Renamed by {method}"));
        let change = json!({ "name": expected["name"], "id": 9, "users": [], "user_count": 9 });
        assert_eq!(client.send(method, TEAM, Some(change)).await.ok(), expected);
        assert_eq!(seen(&app).await, expected);
    }
}

#[tokio::test]
async fn an_empty_change_changes_nothing() {
    let (app, alice, _bob) = ops().await;
    let before = seen(&app).await;
    assert_eq!(alice.put(TEAM, json!({})).await.ok(), before);
    assert_eq!(alice.put(TEAM, json!({ "name": "Ops" })).await.ok(), before);
    assert_eq!(seen(&app).await, before);
}

#[tokio::test]
async fn a_team_cannot_take_the_name_of_another() {
    let (app, alice, bob) = ops().await;
    make(&bob, "Sales").await;
    let taken = alice.put(TEAM, json!({ "name": "Sales" })).await;
    assert_eq!(taken.problem(409), "name must be unique");
    assert_eq!(seen(&app).await["name"], "Ops");
    alice.put(TEAM, json!({ "name": "SALES" })).await.ok();
}

#[tokio::test]
async fn a_member_cannot_rename_or_delete_the_team() {
    let (app, _alice, bob) = ops().await;
    let before = seen(&app).await;
    for other in [bob, app.user("carol").await] {
        let renamed = other.put(TEAM, json!({ "name": "Mine" })).await;
        assert_eq!(renamed.problem(403), "operation not allowed");
        other.put(TEAM, json!({})).await.problem(403);
        assert_eq!(other.delete(TEAM).await.problem(403), "operation not allowed");
    }
    assert_eq!(seen(&app).await, before);
}

#[tokio::test]
async fn the_owner_of_one_team_has_no_say_in_another() {
    let (_app, alice, bob) = ops().await;
    let sales = make(&bob, "Sales").await;
    let path = format!("/api/teams/{}", sales["id"]);
    alice.put(&path, json!({ "name": "Mine" })).await.problem(403);
    alice.delete(&path).await.problem(403);
    bob.delete(TEAM).await.problem(403);
}

#[tokio::test]
async fn an_owner_and_an_admin_delete_the_team() {
    let (app, alice, bob) = ops().await;
    let sales = make(&bob, "Sales").await;
    alice.delete(TEAM).await.no_content();
    assert_eq!(app.anonymous().get(TEAM).await.problem(404), "not found");
    alice.delete(TEAM).await.problem(404);
    let teams = app.anonymous().get("/api/users/bob?teams=true").await.ok();
    assert_eq!(teams["teams"], json!([{ "id": sales["id"], "name": "Sales", "version": 1 }]));

    let path = format!("/api/teams/{}", sales["id"]);
    app.admin().await.delete(&path).await.no_content();
    assert_eq!(app.anonymous().get("/api/teams").await.ok(), json!([]));
    make(&alice, "Ops").await;
}

#[tokio::test]
async fn writing_needs_a_token_and_reading_does_not() {
    let (app, _alice, _bob) = ops().await;
    let before = seen(&app).await;
    let anonymous = app.anonymous();
    let body = json!({ "name": "Mine" });
    let answers = [
        anonymous.post("/api/teams", body.clone()).await,
        anonymous.put(TEAM, body.clone()).await,
        anonymous.send(Method::PATCH, TEAM, Some(body)).await,
        anonymous.delete(TEAM).await,
    ];
    for answer in answers {
        assert_eq!(answer.problem(401), "token missing");
    }
    let mut forger = anonymous;
    forger.token = Some("forged".into());
    for path in ["/api/teams", TEAM, "/api/teams/1/members/bob"] {
        assert_eq!(forger.get(path).await.problem(401), "token invalid");
    }
    assert_eq!(seen(&app).await, before);
}

#[tokio::test]
async fn an_invalid_id_is_not_found() {
    let (_app, alice, _bob) = ops().await;
    for id in ["0", "-1", "1.5", "abc", "2", "9223372036854775807", "99999999999999999999"] {
        let path = format!("/api/teams/{id}");
        let (members, member) = (format!("{path}/members"), format!("{path}/members/alice"));
        let answers = [
            alice.get(&path).await,
            alice.put(&path, json!({ "name": "Sales" })).await,
            alice.delete(&path).await,
            alice.put(&members, json!({ "user_ids": [alice.id] })).await,
            alice.get(&member).await,
            alice.put(&member, json!({})).await,
            alice.delete(&member).await,
        ];
        for answer in answers {
            assert_eq!(answer.problem(404), "not found", "{id}");
        }
    }
}
