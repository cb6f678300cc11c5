//! Versions, entity tags and conditional requests.

use std::collections::BTreeSet;

use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};
use testkit::{Answer, Client, TestApp};

async fn send_if(
    client: &Client,
    method: Method,
    path: &str,
    (header, tag): (&str, &str),
    body: Option<Value>,
) -> Answer {
    let mut request = client.request(method.clone(), path).header(header, tag);
    if let Some(body) = body {
        request = request.json(&body);
    }
    client.answer(method, path, request).await
}

async fn put_if(client: &Client, path: &str, tag: &str, body: Value) -> Answer {
    send_if(client, Method::PUT, path, ("If-Match", tag), Some(body)).await
}

async fn delete_if(client: &Client, path: &str, tag: &str) -> Answer {
    send_if(client, Method::DELETE, path, ("If-Match", tag), None).await
}

async fn get_unless(client: &Client, path: &str, tag: &str) -> Answer {
    send_if(client, Method::GET, path, ("If-None-Match", tag), None).await
}

async fn tag_of(client: &Client, path: &str) -> String {
    client.get(path).await.header("etag").to_owned()
}

/// Writes a note and returns its path.
async fn note(author: &Client, content: &str) -> String {
    let answer = author.post("/api/notes", json!({ "content": content })).await;
    answer.header("location").to_owned()
}

fn without_request_id(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for name in ["x-request-id", "date", "content-length", "content-type"] {
        headers.remove(name);
    }
    headers
}

#[tokio::test]
async fn every_read_has_a_strong_tag_and_is_304_to_who_has_the_body() {
    let (_app, alice) = TestApp::with_user("alice").await;
    let note = note(&alice, "One").await;
    let team = alice.post("/api/teams", json!({ "name": "Team" })).await;
    let team = team.header("location").to_owned();
    for path in [
        note.as_str(),
        team.as_str(),
        "/api/users/alice",
        "/api/notes",
        "/api/notes?limit=1",
        "/api/users",
        "/api/teams",
        "/api/readinglists",
        "/api/users/alice/teams",
        "/api/openapi.json",
    ] {
        let read = alice.get(path).await;
        let tag = read.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"'), "{path}: {tag}");
        for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let again = get_unless(&alice, path, &known).await;
            assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""), "{path}: {known}");
            let headers = without_request_id(&again.headers);
            assert_eq!(headers, without_request_id(&read.headers), "{path}");
        }
        let head = alice.send(Method::HEAD, path, None).await;
        assert_eq!(head.header("etag"), tag, "{path}");
        get_unless(&alice, path, "\"1-other\"").await.ok();
    }
}

#[tokio::test]
async fn a_page_that_is_304_still_has_its_link() {
    let (_app, alice) = TestApp::with_user("alice").await;
    for content in ["One", "Two"] {
        note(&alice, content).await;
    }
    let page = alice.get("/api/notes?limit=1").await;
    let again = get_unless(&alice, "/api/notes?limit=1", page.header("etag")).await;
    assert_eq!((again.status.as_u16(), again.next()), (304, page.next()));
    assert!(page.next().is_some());
}

#[tokio::test]
async fn the_version_is_one_more_with_each_change_and_only_then() {
    let (app, alice) = TestApp::with_user("alice").await;
    let path = note(&alice, "One").await;
    let version = async || alice.get(&path).await.ok()["version"].clone();
    assert_eq!(version().await, 1);
    for (change, expected) in [
        (json!({ "content": "Two" }), 2),
        (json!({ "content": "Two" }), 2),
        (json!({}), 2),
        (json!({ "important": true }), 3),
        (json!({ "content": "Three", "date": "2026-01-01T00:00:00Z" }), 4),
    ] {
        let changed = alice.put(&path, change.clone()).await;
        assert!(changed.header("etag").starts_with(&format!("\"{expected}-")), "{change}");
        assert_eq!(changed.ok()["version"], expected, "{change}");
    }
    let bob = app.user("bob").await;
    let id: i64 = path.rsplit('/').next().unwrap().parse().unwrap();
    let tag = tag_of(&alice, &path).await;
    bob.post("/api/readinglists", json!({ "note_id": id })).await.created();
    assert_eq!(tag_of(&alice, &path).await, tag, "a mark by somebody else");
    alice.put("/api/users/alice", json!({ "name": "Alice Walker" })).await.ok();
    assert_ne!(tag_of(&alice, &path).await, tag, "the author's name is in the body");
    assert_eq!(version().await, 4);
}

