//! `include`: what is requested is there, and nothing else is read.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use testkit::{Client, TestApp};

/// Members that are only there if they are included.
const INCLUDED: [&str; 7] =
    ["notes", "marked_notes", "marked_count", "teams", "team_count", "users_marked", "users"];

/// Alice has a note, which she has marked, and a team.
async fn fill() -> (TestApp, Client) {
    let (app, alice) = TestApp::with_user("alice").await;
    alice.post("/api/notes", json!({ "content": "A note" })).await.created();
    alice.post("/api/readinglists", json!({ "note_id": 1 })).await.created();
    alice.post("/api/teams", json!({ "name": "Ops" })).await.created();
    (app, alice)
}

/// The item of a list with this name, or the resource itself.
fn named(body: &Value, name: &str) -> Value {
    let Some(items) = body.as_array() else { return body.clone() };
    items.iter().find(|item| item["name"] == name).unwrap().clone()
}

#[tokio::test]
async fn what_is_included_is_there_and_takes_one_statement_each() {
    let (app, _) = fill().await;
    let anyone = app.anonymous();
    let marked = ["marked_notes", "marked_count"];
    let teams = ["teams", "team_count"];
    let no: [&str; 0] = [];
    for (path, members, statements) in [
        ("/api/notes/1", no.to_vec(), 1),
        ("/api/notes/1?include=", no.to_vec(), 1),
        ("/api/notes/1?include=users_marked", vec!["users_marked", "marked_count"], 2),
        ("/api/notes/1?include=teams", teams.to_vec(), 1),
        ("/api/notes", no.to_vec(), 1),
        ("/api/notes?include=", no.to_vec(), 1),
        ("/api/notes?include=teams", teams.to_vec(), 1),
        ("/api/users/alice/notes?include=", no.to_vec(), 2),
        ("/api/users/alice/marked_notes?include=teams", teams.to_vec(), 2),
        ("/api/users/alice", [&["notes"], &marked[..]].concat(), 3),
        ("/api/users/alice?include=", no.to_vec(), 1),
        ("/api/users/alice?include=notes", vec!["notes"], 2),
        ("/api/users/alice?include=notes,notes", vec!["notes"], 2),
        ("/api/users/alice?include=marked_notes", marked.to_vec(), 2),
        ("/api/users/alice?include=marked_notes&read=false", marked.to_vec(), 2),
        ("/api/users/alice?include=teams", teams.to_vec(), 2),
        ("/api/users/alice?include=&teams=true", teams.to_vec(), 2),
        ("/api/users/alice?include=teams&teams=false", teams.to_vec(), 2),
        ("/api/users/alice?teams=true", [&["notes"], &marked[..], &teams].concat(), 4),
        (
            "/api/users/alice?include=teams,marked_notes,notes",
            [&["notes"], &marked[..], &teams].concat(),
            4,
        ),
        ("/api/users", [&["notes"], &teams[..]].concat(), 3),
        ("/api/users?include=", no.to_vec(), 1),
        ("/api/users?include=notes", vec!["notes"], 2),
        ("/api/users?include=teams", teams.to_vec(), 2),
        ("/api/users?include=notes,teams", [&["notes"], &teams[..]].concat(), 3),
        ("/api/users?sort=name", [&["notes"], &teams[..]].concat(), 4),
        ("/api/users?sort=name&include=notes", vec!["notes"], 3),
        ("/api/users?sort=name&include=teams", teams.to_vec(), 2),
        ("/api/teams/1", vec!["users"], 2),
        ("/api/teams/1?include=users", vec!["users"], 2),
        ("/api/teams/1?include=", no.to_vec(), 2),
        ("/api/teams", no.to_vec(), 2),
        ("/api/teams?include=", no.to_vec(), 2),
        ("/api/teams?include=users", vec!["users"], 3),
    ] {
        app.statements();
        let body = anyone.get(path).await.ok();
        let made = app.statements();
        assert_eq!(made.len(), statements, "{path}: {made:#?}");
        let item = match body.get(0) {
            Some(note) if note.get("content").is_some() => note.clone(),
            _ => named(&body, if path.starts_with("/api/users") { "Alice" } else { "Ops" }),
        };
        let found = INCLUDED.iter().copied().filter(|member| item.get(member).is_some());
        let expected: BTreeSet<&str> = members.into_iter().collect();
        assert_eq!(found.collect::<BTreeSet<_>>(), expected, "{path}");
        for (count, of) in [("note_count", "/api/users"), ("user_count", "/api/teams")] {
            if path.starts_with(of) && item.get("content").is_none() {
                assert_eq!(item[count], 1, "{path}");
            }
        }
    }
}

