//! Who may write what: every writing route for every kind of caller.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Client, PASSWORD, TestApp};

/// Kinds of callers, in the order of the columns below.
const CALLERS: [&str; 8] =
    ["anonymous", "other", "member", "owner", "author", "admin", "disabled", "logged out"];

/// A writing route, and the status that each kind of caller gets. `author` has written note 1, holds
/// the mark and the session in question and is the user in question; `owner` and `member` belong to
/// team 1.
struct Row {
    method: &'static str,
    route: &'static str,
    body: fn() -> Value,
    statuses: [u16; 8],
}

fn nothing() -> Value {
    json!({})
}

#[rustfmt::skip]
const ROWS: [Row; 23] = [
    Row { method: "POST", route: "/api/login", body: credentials, statuses: [200, 200, 200, 200, 200, 200, 401, 401] },
    Row { method: "DELETE", route: "/api/logout", body: nothing, statuses: [401, 204, 204, 204, 204, 204, 401, 401] },
    Row { method: "DELETE", route: "/api/sessions", body: nothing, statuses: [401, 204, 204, 204, 204, 204, 401, 401] },
    Row { method: "DELETE", route: "/api/sessions/{id}", body: nothing, statuses: [401, 403, 403, 403, 204, 204, 401, 401] },
    Row { method: "POST", route: "/api/users", body: new_user, statuses: [201, 201, 201, 201, 201, 201, 401, 401] },
    Row { method: "PUT", route: "/api/users/{user}", body: new_name, statuses: [401, 403, 403, 403, 200, 200, 401, 401] },
    Row { method: "PATCH", route: "/api/users/{user}", body: disabled, statuses: [401, 403, 403, 403, 403, 200, 401, 401] },
    Row { method: "DELETE", route: "/api/users/{user}", body: nothing, statuses: [401, 403, 403, 403, 204, 204, 401, 401] },
    Row { method: "DELETE", route: "/api/users/{user}/sessions", body: nothing, statuses: [401, 403, 403, 403, 204, 204, 401, 401] },
    Row { method: "POST", route: "/api/notes", body: content, statuses: [401, 201, 201, 201, 201, 201, 401, 401] },
    Row { method: "PUT", route: "/api/notes/{id}", body: content, statuses: [401, 403, 403, 403, 200, 403, 401, 401] },
    Row { method: "PATCH", route: "/api/notes/{id}", body: content, statuses: [401, 403, 403, 403, 200, 403, 401, 401] },
    Row { method: "DELETE", route: "/api/notes/{id}", body: nothing, statuses: [401, 403, 403, 403, 204, 204, 401, 401] },
    Row { method: "POST", route: "/api/readinglists", body: note, statuses: [401, 201, 201, 201, 200, 201, 401, 401] },
    Row { method: "PUT", route: "/api/readinglists/{id}", body: read, statuses: [401, 403, 403, 403, 200, 403, 401, 401] },
    Row { method: "PATCH", route: "/api/readinglists/{id}", body: read, statuses: [401, 403, 403, 403, 200, 403, 401, 401] },
    Row { method: "DELETE", route: "/api/readinglists/{id}", body: nothing, statuses: [401, 403, 403, 403, 204, 403, 401, 401] },
    Row { method: "POST", route: "/api/teams", body: new_name, statuses: [401, 201, 201, 201, 201, 201, 401, 401] },
    Row { method: "PUT", route: "/api/teams/{id}", body: new_name, statuses: [401, 403, 403, 200, 403, 200, 401, 401] },
    Row { method: "PATCH", route: "/api/teams/{id}", body: new_name, statuses: [401, 403, 403, 200, 403, 200, 401, 401] },
    Row { method: "DELETE", route: "/api/teams/{id}", body: nothing, statuses: [401, 403, 403, 204, 403, 204, 401, 401] },
    Row { method: "PUT", route: "/api/teams/{id}/members/{user}", body: nothing, statuses: [401, 403, 403, 201, 403, 201, 401, 401] },
    Row { method: "PATCH", route: "/api/teams/{id}/members/{user}", body: nothing, statuses: [401, 403, 403, 201, 403, 201, 401, 401] },
];

