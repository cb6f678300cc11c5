//! How many statements a request takes: their number does not grow with the rows.

use std::collections::BTreeSet;

use serde_json::json;
use testkit::{Answer, Client, TestApp};

/// The statements since the last call, but for the one that records once a minute that a session or an API token is in
/// use.
fn since_last(app: &TestApp) -> Vec<String> {
    let mut statements = app.statements();
    let records_use =
        |sql: &str, table| sql.starts_with(&format!("UPDATE \"{table}\" SET \"last_used_at\""));
    statements.retain(|sql| !records_use(sql, "sessions") && !records_use(sql, "api_tokens"));
    statements
}

/// The statements of one request, including the check of the session.
async fn counted(app: &TestApp, client: &Client, path: &str) -> Vec<String> {
    app.statements();
    client.get(path).await.ok();
    since_last(app)
}

/// A team, and users with two notes and two marks each.
async fn fill(app: &TestApp, alice: &Client, users: usize) {
    let team = alice.post("/api/teams", json!({ "name": format!("Team {users}") })).await.created();
    for number in 0..users {
        let user = app.user(&format!("user{users}.{number}")).await;
        let member = format!("/api/teams/{}/members/{}", team["id"], user.id);
        alice.send(reqwest::Method::PUT, &member, None).await.created();
        for _ in 0..2 {
            let note = user.post("/api/notes", json!({ "content": "A note" })).await.created();
            user.post("/api/readinglists", json!({ "note_id": note["id"] })).await.created();
            alice.post("/api/readinglists", json!({ "note_id": note["id"] })).await.created();
        }
    }
}

#[tokio::test]
async fn reading_many_rows_takes_as_many_statements_as_reading_few() {
    let (app, alice) = TestApp::with_user("alice").await;
    let admin = app.admin().await;
    for users in [1, 9] {
        fill(&app, &alice, users).await;
        for (path, most) in [
            ("/api/notes", 2),
            ("/api/notes?user=alice&search=a&important=false", 2),
            ("/api/notes/1", 2),
            ("/api/notes/1?include=users_marked", 3),
            ("/api/notes/1/users_marked", 3),
            ("/api/notes?include=teams", 2),
            ("/api/notes/1/teams", 3),
            ("/api/users/alice/notes", 3),
            ("/api/users/alice/marked_notes?read=false", 3),
            ("/api/users/alice/teams", 3),
            ("/api/users/alice/teams/1", 3),
            ("/api/teams/1/members", 3),
            ("/api/users", 4),
            ("/api/users?with_notes=1&name=%25u%25", 4),
            ("/api/users/alice", 4),
            ("/api/users/alice?teams=true", 5),
            ("/api/readinglists", 2),
            ("/api/teams", 3),
            ("/api/teams?name=%25e%25", 3),
            ("/api/teams/1", 3),
            ("/api/sessions", 2),
            ("/api/sessions/current", 1),
            ("/api/tokens", 2),
        ] {
            let statements = counted(&app, &alice, path).await;
            assert_eq!(statements.len(), most, "{path}: {statements:#?}");
        }
        assert_eq!(counted(&app, &admin, "/api/users/alice/tokens").await.len(), 3);
    }
}

/// The texts of all statements since the last call.
fn texts(app: &TestApp) -> BTreeSet<String> {
    since_last(app).into_iter().collect()
}

#[tokio::test]
async fn server_timing_tells_them_to_clients_where_it_is_on() {
    let app = TestApp::start_with(|settings| settings.server_timing = true).await;
    let alice = app.user("alice").await;
    app.statements();
    let written = alice.post("/api/notes", json!({ "content": "Hello" })).await;
    assert_eq!(timed_statements(&written), since_last(&app).len(), "{:?}", written.headers);
    let page = app.anonymous().get("/api/users").await;
    assert_eq!(timed_statements(&page), 3, "{:?}", page.headers);
    assert_eq!(timed_statements(&app.anonymous().get("/healthz").await), 0);
    let refused = alice.get("/api/notes?limit=0").await;
    assert_eq!(timed_statements(&refused), 1, "{:?}", refused.headers);

    let (_app, alice) = TestApp::with_user("alice").await;
    assert_eq!(alice.get("/api/notes").await.header("server-timing"), "");
}

/// The number of statements that `Server-Timing` tells; the times beside it are numbers.
fn timed_statements(answer: &Answer) -> usize {
    let timing = answer.header("server-timing");
    let (database, total) = timing.split_once(", ").unwrap();
    let (took, statements) = database.strip_prefix("db;dur=").unwrap().split_once(';').unwrap();
    let total = total.strip_prefix("total;dur=").unwrap();
    let [took, total] = [took, total].map(|time| time.parse::<f64>().unwrap());
    assert!(0.0 <= took && 0.0 < total, "{timing}");
    let statements = statements.strip_prefix("desc=\"statements: ").unwrap();
    statements.strip_suffix('"').unwrap().parse().unwrap()
}

