//! Who sees a note.

mod histories;
mod leaving;
mod matrix;
mod teams;
mod writing;

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Client, TestApp};

/// Alice owns team 1, to which Bob belongs; Carol owns team 2.
struct Office {
    app: TestApp,
    alice: Client,
    bob: Client,
    carol: Client,
}

impl Office {
    async fn open() -> Self {
        let (app, alice) = TestApp::with_user("alice").await;
        let (bob, carol) = (app.user("bob").await, app.user("carol").await);
        alice.post("/api/teams", json!({ "name": "Ops" })).await.created();
        carol.post("/api/teams", json!({ "name": "Design" })).await.created();
        alice.send(Method::PUT, "/api/teams/1/members/bob", None).await.created();
        Self { app, alice, bob, carol }
    }

    /// The path of a new note of Alice's with this visibility, which is shared with team 1 if it is for teams.
    async fn note(&self, visibility: &str) -> String {
        let mut note =
            json!({ "content": format!("A {visibility} note"), "visibility": visibility });
        if visibility == "team" {
            note["team_ids"] = json!([1]);
        }
        let note = self.alice.post("/api/notes", note).await.created();
        assert_eq!(note["visibility"], visibility);
        format!("/api/notes/{}", note["id"])
    }
}

/// How many items there are.
fn length(list: &Value) -> usize {
    list.as_array().unwrap().len()
}

#[tokio::test]
async fn a_note_is_seen_by_those_whom_its_visibility_admits() {
    let office = Office::open().await;
    let admin = office.app.admin().await;
    let anyone = office.app.anonymous();
    let callers = [&office.alice, &office.bob, &office.carol, &admin, &anyone];
    for (visibility, seen) in [
        ("public", [true; 5]),
        ("team", [true, true, false, false, false]),
        ("private", [true, false, false, false, false]),
    ] {
        let path = office.note(visibility).await;
        for (caller, is_seen) in callers.iter().zip(seen) {
            let answer = caller.get(&path).await;
            assert_eq!(answer.status == 200, is_seen, "{visibility}: {}", answer.text);
            if !is_seen {
                assert_eq!(answer.problem(404), "not found");
            }
        }
        office.alice.delete(&path).await.no_content();
    }
}

#[tokio::test]
async fn the_public_notes_of_a_user_are_counted_and_those_that_the_caller_sees() {
    let office = Office::open().await;
    for visibility in ["public", "team", "private", "public", "team"] {
        office.note(visibility).await;
    }
    let admin = office.app.admin().await;
    let anyone = office.app.anonymous();
    for (caller, seen) in
        [(&office.alice, 5), (&office.bob, 4), (&office.carol, 2), (&admin, 2), (&anyone, 2)]
    {
        let user = caller.get("/api/users/alice").await.ok();
        assert_eq!((&user["note_count"], &user["visible_note_count"]), (&json!(2), &json!(seen)));
        assert_eq!(length(&user["notes"]), seen);
        let users = caller.get("/api/users?include=notes").await.ok();
        let listed = users.as_array().unwrap().iter().find(|user| user["name"] == "Alice").unwrap();
        assert_eq!((&listed["note_count"], length(&listed["notes"])), (&json!(2), seen));
        assert!(listed.get("visible_note_count").is_none());
        for list in [
            "/api/notes",
            "/api/notes?user=alice",
            "/api/notes?search=note",
            "/api/users/alice/notes",
        ] {
            let separator = if list.contains('?') { '&' } else { '?' };
            let answer = caller.get(&format!("{list}{separator}count=exact")).await;
            assert_eq!(answer.header("x-total-count"), seen.to_string(), "{list}");
            assert_eq!(length(&answer.ok()), seen, "{list}");
        }
        assert_eq!(length(&caller.get("/api/users?with_notes=1").await.ok()), 1);
        assert_eq!(length(&caller.get("/api/users?with_notes=2").await.ok()), 0);
    }
    let plain = office.alice.get("/api/users/alice?include=").await.ok();
    assert!(plain.get("visible_note_count").is_none());
}

#[tokio::test]
async fn the_newest_notes_of_a_user_are_those_that_the_caller_sees() {
    let office = Office::open().await;
    let (alice, bob) = (office.alice.id, office.bob.id);
    let rows = (1..=250).map(|id| {
        let visibility = if id % 2 == 0 { "private" } else { "public" };
        format!("({id}, 'Note {id}', 'note', '{visibility}', FALSE, {alice}, '2026-11-22 10:00:00+00:00', '2026-11-22 10:00:00+00:00', '2026-11-22 10:00:00+00:00')")
    });
    let columns =
        "id, content, content_folded, visibility, important, user_id, date, created_at, updated_at";
    let rows = rows.collect::<Vec<_>>().join(", ");
    office.app.database.execute(&format!("INSERT INTO notes ({columns}) VALUES {rows}")).await;
    for (caller, newest) in [
        (&office.alice, (151..=250).rev().collect::<Vec<i64>>()),
        (&office.bob, (51..=250).rev().filter(|id| id % 2 == 1).collect()),
    ] {
        for (path, list) in [
            ("/api/users/alice", "/notes"),
            ("/api/users?include=notes&name=alice", "/0/notes"),
            ("/api/users?include=notes&name=alice&sort=name", "/0/notes"),
        ] {
            let answer = caller.get(path).await.ok();
            let notes = answer.pointer(list).unwrap().as_array().unwrap();
            let ids: Vec<i64> = notes.iter().map(|note| note["id"].as_i64().unwrap()).collect();
            assert_eq!(ids, newest, "{path} of {alice} for {} ({bob})", caller.id);
        }
    }
}