#[tokio::test]
async fn tables_of_what_is_not_included_are_not_read() {
    let (app, _) = fill().await;
    for path in
        ["/api/users/alice?include=", "/api/users?include=", "/api/users?include=&sort=-name"]
    {
        app.statements();
        app.anonymous().get(path).await.ok();
        for sql in app.statements() {
            let tables = ["\"notes\"", "\"user_notes\"", "\"memberships\"", "\"teams\""];
            assert!(!tables.iter().any(|table| sql.contains(&format!("FROM {table}"))), "{sql}");
            assert!(!tables.iter().any(|table| sql.contains(&format!("JOIN {table}"))), "{sql}");
        }
    }
}

#[tokio::test]
async fn the_count_of_a_long_list_stands_beside_it_in_lists_too() {
    let (app, alice) = fill().await;
    let teams: Vec<String> = (2..=120).map(|id| format!("({id}, 'Team {id}', 'team')")).collect();
    app.database
        .execute(&format!("INSERT INTO teams (id, name, name_folded) VALUES {}", teams.join(", ")))
        .await;
    let joined = format!(
        "INSERT INTO memberships (user_id, team_id, role, joined_at) \
         SELECT {}, id, 'member', '2026-11-22T10:00:00+00:00' FROM teams WHERE id > 1 ORDER BY id",
        alice.id
    );
    app.database.execute(&joined).await;
    app.user("bob").await;
    let users = app.anonymous().get("/api/users?include=teams").await.ok();
    let alice = named(&users, "Alice");
    assert_eq!(alice["team_count"], 120);
    let ids = |items: &Value| -> Vec<i64> {
        items.as_array().unwrap().iter().map(|item| item["id"].as_i64().unwrap()).collect()
    };
    assert_eq!(ids(&alice["teams"]), (21..=120).rev().collect::<Vec<_>>());
    let bob = named(&users, "Bob");
    assert_eq!((&bob["team_count"], &bob["teams"]), (&json!(0), &json!([])));
}

#[tokio::test]
async fn teams_include_the_enabled_users_who_joined_first() {
    let (app, alice) = fill().await;
    let admin = app.admin().await;
    alice.post("/api/teams", json!({ "name": "Empty" })).await.created();
    admin.put("/api/teams/2/members", json!({ "user_ids": [] })).await.ok();
    let users = (10..130).map(|id| {
        format!("({id}, 'user{id}', 'User', 'user', FALSE, {}, '2026-11-22T10:00:00+00:00', '2026-11-22T10:00:00+00:00')", id % 10 == 0)
    });
    let columns = "id, username, name, name_folded, admin, disabled, created_at, updated_at";
    let users = users.collect::<Vec<_>>().join(", ");
    app.database.execute(&format!("INSERT INTO users ({columns}) VALUES {users}")).await;
    let joined = "INSERT INTO memberships (user_id, team_id, role, joined_at) \
         SELECT id, 1, 'member', '2026-11-22T10:00:00+00:00' FROM users WHERE id >= 10 ORDER BY id DESC";
    app.database.execute(joined).await;
    let teams = app.anonymous().get("/api/teams?include=users").await.ok();
    let ops = named(&teams, "Ops");
    let members = ops["users"].as_array().unwrap();
    assert_eq!((members.len(), &ops["user_count"]), (100, &json!(109)));
    assert_eq!(ops, app.anonymous().get("/api/teams/1").await.ok());
    let empty = named(&teams, "Empty");
    assert_eq!((&empty["users"], &empty["user_count"]), (&json!([]), &json!(0)));
}

#[tokio::test]
async fn unknown_names_are_rejected_and_so_is_include_where_there_is_none() {
    let (_app, alice) = fill().await;
    for (path, known) in [
        ("/api/notes", "teams"),
        ("/api/readinglists", "teams"),
        ("/api/notes/1", "users_marked, teams"),
        ("/api/users/alice", "notes, marked_notes, teams"),
        ("/api/users", "notes, teams"),
        ("/api/teams/1", "users"),
        ("/api/teams", "users"),
    ] {
        for (include, name) in [("passwords", "passwords"), ("notes.id", "notes.id"), (",", "")] {
            let error = alice.get(&format!("{path}?include={include}")).await.problem(400);
            assert_eq!(error, format!("include has an unknown name: {name}; known: {known}"));
        }
    }
    for path in ["/api/sessions", "/api/teams/1/members"] {
        let error = alice.get(&format!("{path}?include=")).await.problem(400);
        assert_eq!(error, "unknown query parameter: include", "{path}");
    }
    let error = alice.get("/api/users/alice?include=notes&read=true").await.problem(400);
    assert_eq!(error, "read filters marked_notes, which are not included");
}
