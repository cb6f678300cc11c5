use std::time::Duration;

use serde_json::{Value, json};
use service::DbSettings;
use testkit::{Client, TestApp, TestDatabase};
use tokio::time::sleep;

use super::{each, log_in, new_user};

async fn write(client: &Client) -> Value {
    client.post("/api/notes", json!({ "content": "Hello" })).await.created()
}

async fn mark(client: &Client, note: &Value) {
    client.post("/api/readinglists", json!({ "note_id": note["id"] })).await.created();
}

/// Creates a team with this owner and these members, and returns its path.
async fn team(owner: &Client, name: &str, members: &[&str]) -> String {
    let team = owner.post("/api/teams", json!({ "name": name })).await.created();
    let path = format!("/api/teams/{}", team["id"]);
    for member in members {
        owner.put(&format!("{path}/members/{member}"), json!({})).await.created();
    }
    path
}

/// The members of a team and their roles.
async fn roles(app: &TestApp, path: &str) -> Vec<(Value, Value)> {
    let team = app.anonymous().get(path).await.ok();
    let (names, roles) = (each(&team["users"], "username"), each(&team["users"], "role"));
    names.into_iter().cloned().zip(roles.into_iter().cloned()).collect()
}

#[tokio::test]
async fn a_user_deletes_themselves_and_is_gone() {
    let (app, alice) = TestApp::with_user("alice").await;
    let other = app.log_in("alice").await;
    alice.delete("/api/users/ALICE").await.no_content();
    for path in ["/api/users/alice".to_owned(), format!("/api/users/{}", alice.id)] {
        assert_eq!(app.anonymous().get(&path).await.problem(404), "not found");
        app.admin().await.delete(&path).await.problem(404);
    }
    for client in [&alice, &other] {
        assert_eq!(client.get("/api/notes").await.problem(401), "session expired");
    }
    let answer = log_in(&app, "alice", testkit::PASSWORD).await;
    assert_eq!(answer.problem(401), "invalid username or password");
}

#[tokio::test]
async fn an_admin_deletes_a_user_by_id() {
    let (app, alice) = TestApp::with_user("alice").await;
    let path = format!("/api/users/{}", alice.id);
    app.admin().await.delete(&path).await.no_content();
    assert_eq!(alice.get("/api/sessions").await.problem(401), "session expired");
    let list = app.anonymous().get("/api/users").await.ok();
    assert_eq!(each(&list, "username"), ["admin"]);
}

#[tokio::test]
async fn the_next_user_of_a_username_inherits_nothing() {
    let (app, alice) = TestApp::with_user("alice").await;
    write(&alice).await;
    alice.delete("/api/users/alice").await.no_content();
    app.anonymous().post("/api/users", new_user("alice")).await.created();
    assert_eq!(alice.get("/api/sessions").await.problem(401), "session expired");
    let again = app.anonymous().get("/api/users/alice?teams=true").await.ok();
    assert_eq!([&again["note_count"], &again["marked_count"], &again["team_count"]], [0, 0, 0]);
}

#[tokio::test]
async fn deleting_a_user_deletes_their_notes_and_marks() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    let (hers, his) = (write(&alice).await, write(&bob).await);
    for client in [&alice, &bob] {
        mark(client, &hers).await;
        mark(client, &his).await;
    }
    alice.delete("/api/users/alice").await.no_content();

    app.anonymous().get(&format!("/api/notes/{}", hers["id"])).await.problem(404);
    let notes = app.anonymous().get("/api/notes").await.ok();
    assert_eq!(each(&notes, "id"), [&his["id"]]);
    let path = format!("/api/notes/{}?include=users_marked", his["id"]);
    let note = app.anonymous().get(&path).await.ok();
    assert_eq!(each(&note["users_marked"], "username"), ["bob"]);
    assert_eq!(note["marked_count"], 1);
    assert_eq!(each(&bob.get("/api/readinglists").await.ok(), "id"), [&his["id"]]);
    assert_eq!(bob.get("/api/users/bob").await.ok()["marked_count"], 1);
}

#[tokio::test]
async fn deleting_a_user_deletes_their_memberships() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    let path = team(&bob, "Ops", &["alice"]).await;
    alice.delete("/api/users/alice").await.no_content();
    assert_eq!(roles(&app, &path).await, [("bob".into(), "owner".into())]);
    assert_eq!(app.anonymous().get(&path).await.ok()["user_count"], 1);
    app.anonymous().get(&format!("{path}/members/alice")).await.problem(404);
}

