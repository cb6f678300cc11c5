//! `/api/notes/{id}/teams`, and `include=teams`.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Office, length};

/// The ids of a list.
fn ids(list: &Value) -> Vec<i64> {
    list.as_array().unwrap().iter().map(|item| item["id"].as_i64().unwrap()).collect()
}

/// An office in which Alice belongs to both teams, and Bob to the first.
async fn office() -> Office {
    let office = Office::open().await;
    office.carol.send(Method::PUT, "/api/teams/2/members/alice", None).await.created();
    office
}

#[tokio::test]
async fn a_note_is_shared_with_one_team_after_another() {
    let office = office().await;
    let Office { alice, bob, carol, .. } = &office;
    let path = office.note("team").await;
    let version = async || alice.get(&path).await.ok()["version"].clone();
    carol.get(&path).await.problem(404);
    let second = format!("{path}/teams/2");
    alice.get(&second).await.problem(404);
    let added = alice.send(Method::PUT, &second, None).await.created();
    assert_eq!(added, json!({ "id": 2, "name": "Design", "version": 1 }));
    assert_eq!(alice.send(Method::PATCH, &second, None).await.ok(), added);
    assert_eq!(version().await, 2);
    carol.get(&path).await.ok();
    assert_eq!(alice.get(&second).await.ok(), added);
    assert_eq!(carol.get(&second).await.ok(), added);
    bob.get(&second).await.problem(404);
    for (caller, known) in [(alice, &[1, 2][..]), (bob, &[1]), (carol, &[2])] {
        let answer = caller.get(&format!("{path}/teams?count=exact")).await;
        assert_eq!(answer.header("x-total-count"), known.len().to_string());
        assert_eq!(ids(&answer.ok()), known);
    }
    alice.delete(&format!("{path}/teams/1")).await.no_content();
    assert_eq!(version().await, 3);
    bob.get(&path).await.problem(404);
    alice.delete(&format!("{path}/teams/1")).await.problem(404);
    let last = alice.delete(&second).await.problem(409);
    assert_eq!(last, "a note of visibility team must be shared with at least one team");
    let set = format!("{path}/teams");
    alice.put(&set, json!({ "team_ids": [] })).await.problem(409);
    assert_eq!(ids(&alice.put(&set, json!({ "team_ids": [2, 1, 1] })).await.ok()), [1, 2]);
    assert_eq!(version().await, 4);
    alice.put(&set, json!({ "team_ids": [1, 2] })).await.ok();
    assert_eq!(version().await, 4);
    assert_eq!(alice.put(&set, json!({ "team_ids": [1, 99] })).await.pointers(), ["/team_ids/1"]);
    assert_eq!(alice.put(&set, json!({})).await.pointers(), ["/team_ids"]);
    assert_eq!(version().await, 4);
}

#[tokio::test]
async fn the_teams_of_a_note_are_chosen_by_its_author_among_their_own() {
    let office = Office::open().await;
    let Office { app, alice, bob, carol } = &office;
    let admin = app.admin().await;
    let path = office.note("team").await;
    let teams = format!("{path}/teams");
    let (first, second) = (format!("{teams}/1"), format!("{teams}/2"));
    assert_eq!(alice.send(Method::PUT, &second, None).await.problem(403), "operation not allowed");
    alice.send(Method::PUT, &format!("{teams}/99"), None).await.problem(404);
    let set = json!({ "team_ids": [1, 2] });
    assert_eq!(alice.put(&teams, set.clone()).await.pointers(), ["/team_ids/1"]);
    for (caller, status) in [(bob, 403), (carol, 404), (&admin, 404), (&app.anonymous(), 401)] {
        caller.send(Method::PUT, &first, None).await.problem(status);
        caller.delete(&first).await.problem(status);
        caller.put(&teams, set.clone()).await.problem(status);
    }
    carol.get(&teams).await.problem(404);
    app.anonymous().get(&first).await.problem(404);
    alice.put("/api/teams/1/members/bob", json!({ "role": "owner" })).await.ok();
    alice.delete("/api/teams/1/members/alice").await.no_content();
    // It is shared with the team already.
    assert_eq!(alice.send(Method::PUT, &first, None).await.ok()["id"], 1);
    assert_eq!(ids(&alice.get(&teams).await.ok()), [1]);
}