#[tokio::test]
async fn a_team_and_a_user_have_versions_of_their_own_members_alone() {
    let (app, alice) = TestApp::with_user("alice").await;
    let admin = app.admin().await;
    let team = alice.post("/api/teams", json!({ "name": "Team" })).await.created();
    assert_eq!(team["version"], 1);
    let path = format!("/api/teams/{}", team["id"]);
    admin.put(&format!("{path}/members/admin"), json!({})).await.created();
    assert_eq!(alice.get(&path).await.ok()["version"], 1);
    assert_eq!(alice.put(&path, json!({ "name": "Crew" })).await.ok()["version"], 2);
    note(&alice, "One").await;
    assert_eq!(alice.get("/api/users/alice").await.ok()["version"], 1);
    let password = json!({ "password": "quiet-meadow-17", "current_password": testkit::PASSWORD });
    assert_eq!(alice.put("/api/users/alice", password).await.ok()["version"], 1);
    assert_eq!(admin.put("/api/users/alice", json!({ "admin": true })).await.ok()["version"], 2);
    let both = json!({ "admin": false, "disabled": true });
    assert_eq!(admin.put("/api/users/alice", both).await.ok()["version"], 3);
    assert_eq!(admin.put("/api/users/alice", json!({ "name": "A" })).await.ok()["version"], 4);
}

#[tokio::test]
async fn a_change_for_another_version_changes_nothing_and_is_told_what_is_there() {
    let (app, alice) = TestApp::with_user("alice").await;
    let admin = app.admin().await;
    let team = alice.post("/api/teams", json!({ "name": "Team" })).await;
    let team = team.header("location").to_owned();
    let note = note(&alice, "One").await;
    for (path, change, other) in [
        (note.as_str(), json!({ "content": "Two" }), json!({ "content": "Three" })),
        (team.as_str(), json!({ "name": "Two" }), json!({ "name": "Three" })),
        ("/api/users/alice", json!({ "name": "Two" }), json!({ "name": "Three" })),
    ] {
        let first = tag_of(&alice, path).await;
        put_if(&alice, path, &first, change).await.ok();
        for tag in [first.as_str(), "\"0-\"", "\"foreign\"", "nonsense"] {
            for stale in
                [put_if(&alice, path, tag, other.clone()).await, delete_if(&admin, path, tag).await]
            {
                assert_eq!(stale.body["current"]["version"], 2, "{path}: {tag}");
                assert!(stale.header("etag").starts_with("\"2-"), "{path}: {tag}");
                stale.problem(412);
            }
        }
        let now = tag_of(&alice, path).await;
        let weak = format!("W/{now}");
        assert_eq!(put_if(&alice, path, &weak, other.clone()).await.ok()["version"], 3);
        let several = "\"2-x\", \"3-any\"";
        assert_eq!(put_if(&alice, path, several, json!({})).await.ok()["version"], 3);
        put_if(&alice, path, "*", other).await.ok();
    }
    let current = put_if(&alice, &note, "\"1-\"", json!({ "content": "Four" })).await.body;
    assert_eq!(current["current"], alice.get(&note).await.ok());
    delete_if(&alice, &note, &tag_of(&alice, &note).await).await.no_content();
    delete_if(&alice, &team, "*").await.no_content();
    delete_if(&alice, &team, "*").await.problem(404);
}

#[tokio::test]
async fn other_failures_go_before_a_wrong_version_where_they_must() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    let note = note(&alice, "One").await;
    let change = json!({ "content": "Two" });
    put_if(&app.anonymous(), &note, "\"9-\"", change.clone()).await.problem(401);
    put_if(&bob, &note, "\"9-\"", change.clone()).await.problem(403);
    put_if(&alice, "/api/notes/99", "\"9-\"", change).await.problem(404);
}