#[tokio::test]
async fn lists_of_ids_and_pages_of_any_length_are_the_same_statements() {
    const MOST: i64 = 300;
    let (app, alice) = TestApp::with_user("alice").await;
    let admin = app.admin().await;
    let users = (3..=MOST).map(|id| {
        format!("({id}, 'user{id}', 'User', 'user', FALSE, FALSE, '2026-11-22 10:00:00+00:00', '2026-11-22 10:00:00+00:00')")
    });
    let users: Vec<String> = users.collect();
    let columns = "id, username, name, name_folded, admin, disabled, created_at, updated_at";
    app.database
        .execute(&format!("INSERT INTO users ({columns}) VALUES {}", users.join(", ")))
        .await;
    let teams: Vec<String> = (2..=MOST).map(|id| format!("({id}, 'Team {id}', 'team')")).collect();
    alice.post("/api/teams", json!({ "name": "Ops" })).await.created();
    app.database
        .execute(&format!("INSERT INTO teams (id, name, name_folded) VALUES {}", teams.join(", ")))
        .await;

    let mut seen = BTreeSet::new();
    for length in 1..=MOST {
        let ids: Vec<i64> = (1..=length).rev().collect();
        let members = [&[2], &ids[..]].concat();
        app.statements();
        alice.put("/api/teams/1/members", json!({ "user_ids": members })).await.ok();
        admin.put("/api/users/alice/teams", json!({ "team_ids": ids })).await.ok();
        admin.get(&format!("/api/users?limit={}", length.min(200))).await.ok();
        let new: BTreeSet<_> = texts(&app).difference(&seen).cloned().collect();
        assert!(length < 3 || new.is_empty(), "{length}: {new:#?}");
        seen.extend(new);
    }
    let members = alice.get("/api/teams/1").await.ok();
    assert_eq!(members["user_count"], MOST);
}

/// The statement without the conditions that a note is shared with a team of the reader.
fn without_visibility(sql: &str) -> String {
    let mut parts = sql.split("EXISTS(");
    let first = parts.next().unwrap().to_owned();
    first + &parts.map(|part| part.split_once("COUNT(*) > 0)").unwrap().1).collect::<String>()
}

#[tokio::test]
async fn teams_are_loaded_only_if_requested() {
    let (app, alice) = TestApp::with_user("alice").await;
    fill(&app, &alice, 1).await;
    let path = format!("/api/users/{}", alice.id);
    let touch_teams = |statements: Vec<String>| {
        let statements = statements.iter().map(|sql| without_visibility(sql));
        statements.filter(|sql| sql.contains("teams") || sql.contains("memberships")).count()
    };
    assert_eq!(touch_teams(counted(&app, &alice, &path).await), 0);
    assert_eq!(touch_teams(counted(&app, &alice, &(path + "?teams=true")).await), 1);
}

#[tokio::test]
async fn writing_a_note_takes_four_statements() {
    let (app, alice) = TestApp::with_user("alice").await;
    app.statements();
    alice.post("/api/notes", json!({ "content": "A note" })).await.created();
    let statements = app.statements();
    assert_eq!(statements.len(), 4, "{statements:#?}");
}

#[tokio::test]
async fn an_api_token_takes_as_many_statements_as_a_session() {
    let (app, alice) = TestApp::with_user("alice").await;
    let new = json!({ "name": "Script", "scopes": ["notes:write"] });
    let issued = alice.post("/api/tokens", new).await.created();
    let script = alice.with_token(issued["token"].as_str().unwrap());
    since_last(&app);
    for client in [&alice, &script] {
        client.post("/api/notes", json!({ "content": "A note" })).await.created();
        assert_eq!(since_last(&app).len(), 4);
        assert_eq!(counted(&app, client, "/api/notes").await.len(), 2);
    }
    assert_eq!(counted(&app, &script, "/api/tokens/current").await.len(), 1);
}

#[tokio::test]
async fn no_two_lists_are_joined() {
    let (app, alice) = TestApp::with_user("alice").await;
    fill(&app, &alice, 2).await;
    for path in ["/api/users", "/api/users/alice?teams=true"] {
        for sql in counted(&app, &alice, path).await {
            let sql = without_visibility(&sql);
            let joined = ["\"notes\" ON", "\"memberships\" ON", "\"user_notes\" ON"];
            let has_many = joined.iter().filter(|table| sql.contains(*table)).count();
            assert!(has_many <= 1, "{sql}");
        }
    }
}

#[tokio::test]
async fn long_lists_side_by_side_are_each_complete() {
    let (app, alice) = TestApp::with_user("alice").await;
    for number in 0..150 {
        let content = format!("Note {number}");
        let note = alice.post("/api/notes", json!({ "content": content })).await.created();
        alice.post("/api/readinglists", json!({ "note_id": note["id"] })).await.created();
    }
    for number in 0..20 {
        alice.post("/api/teams", json!({ "name": format!("Team {number}") })).await.created();
    }
    let detail = app.anonymous().get("/api/users/alice?teams=true").await.ok();
    assert_eq!(detail["note_count"], 150);
    assert_eq!(detail["marked_count"], 150);
    assert_eq!(detail["team_count"], 20);
    let ids = |list: &str, id: &str| -> Vec<i64> {
        let items = detail[list].as_array().unwrap();
        items.iter().map(|item| item.pointer(id).unwrap().as_i64().unwrap()).collect()
    };
    let newest: Vec<i64> = (51..=150).rev().collect();
    assert_eq!(ids("notes", "/id"), newest);
    assert_eq!(ids("marked_notes", "/id"), newest);
    assert_eq!(ids("teams", "/id"), (1..=20).rev().collect::<Vec<_>>());
}