/// Rows whose `{user}` is the member of the team, and whose body names its users.
#[rustfmt::skip]
const MEMBER_ROWS: [Row; 3] = [
    Row { method: "DELETE", route: "/api/teams/{id}/members/{user}", body: nothing, statuses: [401, 403, 204, 204, 403, 204, 401, 401] },
    Row { method: "PUT", route: "/api/teams/{id}/members", body: nothing, statuses: [401, 403, 403, 200, 403, 200, 401, 401] },
    Row { method: "PATCH", route: "/api/teams/{id}/members", body: nothing, statuses: [401, 403, 403, 200, 403, 200, 401, 401] },
];

fn credentials() -> Value {
    json!({ "username": "other", "password": PASSWORD })
}

fn new_user() -> Value {
    json!({ "username": "newcomer", "name": "Newcomer", "password": PASSWORD })
}

fn new_name() -> Value {
    json!({ "name": "Renamed" })
}

fn disabled() -> Value {
    json!({ "disabled": true })
}

fn content() -> Value {
    json!({ "content": "Rewritten" })
}

fn note() -> Value {
    json!({ "note_id": 1 })
}

fn read() -> Value {
    json!({ "read": true })
}

/// One caller of each kind around note 1, mark 1 and team 1, and the author's session.
async fn arrange() -> (TestApp, Vec<Client>, i64) {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let mut clients = vec![app.anonymous()];
    for username in &CALLERS[1..5] {
        clients.push(app.user(username).await);
    }
    clients.push(admin.clone());
    let [_, _, member, owner, author, _] = &clients[..] else { unreachable!("six so far") };
    owner.post("/api/teams", json!({ "name": "Team" })).await.created();
    let path = format!("/api/teams/1/members/{}", member.id);
    owner.put(&path, json!({})).await.created();
    author.post("/api/notes", content()).await.created();
    author.post("/api/readinglists", note()).await.created();
    let session = app.log_in("author").await.get("/api/sessions/current").await.ok();

    let disabled_user = app.user("locked").await;
    admin.put(&format!("/api/users/{}", disabled_user.id), disabled()).await.ok();
    let logged_out = app.user("gone").await;
    logged_out.delete("/api/logout").await.no_content();
    clients.extend([disabled_user, logged_out]);
    (app, clients, session["id"].as_i64().unwrap())
}

async fn check(row: &Row, user: &str) {
    let mut arranged = None;
    for (kind, expected) in row.statuses.iter().enumerate() {
        let (app, clients, session) = match arranged.take() {
            Some(untouched) => untouched,
            None => arrange().await,
        };
        let id = if row.route.contains("sessions") { session } else { 1 };
        let path = row.route.replace("{id}", &id.to_string()).replace("{user}", user);
        let method: Method = row.method.parse().unwrap();
        let answer = clients[kind].send(method, &path, Some((row.body)())).await;
        let what = format!("{} {path} as {}: {}", row.method, CALLERS[kind], answer.text);
        assert_eq!(answer.status.as_u16(), *expected, "{what}");
        // What was refused has changed nothing.
        if !answer.status.is_success() {
            arranged = Some((app, clients, session));
        }
    }
}

#[tokio::test]
async fn every_writing_route_lets_in_whom_it_should_and_nobody_else() {
    for row in &ROWS {
        check(row, "author").await;
    }
    for row in &MEMBER_ROWS {
        check(row, "member").await;
    }
}

#[test]
fn every_writing_route_has_a_row() {
    let rows: Vec<(String, &str)> =
        ROWS.iter().chain(&MEMBER_ROWS).map(|row| (row.method.to_owned(), row.route)).collect();
    for (method, route) in api::routes::api().operations() {
        let is_writing = method != "GET";
        assert!(!is_writing || rows.contains(&(method.clone(), route)), "{method} {route}");
    }
}