#[tokio::test]
async fn a_team_without_an_owner_gets_its_longest_standing_member_as_owner() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    let carol = app.user("carol").await;
    let path = team(&alice, "Ops", &["carol", "bob"]).await;
    let other = team(&alice, "Dev", &["bob", "carol"]).await;
    alice.delete("/api/users/alice").await.no_content();
    let carols = [("carol".into(), "owner".into()), ("bob".into(), "member".into())];
    assert_eq!(roles(&app, &path).await, carols);
    let bobs = [("bob".into(), "owner".into()), ("carol".into(), "member".into())];
    assert_eq!(roles(&app, &other).await, bobs);
    carol.put(&path, json!({ "name": "Carol's" })).await.ok();
    bob.put(&path, json!({ "name": "Bob's" })).await.problem(403);
}

#[tokio::test]
async fn a_team_with_another_owner_stays_as_it_is() {
    let (app, alice) = TestApp::with_user("alice").await;
    app.user("bob").await;
    app.user("carol").await;
    let path = team(&alice, "Ops", &["bob", "carol"]).await;
    alice.put(&format!("{path}/members/carol"), json!({ "role": "owner" })).await.ok();
    app.admin().await.delete("/api/users/alice").await.no_content();
    let left = [("bob".into(), "member".into()), ("carol".into(), "owner".into())];
    assert_eq!(roles(&app, &path).await, left);
}

#[tokio::test]
async fn a_team_without_another_member_is_deleted_with_its_user() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    let (hers, both) = (team(&alice, "Hers", &[]).await, team(&alice, "Both", &["bob"]).await);
    let his = team(&bob, "His", &[]).await;
    alice.delete("/api/users/alice").await.no_content();
    app.anonymous().get(&hers).await.problem(404);
    for path in [both, his] {
        assert_eq!(roles(&app, &path).await, [("bob".into(), "owner".into())]);
    }
}

