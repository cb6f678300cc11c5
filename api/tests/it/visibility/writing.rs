//! Choosing who sees a note.

use reqwest::Method;
use serde_json::json;
use service::notes::Visibility;
use testkit::TestApp;

use super::Office;

#[tokio::test]
async fn a_note_is_public_unless_its_author_or_the_operator_says_otherwise() {
    for default in [Visibility::Public, Visibility::Private] {
        let app = TestApp::start_with(|settings| settings.default_visibility = default).await;
        let alice = app.user("alice").await;
        let expected = if default == Visibility::Public { "public" } else { "private" };
        let note = alice.post("/api/notes", json!({ "content": "Silent" })).await.created();
        assert_eq!(note["visibility"], expected);
        for visibility in ["public", "private"] {
            let note = json!({ "content": "Explicit", "visibility": visibility });
            assert_eq!(alice.post("/api/notes", note).await.created()["visibility"], visibility);
        }
        let public = if default == Visibility::Public { 2 } else { 1 };
        assert_eq!(alice.get("/api/users/alice").await.ok()["note_count"], public);
    }
}

#[tokio::test]
async fn a_note_for_teams_names_teams_of_its_author() {
    let office = Office::open().await;
    let many = vec![1; 1_001];
    for (sharing, pointers) in [
        (json!({ "visibility": "team" }), &["/team_ids"][..]),
        (json!({ "visibility": "team", "team_ids": [] }), &["/team_ids"]),
        (json!({ "visibility": "team", "team_ids": null }), &["/team_ids"]),
        (json!({ "visibility": "team", "team_ids": ["1"] }), &["/team_ids/0"]),
        (json!({ "visibility": "team", "team_ids": [0] }), &["/team_ids/0"]),
        (json!({ "visibility": "team", "team_ids": [1, 2] }), &["/team_ids/1"]),
        (json!({ "visibility": "team", "team_ids": [99, 1, 2] }), &["/team_ids/0", "/team_ids/2"]),
        (json!({ "visibility": "team", "team_ids": many }), &["/team_ids"]),
        (json!({ "visibility": "public", "team_ids": [1] }), &["/team_ids"]),
        (json!({ "visibility": "private", "team_ids": [] }), &["/team_ids"]),
        (json!({ "team_ids": [1] }), &["/team_ids"]),
        (json!({ "visibility": "secret" }), &["/visibility"]),
        (json!({ "visibility": "Public" }), &["/visibility"]),
        (json!({ "visibility": null }), &["/visibility"]),
    ] {
        let mut new = sharing.clone();
        new["content"] = json!("Shared");
        assert_eq!(office.alice.post("/api/notes", new).await.pointers(), pointers, "{sharing}");
        let path = office.note("private").await;
        let changed = office.alice.put(&path, sharing.clone()).await;
        assert_eq!(changed.pointers(), pointers, "{sharing}");
        assert_eq!(office.alice.get(&path).await.ok()["version"], 1);
    }
    let count = office.alice.get("/api/users/alice").await.ok();
    assert_eq!(count["note_count"], 0);
}

#[tokio::test]
async fn the_version_moves_with_the_visibility_and_the_set_of_teams() {
    let office = Office::open().await;
    let Office { alice, carol, .. } = &office;
    carol.send(Method::PUT, "/api/teams/2/members/alice", None).await.created();
    let path = office.note("public").await;
    for (change, version) in [
        (json!({ "visibility": "public" }), 1),
        (json!({ "visibility": "team", "team_ids": [1] }), 2),
        (json!({ "visibility": "team" }), 2),
        (json!({ "team_ids": [1] }), 2),
        (json!({ "team_ids": [1, 1], "visibility": "team" }), 2),
        (json!({ "team_ids": [2, 1] }), 3),
        (json!({ "team_ids": [1, 2] }), 3),
        (json!({ "team_ids": [2], "content": "Both at once" }), 4),
        (json!({ "visibility": "private" }), 5),
        (json!({ "visibility": "private" }), 5),
        (json!({ "visibility": "team", "team_ids": [2] }), 6),
        (json!({ "visibility": "public" }), 7),
    ] {
        let before = alice.get(&path).await.ok();
        let after = alice.put(&path, change.clone()).await.ok();
        assert_eq!(after["version"], version, "{change}");
        let has_moved = after["version"] != before["version"];
        assert_eq!(after["updated_at"] != before["updated_at"], has_moved, "{change}");
    }
    // The shares are gone with the visibility.
    alice.put(&path, json!({ "visibility": "team" })).await.pointers();
    assert_eq!(alice.get(&format!("{path}/teams")).await.ok(), json!([]));
}

#[tokio::test]
async fn if_match_holds_for_visibility_and_teams() {
    let office = Office::open().await;
    let path = office.note("team").await;
    let tag = office.alice.get(&path).await.header("etag").to_owned();
    office.alice.put(&path, json!({ "important": true })).await.ok();
    for (method, path, body) in [
        (Method::PUT, path.clone(), Some(json!({ "visibility": "public" }))),
        (Method::PUT, format!("{path}/teams"), Some(json!({ "team_ids": [1] }))),
        (Method::PUT, format!("{path}/teams/1"), None),
        (Method::DELETE, format!("{path}/teams/1"), None),
    ] {
        let mut request = office.alice.request(method.clone(), &path).header("If-Match", &tag);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = office.alice.answer(method, &path, request).await;
        assert_eq!(answer.body["current"]["version"], 2, "{}", answer.text);
        answer.problem(412);
    }
    assert_eq!(office.alice.get(&path).await.ok()["visibility"], "team");
}

#[tokio::test]
async fn others_who_see_a_note_do_not_change_who_sees_it() {
    let office = Office::open().await;
    let admin = office.app.admin().await;
    let path = office.note("team").await;
    let change = json!({ "visibility": "public" });
    office.bob.put(&path, change.clone()).await.problem(403);
    admin.put(&path, change.clone()).await.problem(404);
    office.carol.put(&path, change.clone()).await.problem(404);
    let public = office.note("public").await;
    admin.put(&public, json!({ "visibility": "private" })).await.problem(403);
}