#[tokio::test]
async fn marks_of_unseen_notes_are_hidden_until_the_note_is_seen_again() {
    let office = Office::open().await;
    let Office { alice, bob, .. } = &office;
    let path = office.note("public").await;
    let id = path.rsplit('/').next().unwrap().parse::<i64>().unwrap();
    let mark = bob.post("/api/readinglists", json!({ "note_id": id })).await.created();
    let own = format!("/api/readinglists/{}", mark["id"]);
    let other = office.note("public").await.rsplit('/').next().unwrap().parse::<i64>().unwrap();
    bob.post("/api/readinglists", json!({ "note_id": other })).await.created();

    alice.put(&path, json!({ "visibility": "private" })).await.ok();
    assert_eq!(length(&bob.get("/api/readinglists").await.ok()), 1);
    assert_eq!(length(&bob.get("/api/readinglists?sort=date&count=exact").await.ok()), 1);
    let counts = bob.get("/api/readinglists/counts").await.ok();
    assert_eq!(counts, json!({ "total": 1, "unread": 1 }));
    assert_eq!(bob.get("/api/users/bob").await.ok()["marked_count"], 1);
    assert_eq!(length(&bob.get("/api/users/bob/marked_notes").await.ok()), 1);
    bob.get(&own).await.problem(404);
    bob.put(&own, json!({ "read": true })).await.problem(404);
    bob.delete(&own).await.problem(404);
    bob.delete(&format!("{path}/mark")).await.problem(404);
    bob.send(Method::PUT, &format!("{path}/mark"), None).await.problem(404);
    bob.get(&format!("{path}/users_marked")).await.problem(404);
    let again = bob.post("/api/readinglists", json!({ "note_id": id })).await;
    assert_eq!(again.pointers(), ["/note_id"]);
    let several = bob.post("/api/readinglists", json!({ "note_ids": [other, id] })).await;
    assert_eq!(several.pointers(), ["/note_ids/1"]);
    let these = json!({ "ids": [mark["id"]], "read": true });
    let these = bob.send(Method::PATCH, "/api/readinglists", Some(these)).await;
    assert_eq!(these.pointers(), ["/ids/0"]);
    let all = json!({ "all": true, "read": true });
    let all = bob.send(Method::PATCH, "/api/readinglists", Some(all)).await.ok();
    assert_eq!(all, json!({ "changed": 1 }));

    alice.put(&path, json!({ "visibility": "team", "team_ids": [1] })).await.ok();
    assert_eq!(bob.get(&own).await.ok()["reading"], json!({ "id": mark["id"], "read": false }));
    let counts = bob.get("/api/readinglists/counts").await.ok();
    assert_eq!(counts, json!({ "total": 2, "unread": 1 }));
    let marked = office.carol.get("/api/users/bob/marked_notes").await.ok();
    assert_eq!(length(&marked), 1, "{marked}");
    assert_eq!(length(&alice.get(&format!("{path}/users_marked")).await.ok()), 1);
}

#[tokio::test]
async fn leaving_and_joining_a_team_count_from_the_next_request_on() {
    let office = Office::open().await;
    let Office { app, alice, bob, carol } = &office;
    let path = office.note("team").await;
    bob.get(&path).await.ok();
    bob.delete("/api/teams/1/members/bob").await.no_content();
    bob.get(&path).await.problem(404);
    assert_eq!(length(&bob.get("/api/notes").await.ok()), 0);
    alice.send(Method::PUT, "/api/teams/1/members/carol", None).await.created();
    carol.get(&path).await.ok();
    let admin = app.admin().await;
    admin.put("/api/users/carol", json!({ "disabled": true })).await.ok();
    assert_eq!(carol.get(&path).await.problem(401), "account disabled");

    // An author who leaves goes on sharing.
    admin.send(Method::PUT, "/api/teams/1/members/bob", None).await.created();
    admin.put("/api/teams/1/members/bob", json!({ "role": "owner" })).await.ok();
    alice.delete("/api/teams/1/members/alice").await.no_content();
    assert_eq!(bob.get(&path).await.ok()["version"], 1);
    alice.put(&path, json!({ "team_ids": [1], "content": "Still shared" })).await.ok();
    assert_eq!(bob.get(&path).await.ok()["content"], "Still shared");
}