/// Gives a user as many notes.
async fn write_many(app: &TestApp, user_id: i64, count: u32) {
    let written = "'2026-11-22 10:00:00+00:00'";
    let time =
        if app.database.is_postgres() { format!("timestamptz {written}") } else { written.into() };
    let numbers = format!(
        "WITH RECURSIVE numbers(n) AS \
         (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})"
    );
    let columns = "content, content_folded, important, date, user_id, created_at, updated_at";
    let row = format!("'One of many', 'one of many', FALSE, {time}, {user_id}, {time}, {time}");
    let sql = format!("INSERT INTO notes ({columns}) {numbers} SELECT {row} FROM numbers");
    app.database.execute(&sql).await;
    app.database.execute(&format!("INSERT INTO note_counts VALUES ({user_id}, {count})")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn others_write_while_a_user_with_many_notes_is_deleted() {
    const MANY: i64 = 20_000;
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    let other = app.log_in("alice").await;
    write_many(&app, alice.id, 20_000).await;
    let path = format!("/api/users/{}", alice.id);
    let deleting = tokio::spawn(async move { alice.delete(&path).await });
    let (mut writes_between, left) =
        (0, format!("SELECT COUNT(*) FROM notes WHERE user_id = {}", other.id));
    while !deleting.is_finished() {
        write(&bob).await;
        if (1..MANY).contains(&app.database.number(&left).await) {
            writes_between += 1;
            other.get("/api/notes").await.problem(401);
            bob.get("/api/users/alice").await.problem(404);
        }
    }
    deleting.await.unwrap().no_content();
    assert!(writes_between > 0, "nobody wrote while the notes were being deleted");
    assert_eq!(app.database.number(&left).await, 0);
    app.admin().await.get("/api/users/alice").await.problem(404);
}

/// Gives a user as many teams.
async fn found_many(app: &TestApp, user_id: i64, count: u32) {
    let numbers = format!(
        "WITH RECURSIVE numbers(n) AS \
         (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})"
    );
    let teams = format!("{numbers} SELECT 'Team ' || n, 'team ' || n FROM numbers");
    app.database.execute(&format!("INSERT INTO teams (name, name_folded) {teams}")).await;
    let time = format!("(SELECT created_at FROM users WHERE id = {user_id})");
    let row = format!("SELECT {user_id}, id, 'owner', {time} FROM teams WHERE name LIKE 'Team %'");
    let columns = "user_id, team_id, role, joined_at";
    app.database.execute(&format!("INSERT INTO memberships ({columns}) {row}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_many_teams_is_deleted_in_steps_and_leaves_each_with_an_owner() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    found_many(&app, alice.id, 2_000).await;
    let both = team(&alice, "Both", &["bob"]).await;
    let left = "SELECT COUNT(*) FROM teams";
    let deleting = tokio::spawn(async move { alice.delete("/api/users/alice").await });
    let mut is_between = false;
    while !deleting.is_finished() {
        is_between |= (2..2_000).contains(&app.database.number(left).await);
    }
    deleting.await.unwrap().no_content();
    assert!(is_between, "all teams were deleted at once");
    assert_eq!(app.database.number(left).await, 1);
    assert_eq!(roles(&app, &both).await, [("bob".into(), "owner".into())]);
    bob.put(&both, json!({ "name": "Bob's" })).await.ok();
    assert_eq!(app.database.number("SELECT COUNT(*) FROM deletions").await, 0);
}

#[tokio::test]
async fn a_deletion_in_steps_survives_a_deadlock_with_a_change_of_marks() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    write_many(&app, alice.id, 1_000).await;
    bob.post("/api/readinglists", json!({ "note_ids": [1, 400] })).await.ok();
    let mark = |note: u32| format!("UPDATE user_notes SET read = TRUE WHERE note_id = {note}");
    let changing = app.database.hold(&mark(400)).await;
    let deleting = tokio::spawn(async move { alice.delete("/api/users/alice").await });
    // Until the deletion has locked the mark of the first note and waits for the other, but less than the
    // second after which PostgreSQL looks for deadlocks: then it is the deletion that is rolled back.
    sleep(Duration::from_millis(500)).await;
    TestDatabase::commit_with(changing, &mark(1)).await;
    deleting.await.unwrap().no_content();
    for table in ["deletions", "notes", "user_notes"] {
        let left = app.database.number(&format!("SELECT COUNT(*) FROM {table}")).await;
        assert_eq!(left, 0, "{table}");
    }
}

#[tokio::test]
async fn a_user_whose_deletion_has_begun_is_not_enabled_again() {
    let (app, alice) = TestApp::with_user("alice").await;
    let (admin, bob) = (app.admin().await, app.user("bob").await);
    let ops = team(&bob, "Ops", &[]).await;
    app.database.execute(&format!("INSERT INTO deletions VALUES ({})", alice.id)).await;
    let disabled = format!("UPDATE users SET disabled = TRUE WHERE id = {}", alice.id);
    app.database.execute(&disabled).await;

    let user = format!("/api/users/{}", alice.id);
    let team_id: i64 = ops.trim_start_matches("/api/teams/").parse().unwrap();
    for change in [
        json!({ "disabled": false }),
        json!({ "disabled": true }),
        json!({ "admin": true }),
        json!({ "admin": false }),
        json!({ "name": "Back" }),
        json!({ "password": "walnut-harbour-43" }),
    ] {
        admin.put(&user, change).await.problem(404);
    }
    admin.put(&format!("{user}/teams"), json!({ "team_ids": [team_id] })).await.problem(404);
    admin.put(&format!("{ops}/members/alice"), json!({})).await.problem(404);
    admin.put(&format!("{user}/teams/{team_id}"), json!({})).await.problem(404);
    let refused = log_in(&app, "alice", testkit::PASSWORD).await;
    assert_eq!(refused.problem(401), "account disabled, please contact admin");
    admin.delete(&user).await.no_content();
    assert_eq!(app.database.number("SELECT COUNT(*) FROM deletions").await, 0);
}

#[tokio::test]
async fn a_deletion_that_was_interrupted_is_finished_at_the_next_start() {
    let (app, alice) = TestApp::with_user("alice").await;
    write_many(&app, alice.id, 1_000).await;
    app.database.execute(&format!("INSERT INTO deletions VALUES ({})", alice.id)).await;
    let database = DbSettings::new(app.database.url());
    let again = TestApp::start_with(|settings| settings.database = database).await;
    let admin = again.admin().await;
    for _ in 0..500 {
        if admin.get("/api/users/alice").await.status == 404 {
            return assert_eq!(app.database.number("SELECT COUNT(*) FROM notes").await, 0);
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("the deletion was not finished");
}
