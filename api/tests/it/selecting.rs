//! `fields`: answers have the members that are named, and no others.

use serde_json::{Value, json};
use testkit::TestApp;

use crate::world::World;

/// What a `GET` of these answers is a file, or about the instance.
const NO_RESOURCES: [&str; 4] =
    ["/api/openapi.json", "/api/users/{user}/export", "/api/setup", "/api/doctor"];

/// The paths under `/api` that answer a `GET` with resources, for rows of the world.
fn resources() -> Vec<String> {
    let fill = |path: &str| {
        let user = if path.contains("teams") { "member" } else { "author" };
        let id = if path.starts_with("/api/notes/{id}/teams") { "2" } else { "1" };
        path.replace("{user}", user).replace("{id}", id).replace("{team}", "1")
    };
    let operations = api::routes::api().operations().into_iter();
    let read = operations.filter(|(method, path)| method == "GET" && !NO_RESOURCES.contains(path));
    read.map(|(_, path)| fill(path)).collect()
}

/// The body, or the first item of a list.
fn first(body: &Value) -> &Value {
    body.as_array().map_or(body, |items| &items[0])
}

#[tokio::test]
async fn every_resource_can_be_reduced_to_each_of_its_members() {
    let world = World::start().await;
    for path in resources() {
        let author = world.caller(match path.as_str() {
            "/api/tokens/current" => "script",
            "/api/users/author/tokens" => "admin",
            path if path.starts_with("/api/notes/2") => "owner",
            _ => "author",
        });
        let whole = author.get(&path).await.ok();
        let members = first(&whole).as_object().unwrap();
        assert!(members.len() > 1, "{path}");
        for (member, value) in members.iter().filter(|(member, _)| *member != "last_used_at") {
            let part = author.get(&format!("{path}?fields={member}")).await.ok();
            assert_eq!(first(&part), &json!({ member: value }), "{path} {member}");
            if let Some(nested) = value.as_array().map_or(Some(value), |items| items.first())
                && let Some((name, value)) =
                    nested.as_object().and_then(|nested| nested.iter().next())
            {
                let part = author.get(&format!("{path}?fields={member}.{name}")).await.ok();
                let shown = &first(&part)[member];
                assert_eq!(first(shown), &json!({ name: value }), "{path} {member}.{name}");
            }
        }
        for unknown in ["nothing", "id.nothing", "", "id,", "password_hash", "token_hash"] {
            let answer = author.get(&format!("{path}?fields={unknown}")).await;
            let error = answer.problem(400);
            assert!(
                error.starts_with("fields has an unknown member: "),
                "{path} {unknown}: {error}"
            );
        }
    }
}

#[tokio::test]
async fn members_come_in_the_order_in_which_they_are_named() {
    let (_app, alice) = TestApp::with_user("alice").await;
    alice.post("/api/notes", json!({ "content": "A note" })).await.created();
    let text = |path: &'static str| {
        let alice = alice.clone();
        async move { alice.get(path).await.text }
    };
    let note = text("/api/notes/1?fields=user.name,content,id,user.id").await;
    assert_eq!(note, r#"{"user":{"name":"Alice","id":2},"content":"A note","id":1}"#);
    assert_eq!(text("/api/notes?fields=content").await, r#"[{"content":"A note"}]"#);
    let user = text("/api/users/alice?fields=notes.content,notes.id,note_count").await;
    assert_eq!(user, r#"{"notes":[{"content":"A note","id":1}],"note_count":1}"#);
    let name = text("/api/users/alice?include=&fields=name").await;
    assert_eq!(name, r#"{"name":"Alice"}"#);
}

#[tokio::test]
async fn a_member_that_is_not_included_is_rejected() {
    let (_app, alice) = TestApp::with_user("alice").await;
    alice.post("/api/notes", json!({ "content": "A note" })).await.created();
    alice.post("/api/teams", json!({ "name": "Ops" })).await.created();
    for (path, member) in [
        ("/api/notes/1?", "users_marked"),
        ("/api/notes/1?include=users_marked&", "teams.name"),
        ("/api/notes?", "team_count"),
        ("/api/users/alice?include=&", "visible_note_count"),
        ("/api/notes/1?include=&", "marked_count"),
        ("/api/users/alice?", "teams.id"),
        ("/api/users/alice?include=teams&", "notes"),
        ("/api/users/alice?include=notes&", "marked_count"),
        ("/api/users?include=notes&", "team_count"),
        ("/api/teams?", "users.username"),
        ("/api/teams/1?include=&", "users"),
    ] {
        let error = alice.get(&format!("{path}fields=id,{member}")).await.problem(400);
        assert_eq!(error, format!("fields has a member that is not included: {member}"), "{path}");
    }
    let teams = alice.get("/api/teams?include=users&fields=users.username,user_count").await.ok();
    assert_eq!(teams, json!([{ "users": [{ "username": "alice" }], "user_count": 1 }]));
    let user = alice.get("/api/users/alice?teams=true&fields=team_count").await.ok();
    assert_eq!(user, json!({ "team_count": 1 }));
}

#[tokio::test]
async fn the_tag_is_that_of_the_bytes_and_starts_with_the_version() {
    let (_app, alice) = TestApp::with_user("alice").await;
    alice.post("/api/notes", json!({ "content": "A note" })).await.created();
    let whole = alice.get("/api/notes/1").await;
    let part = alice.get("/api/notes/1?fields=content").await;
    assert!(part.header("etag").starts_with("\"1-"), "{}", part.header("etag"));
    assert_ne!(part.header("etag"), whole.header("etag"));
    let method = reqwest::Method::PUT;
    let change = alice.request(method.clone(), "/api/notes/1").json(&json!({ "important": true }));
    let change = change.header("If-Match", part.header("etag"));
    let changed = alice.answer(method, "/api/notes/1", change).await;
    assert!(changed.header("etag").starts_with("\"2-"));
}

#[tokio::test]
async fn the_link_keeps_what_is_requested_and_pages_hold_more_of_what_is_smaller() {
    let (_app, alice) = TestApp::with_user("alice").await;
    let content = "🚀".repeat(10_000);
    for _ in 0..30 {
        alice.post("/api/notes", json!({ "content": content })).await.created();
    }
    assert_eq!(alice.pages("/api/notes?fields=content").await.len(), 2);
    assert_eq!(alice.pages("/api/notes?fields=id").await.len(), 1);
    let parameters = "count=exact&fields=id%2Cuser.name&limit=20&sort=-date";
    let first = alice.get(&format!("/api/notes?{parameters}")).await;
    let next = first.next().unwrap();
    assert!(next.starts_with(&format!("/api/notes?{parameters}&cursor=")), "{next}");
    let second = alice.get(&next).await;
    assert_eq!(second.header("x-total-count"), "30");
    assert_eq!(second.ok()[9], json!({ "id": 1, "user": { "name": "Alice" } }));
    // What is shown of a page is not part of its place.
    let cursor = next.split("cursor=").nth(1).unwrap();
    let other = format!("/api/notes?fields=version&limit=3&sort=-date&cursor={cursor}");
    assert_eq!(
        alice.get(&other).await.ok(),
        json!([{ "version": 1 }, { "version": 1 }, { "version": 1 }])
    );
    let users = alice.get("/api/users?limit=1").await.next().unwrap();
    let cursor = users.split("cursor=").nth(1).unwrap();
    let other = alice.get(&format!("/api/users?include=&fields=username&cursor={cursor}")).await;
    assert_eq!(other.ok(), json!([{ "username": "alice" }]));
}