#[tokio::test]
async fn a_note_whose_last_team_is_deleted_becomes_private() {
    let office = Office::open().await;
    let Office { alice, bob, carol, .. } = &office;
    let path = office.note("team").await;
    carol.send(Method::PUT, "/api/teams/2/members/alice", None).await.created();
    alice.put(&path, json!({ "team_ids": [1, 2] })).await.ok();
    alice.delete("/api/teams/1").await.no_content();
    let note = carol.get(&path).await.ok();
    assert_eq!((&note["visibility"], &note["version"]), (&json!("team"), &json!(3)));
    bob.get(&path).await.problem(404);
    carol.delete("/api/teams/2").await.no_content();
    carol.get(&path).await.problem(404);
    let note = alice.get(&path).await.ok();
    assert_eq!((&note["visibility"], &note["version"]), (&json!("private"), &json!(4)));
    assert!(note["updated_at"].as_str() > note["created_at"].as_str());
}

#[tokio::test]
async fn a_team_with_very_many_notes_is_deleted_and_none_of_them_is_published() {
    let office = Office::open().await;
    let alice = office.alice.id;
    let rows = (1..=1_203).map(|id| {
        format!("({id}, 'Note', 'note', 'team', FALSE, {alice}, '2026-11-22 10:00:00+00:00', '2026-11-22 10:00:00+00:00', '2026-11-22 10:00:00+00:00')")
    });
    let columns =
        "id, content, content_folded, visibility, important, user_id, date, created_at, updated_at";
    let rows = rows.collect::<Vec<_>>().join(", ");
    let database = &office.app.database;
    database.execute(&format!("INSERT INTO notes ({columns}) VALUES {rows}")).await;
    let shared = "INSERT INTO note_teams (note_id, team_id) SELECT id, 1 FROM notes";
    database.execute(shared).await;
    database.execute("INSERT INTO note_teams (note_id, team_id) VALUES (700, 2)").await;
    office.alice.delete("/api/teams/1").await.no_content();
    let left = "SELECT COUNT(*) FROM notes WHERE visibility <> 'private' OR version <> 2";
    assert_eq!(database.number(left).await, 1);
    assert_eq!(database.number("SELECT COUNT(*) FROM note_teams").await, 1);
    assert_eq!(office.carol.get("/api/notes/700").await.ok()["visibility"], "team");
}

#[tokio::test]
async fn notes_that_were_shared_with_teams_of_a_deleted_user_alone_become_private() {
    for notes in [1, 400, 1_100] {
        let office = Office::open().await;
        let Office { app, alice, carol, .. } = &office;
        carol.post("/api/teams", json!({ "name": "Third" })).await.created();
        for team in [2, 3] {
            let member = format!("/api/teams/{team}/members/alice");
            carol.send(Method::PUT, &member, None).await.created();
        }
        let rows = (1..=notes).map(|id| {
            format!("({id}, 'Note', 'note', 'team', FALSE, {}, '2026-11-22 10:00:00+00:00', '2026-11-22 10:00:00+00:00', '2026-11-22 10:00:00+00:00')", alice.id)
        });
        let columns = "id, content, content_folded, visibility, important, user_id, date, created_at, updated_at";
        let rows = rows.collect::<Vec<_>>().join(", ");
        app.database.execute(&format!("INSERT INTO notes ({columns}) VALUES {rows}")).await;
        for team in [2, 3] {
            let shared =
                format!("INSERT INTO note_teams (note_id, team_id) SELECT id, {team} FROM notes");
            app.database.execute(&shared).await;
            alice.delete(&format!("/api/teams/{team}/members/alice")).await.no_content();
        }
        carol.delete("/api/users/carol").await.no_content();
        assert_eq!(app.database.number("SELECT COUNT(*) FROM teams").await, 1);
        let private = "SELECT COUNT(*) FROM notes WHERE visibility = 'private' AND version = 2";
        assert_eq!(app.database.number(private).await, notes);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM note_teams").await, 0);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM users WHERE name = 'Carol'").await, 0);
    }
}

#[tokio::test]
async fn deleting_notes_of_any_visibility_keeps_the_count_right() {
    let office = Office::open().await;
    let mut paths = Vec::new();
    for visibility in ["public", "team", "private"] {
        paths.push(office.note(visibility).await);
    }
    let count =
        async || office.bob.get("/api/users/alice?include=").await.ok()["note_count"].clone();
    assert_eq!(count().await, 1);
    let admin = office.app.admin().await;
    for path in &paths[1..] {
        admin.delete(path).await.problem(404);
        office.alice.delete(path).await.no_content();
        assert_eq!(count().await, 1);
    }
    admin.delete(&paths[0]).await.no_content();
    assert_eq!(count().await, 0);
}