#[tokio::test]
async fn of_fifty_changes_with_one_tag_one_is_made_and_no_edit_is_ever_lost() {
    let (_app, alice) = TestApp::with_user("alice").await;
    let path = note(&alice, "One").await;
    let tag = tag_of(&alice, &path).await;
    let change = async |number: usize| {
        put_if(&alice, &path, &tag, json!({ "content": format!("Edit {number}") })).await
    };
    let answers = futures_util::future::join_all((0..50).map(change)).await;
    let made: Vec<_> = answers.iter().filter(|answer| answer.status.as_u16() == 200).collect();
    let [made] = made[..] else { panic!("{} were made", made.len()) };
    assert!(answers.iter().all(|answer| matches!(answer.status.as_u16(), 200 | 412)));
    assert_eq!(alice.get(&path).await.ok(), made.body);
}

/// How many clients edit one note, and how often each.
const EDITORS: usize = 50;
const EDITS: usize = 20;

#[tokio::test]
async fn every_edit_that_was_answered_with_200_is_in_the_final_version_and_no_other() {
    let (_app, alice) = TestApp::with_user("alice").await;
    let path = note(&alice, "edits:").await;
    let edit = async |editor: usize| {
        let mut made = Vec::new();
        for edit in 0..EDITS {
            let read = alice.get(&path).await;
            let text = read.body["content"].as_str().unwrap();
            let own = format!("{editor}.{edit}");
            let content = json!({ "content": format!("{text} {own}") });
            match put_if(&alice, &path, read.header("etag"), content).await.status.as_u16() {
                200 => made.push(own),
                status => assert_eq!(status, 412),
            }
        }
        made
    };
    let made = futures_util::future::join_all((0..EDITORS).map(edit)).await.concat();
    assert!(made.len() >= EDITS, "{made:?}");
    let last = alice.get(&path).await.ok();
    assert_eq!(last["version"], 1 + made.len());
    let kept = last["content"].as_str().unwrap().split(' ').skip(1);
    let kept: BTreeSet<&str> = kept.collect();
    assert_eq!(kept, made.iter().map(String::as_str).collect());
}

#[tokio::test]
async fn marks_by_others_change_the_tag_of_no_note_and_of_no_list_of_notes() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    for content in ["One", "Two", "Three"] {
        note(&alice, content).await;
    }
    let tags = async || {
        let mut tags = Vec::new();
        for path in [
            "/api/notes/1",
            "/api/notes/2",
            "/api/notes/3",
            "/api/notes/1?fields=id,content,user.name",
            "/api/notes",
            "/api/notes?sort=date&limit=2",
            "/api/users/alice/notes",
            "/api/users/alice",
        ] {
            tags.push(tag_of(&alice, path).await);
        }
        tags
    };
    let before = tags().await;
    bob.post("/api/readinglists", json!({ "note_id": 1 })).await.created();
    assert_eq!(tags().await, before, "marked");
    bob.post("/api/readinglists", json!({ "note_ids": [3, 2, 1] })).await.ok();
    assert_eq!(tags().await, before, "all marked");
    bob.put("/api/notes/2/mark", json!({ "read": true })).await.ok();
    let all_read = json!({ "all": true, "read": true });
    bob.send(Method::PATCH, "/api/readinglists", Some(all_read)).await.ok();
    assert_eq!(tags().await, before, "read");
    bob.delete("/api/notes/3/mark").await.no_content();
    assert_eq!(tags().await, before, "no longer marked");
}

#[tokio::test]
async fn where_if_match_is_required_a_change_without_it_is_428() {
    let app = TestApp::start_with(|settings| settings.require_if_match = true).await;
    let alice = app.user("alice").await;
    let team = alice.post("/api/teams", json!({ "name": "Team" })).await;
    let team = team.header("location").to_owned();
    for path in [note(&alice, "One").await, team, "/api/users/alice".to_owned()] {
        let tag = tag_of(&alice, &path).await;
        alice.put(&path, json!({})).await.problem(428);
        alice.send(Method::PATCH, &path, Some(json!({}))).await.problem(428);
        alice.delete(&path).await.problem(428);
        put_if(&alice, &path, &tag, json!({})).await.ok();
        app.anonymous().put(&path, json!({})).await.problem(401);
        delete_if(&alice, &path, &tag).await.no_content();
    }
    app.admin().await.put("/api/notes/99", json!({})).await.problem(404);
}
