use api::http::routing::Tokens;
use entity::api_token::Scope;
use reqwest::Method;
use serde_json::json;
use testkit::{Answer, TestApp};

use super::{ALL_SCOPES, with_scopes};
use crate::world::World;

/// What an operation needs, by the rules in words rather than route by route.
fn needed(method: &str, path: &str) -> Tokens {
    let is_under =
        |start: &str| path.strip_prefix(start).is_some_and(|rest| !rest.starts_with('s'));
    let is_credential =
        is_under("/api/session") || path.contains("/sessions") || path.contains("/tokens");
    match method {
        "GET" if path == "/api/tokens/current" => Tokens::All,
        // For admins, which no API token is.
        "GET" if path == "/api/doctor" => Tokens::None,
        _ if is_credential => Tokens::None,
        "GET" => Tokens::With(Scope::Read),
        _ if is_under("/api/readinglists") || path.ends_with("/mark") => {
            Tokens::With(Scope::ReadinglistWrite)
        }
        _ if is_under("/api/notes") => Tokens::With(Scope::NotesWrite),
        _ if is_under("/api/teams") || is_under("/api/users/{user}/teams") => {
            Tokens::With(Scope::TeamsWrite)
        }
        "PUT" | "PATCH" if path == "/api/users/{user}" => Tokens::With(Scope::UsersWrite),
        _ => Tokens::None,
    }
}

#[test]
fn every_route_is_for_the_tokens_that_the_rules_say() {
    for (method, path, tokens) in api::routes::api().tokens() {
        assert_eq!(tokens, needed(&method, path), "{method} {path}");
    }
}

fn assert_out_of_scope(answer: Answer, scope: Option<Scope>, what: &str) {
    let challenge = match scope {
        Some(scope) => format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\""),
        None => "Bearer error=\"insufficient_scope\"".to_owned(),
    };
    assert_eq!(answer.header("www-authenticate"), challenge, "{what}");
    assert_eq!(answer.problem(403), "token does not allow this", "{what}");
}

#[tokio::test]
async fn every_route_admits_the_scopes_that_it_names_and_no_others() {
    let world = World::start().await;
    let author = world.caller("author");
    let mut tokens = Vec::new();
    for scope in Scope::ALL {
        tokens.push((scope, with_scopes(author, &[scope.name()]).await));
    }
    let before = world.stored().await;
    for (method, path, allowed) in api::routes::api().tokens() {
        // Nothing that exists, so that what is admitted changes nothing.
        let path = path.replace("{id}", "99").replace("{team}", "99").replace("{user}", "nobody");
        for (scope, token) in &tokens {
            let what = format!("{method} {path} with {scope}");
            let answer = token.send(method.parse().unwrap(), &path, None).await;
            match allowed {
                Tokens::With(needed) if needed == *scope || needed == Scope::Read => {}
                Tokens::All => {}
                Tokens::With(needed) => {
                    assert_out_of_scope(answer, Some(needed), &what);
                    continue;
                }
                Tokens::None => {
                    assert_out_of_scope(answer, None, &what);
                    continue;
                }
            }
            assert_ne!(answer.status, 401, "{what}: {}", answer.text);
            assert_ne!(answer.body["error"], "token does not allow this", "{what}");
            if method == "GET" {
                let head = token.send(Method::HEAD, &path, None).await;
                assert_eq!(head.status, answer.status, "HEAD instead of {what}");
            }
        }
    }
    assert_eq!(world.stored().await, before);
}

#[tokio::test]
async fn a_token_does_in_its_scopes_what_its_user_may_do() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    let notes = with_scopes(&alice, &["notes:write"]).await;
    notes.post("/api/notes", json!({ "content": "One" })).await.created();
    notes.put("/api/notes/1", json!({ "content": "Two" })).await.ok();
    bob.post("/api/notes", json!({ "content": "Bob's" })).await.created();
    let foreign = notes.put("/api/notes/2", json!({ "content": "Mine" })).await;
    assert_eq!(foreign.problem(403), "operation not allowed");

    let marks = with_scopes(&alice, &["readinglist:write"]).await;
    marks.post("/api/readinglists", json!({ "note_id": 2 })).await.created();
    marks.put("/api/notes/1/mark", json!({ "read": true })).await.created();
    assert_eq!(marks.get("/api/readinglists/counts").await.ok()["unread"], 1);

    let teams = with_scopes(&alice, &["teams:write"]).await;
    teams.post("/api/teams", json!({ "name": "Ops" })).await.created();
    teams.put("/api/teams/1/members/bob", json!({})).await.created();
    teams.delete("/api/users/bob/teams/1").await.no_content();

    let users = with_scopes(&alice, &["users:write"]).await;
    assert_eq!(users.put("/api/users/alice", json!({ "name": "Al" })).await.ok()["name"], "Al");
    notes.delete("/api/notes/1").await.no_content();
    teams.delete("/api/teams/1").await.no_content();
}

#[tokio::test]
async fn of_its_user_a_token_changes_the_name_alone() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    let token = with_scopes(&alice, &ALL_SCOPES).await;
    for change in [
        json!({ "password": "cedar-lantern-77", "current_password": testkit::PASSWORD }),
        json!({ "password": "cedar-lantern-77", "current_password": "wrong-harbour-42" }),
        json!({ "name": "Al", "password": "cedar-lantern-77", "current_password": testkit::PASSWORD }),
        json!({ "admin": true }),
        json!({ "disabled": false }),
        json!({ "end_tokens": true }),
    ] {
        let answer = token.put("/api/users/alice", change.clone()).await;
        assert_out_of_scope(answer, None, &change.to_string());
    }
    let other = token.put("/api/users/bob", json!({ "name": "Al" })).await;
    assert_eq!(other.problem(403), "operation not allowed");
    app.log_in("alice").await;
    assert_eq!(bob.get("/api/users/alice").await.ok()["name"], "Alice");
}

#[tokio::test]
async fn the_token_of_an_admin_is_that_of_an_ordinary_user() {
    let world = World::start().await;
    let token = with_scopes(world.caller("admin"), &ALL_SCOPES).await;
    for (method, path, body) in [
        (Method::GET, "/api/users?disabled=any", None),
        (Method::PUT, "/api/users/author", Some(json!({ "name": "Renamed" }))),
        (Method::DELETE, "/api/notes/1", None),
        (Method::PUT, "/api/teams/1", Some(json!({ "name": "Renamed" }))),
        (Method::PUT, "/api/teams/1/members", Some(json!({ "user_ids": [] }))),
        (Method::PUT, "/api/users/author/teams", Some(json!({ "team_ids": [] }))),
        (Method::DELETE, "/api/teams/1", None),
    ] {
        let answer = token.send(method.clone(), path, body).await;
        assert_eq!(answer.problem(403), "operation not allowed", "{method} {path}");
    }
    token.get("/api/users/locked").await.problem(404);
    token.put("/api/users/admin", json!({ "name": "Root" })).await.ok();
    token.post("/api/notes", json!({ "content": "By an admin" })).await.created();
}