#[tokio::test]
async fn notes_that_are_not_for_teams_have_none() {
    let office = Office::open().await;
    for visibility in ["public", "private"] {
        let path = office.note(visibility).await;
        let teams = format!("{path}/teams");
        assert_eq!(office.alice.get(&teams).await.ok(), json!([]));
        office.alice.get(&format!("{teams}/1")).await.problem(404);
        office.alice.put(&teams, json!({ "team_ids": [1] })).await.problem(409);
        office.alice.send(Method::PUT, &format!("{teams}/1"), None).await.problem(409);
        office.alice.delete(&format!("{teams}/1")).await.problem(409);
    }
    let public = office.note("public").await;
    assert_eq!(office.app.anonymous().get(&format!("{public}/teams")).await.ok(), json!([]));
}

#[tokio::test]
async fn teams_are_included_as_far_as_the_caller_knows_them() {
    let office = office().await;
    let Office { app, alice, bob, carol } = &office;
    let path = office.note("team").await;
    alice.put(&path, json!({ "team_ids": [1, 2] })).await.ok();
    office.note("public").await;
    for caller in [alice, bob, carol] {
        for note in [1, 2] {
            caller.post("/api/readinglists", json!({ "note_id": note })).await.created();
        }
    }
    for (caller, known, mark) in [(alice, &[1, 2][..], 1), (bob, &[1], 3), (carol, &[2], 5)] {
        let user = ["alice", "bob", "carol"][usize::try_from(caller.id - 2).unwrap()];
        for (list, shared) in [
            ("/api/notes".to_owned(), 1),
            ("/api/notes?sort=id".to_owned(), 0),
            ("/api/users/alice/notes".to_owned(), 1),
            ("/api/readinglists".to_owned(), 1),
            (format!("/api/users/{user}/marked_notes"), 1),
        ] {
            let separator = if list.contains('?') { '&' } else { '?' };
            app.statements();
            let with = caller.get(&format!("{list}{separator}include=teams")).await.ok();
            let statements = app.statements().len();
            let without = caller.get(&format!("{list}{separator}include=")).await.ok();
            assert_eq!(app.statements().len() + 1, statements, "{list}");
            assert_eq!(caller.get(&list).await.ok(), without);
            assert_eq!(ids(&with[shared]["teams"]), known, "{list}");
            assert_eq!(with[shared]["team_count"], known.len());
            assert_eq!(
                (&with[1 - shared]["teams"], &with[1 - shared]["team_count"]),
                (&json!([]), &json!(0))
            );
            assert!(without[shared].get("teams").is_none());
        }
        let one = caller.get("/api/notes/1?include=teams,users_marked").await.ok();
        assert_eq!((ids(&one["teams"]), length(&one["users_marked"])), (known.to_vec(), 3));
        let marked = caller.get(&format!("/api/readinglists/{mark}?include=teams")).await.ok();
        assert_eq!(ids(&marked["teams"]), known);
        let names = caller.get("/api/notes/1?include=teams&fields=teams.name").await.ok();
        assert_eq!(length(&names["teams"]), known.len());
        caller.get("/api/notes/1?fields=teams").await.problem(400);
        caller.get(&format!("/api/users/{user}?fields=marked_notes.teams")).await.problem(400);
    }
    let anonymous = app.anonymous().get("/api/notes?include=teams").await.ok();
    assert_eq!((length(&anonymous), &anonymous[0]["teams"]), (1, &json!([])));
}

#[tokio::test]
async fn a_hundred_teams_of_a_note_are_included_and_all_are_listed() {
    let office = Office::open().await;
    let path = office.note("team").await;
    let teams: Vec<String> = (3..=130).map(|id| format!("({id}, 'Team {id}', 'team')")).collect();
    let database = &office.app.database;
    let teams = format!("INSERT INTO teams (id, name, name_folded) VALUES {}", teams.join(", "));
    database.execute(&teams).await;
    let joined = format!(
        "INSERT INTO memberships (user_id, team_id, role, joined_at) \
         SELECT {}, id, 'member', '2026-11-22T10:00:00+00:00' FROM teams WHERE id > 2",
        office.alice.id
    );
    database.execute(&joined).await;
    let all: Vec<i64> = [1].into_iter().chain(3..=130).collect();
    let set = office.alice.put(&format!("{path}/teams"), json!({ "team_ids": all })).await.ok();
    assert_eq!(ids(&set), all[..100]);
    let note = office.alice.get(&format!("{path}?include=teams")).await.ok();
    assert_eq!((ids(&note["teams"]), &note["team_count"]), (all[..100].to_vec(), &json!(129)));
    let pages = office.alice.pages(&format!("{path}/teams?limit=60")).await;
    let listed: Vec<i64> =
        pages.iter().flatten().map(|team| team["id"].as_i64().unwrap()).collect();
    assert_eq!(listed, all);
}
