use serde_json::{Value, json};
use testkit::{Client, TestApp};

use super::{NOTE_CORE, each, members, sign_up};

/// The text, encoded for a query.
fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The usernames in the list for this query.
async fn usernames(client: &Client, query: &str) -> Vec<Value> {
    let users = client.get(&format!("/api/users?{query}")).await.ok();
    each(&users, "username").into_iter().cloned().collect()
}

/// The usernames of users whose names match the pattern.
async fn named(app: &TestApp, pattern: &str) -> Vec<Value> {
    usernames(&app.anonymous(), &format!("name={}", encoded(pattern))).await
}

async fn write_notes(client: &Client, count: usize) {
    for number in 0..count {
        client.post("/api/notes", json!({ "content": format!("Note {number}") })).await.created();
    }
}

#[tokio::test]
async fn users_are_listed_by_id_with_their_notes_and_teams() {
    let (app, zoe) = TestApp::with_user("zoe").await;
    app.user("bob").await;
    write_notes(&zoe, 2).await;
    let team = zoe.post("/api/teams", json!({ "name": "Ops" })).await.created();

    let list = app.anonymous().get("/api/users").await.ok();
    assert_eq!(each(&list, "username"), ["admin", "zoe", "bob"]);
    assert!(each(&list, "id").is_sorted_by_key(|id| id.as_i64()));
    let all = "admin created_at disabled id name note_count notes team_count teams updated_at username version";
    assert_eq!(members(&list[1]), all.split(' ').collect::<Vec<_>>());
    assert_eq!(list[1]["note_count"], 2);
    assert_eq!(each(&list[1]["notes"], "content"), ["Note 1", "Note 0"]);
    assert_eq!(members(&list[1]["notes"][0]), NOTE_CORE);
    assert_eq!(list[1]["teams"], json!([{ "id": team["id"], "name": "Ops", "version": 1 }]));
    assert_eq!(list[2]["note_count"], 0);
    assert_eq!([&list[2]["notes"], &list[2]["teams"]], [&json!([]), &json!([])]);
}

#[tokio::test]
async fn users_are_filtered_by_admin() {
    let (app, _) = TestApp::with_user("alice").await;
    app.user("bob").await;
    let admin = app.admin().await;
    admin.put("/api/users/bob", json!({ "admin": true })).await.ok();
    assert_eq!(usernames(&app.anonymous(), "admin=true").await, ["admin", "bob"]);
    assert_eq!(usernames(&app.anonymous(), "admin=false").await, ["alice"]);
}

#[tokio::test]
async fn a_name_is_a_case_insensitive_pattern_for_the_whole_name() {
    let app = TestApp::start().await;
    sign_up(&app, "jami", "Jami Kousa").await;
    sign_up(&app, "benjamin", "BenJAMIn Ek").await;
    sign_up(&app, "arto", "Arto Hellas").await;
    assert_eq!(named(&app, "%jami%").await, ["jami", "benjamin"]);
    assert_eq!(named(&app, "JAMI%").await, ["jami"]);
    assert_eq!(named(&app, "jami").await, Vec::<Value>::new());
    assert_eq!(named(&app, "arto hellas").await, ["arto"]);
    assert_eq!(named(&app, "arto_hellas").await, ["arto"]);
    assert_eq!(named(&app, "a_to%").await, ["arto"]);
    assert_eq!(named(&app, "a_rto%").await, Vec::<Value>::new());
    assert_eq!(named(&app, "%").await, ["admin", "jami", "benjamin", "arto"]);
}

#[tokio::test]
async fn a_backslash_escapes_a_wildcard() {
    let app = TestApp::start().await;
    sign_up(&app, "percent", "100%").await;
    sign_up(&app, "hundreds", "1000").await;
    sign_up(&app, "score", "a_b").await;
    sign_up(&app, "axb", "axb").await;
    sign_up(&app, "slash", r"back\slash").await;
    assert_eq!(named(&app, "100%").await, ["percent", "hundreds"]);
    assert_eq!(named(&app, r"100\%").await, ["percent"]);
    assert_eq!(named(&app, r"%\%%").await, ["percent"]);
    assert_eq!(named(&app, "a_b").await, ["score", "axb"]);
    assert_eq!(named(&app, r"A\_B").await, ["score"]);
    assert_eq!(named(&app, r"%\\%").await, ["slash"]);
    assert_eq!(named(&app, r"back\\slash").await, ["slash"]);
    assert_eq!(named(&app, r"\axb").await, ["axb"]);
}

#[tokio::test]
async fn case_insensitive_means_unicode() {
    let app = TestApp::start().await;
    sign_up(&app, "amma", "Vanha Ämmä").await;
    sign_up(&app, "ville", "ÇELİK Łukasz").await;
    sign_up(&app, "sigma", "ΟΔΥΣΣΕΥΣ").await;
    for pattern in ["%ÄMMÄ%", "%ämmä", "vanha _mm_", "%a\u{308}mma\u{308}%"] {
        assert_eq!(named(&app, pattern).await, ["amma"], "{pattern}");
    }
    assert_eq!(named(&app, "%łUKASZ").await, ["ville"]);
    assert_eq!(named(&app, "οδυσσευς").await, ["sigma"]);
}

#[tokio::test]
async fn with_notes_means_more_notes_than_this() {
    let (app, alice) = TestApp::with_user("alice").await;
    let bob = app.user("bob").await;
    write_notes(&alice, 2).await;
    write_notes(&bob, 1).await;
    assert_eq!(usernames(&app.anonymous(), "with_notes=0").await, ["alice", "bob"]);
    assert_eq!(usernames(&app.anonymous(), "with_notes=1").await, ["alice"]);
    assert_eq!(usernames(&app.anonymous(), "with_notes=2").await, Vec::<Value>::new());
}

#[tokio::test]
async fn only_admins_list_disabled_users() {
    let (app, alice) = TestApp::with_user("alice").await;
    app.user("bob").await;
    let admin = app.admin().await;
    admin.put("/api/users/bob", json!({ "disabled": true })).await.ok();
    for query in ["disabled=true", "disabled=any"] {
        let path = format!("/api/users?{query}");
        assert_eq!(app.anonymous().get(&path).await.problem(401), "token missing");
        assert_eq!(alice.get(&path).await.problem(403), "operation not allowed");
    }
    for client in [&app.anonymous(), &alice, &admin] {
        assert_eq!(usernames(client, "").await, ["admin", "alice"]);
        assert_eq!(usernames(client, "disabled=false").await, ["admin", "alice"]);
    }
    assert_eq!(usernames(&admin, "disabled=true").await, ["bob"]);
    assert_eq!(usernames(&admin, "disabled=any").await, ["admin", "alice", "bob"]);
}

#[tokio::test]
async fn filters_combine_with_and() {
    let (app, alice) = TestApp::with_user("alice").await;
    let alan = app.user("alan").await;
    app.user("alma").await;
    let admin = app.admin().await;
    for client in [&alice, &alan, &admin] {
        write_notes(client, 1).await;
    }
    admin.put("/api/users/alan", json!({ "disabled": true })).await.ok();
    let al = "name=al%25&with_notes=0";
    assert_eq!(usernames(&admin, al).await, ["alice"]);
    assert_eq!(usernames(&admin, &format!("{al}&disabled=any")).await, ["alice", "alan"]);
    assert_eq!(usernames(&admin, &format!("{al}&disabled=true")).await, ["alan"]);
    assert_eq!(usernames(&admin, &format!("{al}&admin=true")).await, Vec::<Value>::new());
    assert_eq!(usernames(&admin, "name=a%25&with_notes=0&admin=true").await, ["admin"]);
    assert_eq!(usernames(&admin, "name=al%25&admin=false").await, ["alice", "alma"]);
}

#[tokio::test]
async fn the_link_to_the_next_page_keeps_the_filters() {
    let app = TestApp::start().await;
    for (username, name) in [("one", "Ä&b 1"), ("two", "ä&B 2"), ("other", "Else"), ("six", "ä&b")]
    {
        sign_up(&app, username, name).await;
    }
    let path = format!("/api/users?admin=false&limit=1&name={}", encoded("Ä&B%"));
    let pages = app.anonymous().pages(&path).await;
    let found: Vec<&Value> = pages.iter().flatten().map(|user| &user["username"]).collect();
    assert_eq!(found, ["one", "two", "six"]);
    assert_eq!(pages.len(), 3, "the last page is not empty");
}

#[tokio::test]
async fn an_invalid_parameter_is_named() {
    let app = TestApp::start().await;
    for (query, name) in [
        ("admni=true", "admni"),
        ("admin=yes", "admin"),
        ("admin=", "admin"),
        ("admin=true&admin=true", "admin"),
        ("with_notes=-1", "with_notes"),
        ("with_notes=many", "with_notes"),
        ("with_notes=99999999999999999999", "with_notes"),
        ("disabled=maybe", "disabled"),
        ("name=a%00b", "name"),
        ("name=%FF", "name"),
    ] {
        let error = app.anonymous().get(&format!("/api/users?{query}")).await.problem(400);
        assert!(error.contains(name), "{query}: {error}");
    }
    app.anonymous().get("/api/users?limit=1").await.ok();
    app.anonymous().get("/api/users?limit=200").await.ok();
}

#[tokio::test]
async fn no_call_on_users_accepts_an_unknown_parameter() {
    let (app, alice) = TestApp::with_user("alice").await;
    let answers = [
        alice.post("/api/users?admin=true", super::new_user("bob")).await,
        alice.get("/api/users/alice?team=true").await,
        alice.put("/api/users/alice?name=x", json!({})).await,
        alice.delete("/api/users/alice?force=1").await,
    ];
    for (answer, name) in answers.into_iter().zip(["admin", "team", "name", "force"]) {
        let error = answer.problem(400);
        assert!(error.contains(name), "{error}");
    }
    assert_eq!(usernames(&app.anonymous(), "").await, ["admin", "alice"]);
}

#[tokio::test]
async fn a_list_of_users_nests_the_newest_hundred_and_the_full_count() {
    let (app, alice) = TestApp::with_user("alice").await;
    write_notes(&alice, 103).await;
    for number in 0..103 {
        alice.post("/api/teams", json!({ "name": format!("Team {number}") })).await.created();
    }
    let list = app.anonymous().get("/api/users?admin=false").await.ok();
    assert_eq!(list[0]["note_count"], 103);
    let notes = each(&list[0]["notes"], "content");
    assert_eq!((notes.len(), notes[0], notes[99]), (100, &json!("Note 102"), &json!("Note 3")));
    assert_eq!(list[0]["teams"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn an_underscore_in_a_pattern_is_one_character_of_the_name_whatever_its_case() {
    let (app, alice) = TestApp::with_user("alice").await;
    for (name, pattern, is_found) in [
        ("Großmann", "gro_mann", true),
        ("Großmann", "gro__mann", false),
        ("Großmann", "GROSSMANN", true),
        ("Grossmann", "gro__mann", true),
        ("Grossmann", "gro_mann", false),
        ("İzmir", "_zmir", true),
        ("ŉ", "_", true),
        ("Büro oﬃcer", "%o_cer", true),
    ] {
        let named = json!({ "name": name });
        alice.put("/api/users/alice", named.clone()).await.ok();
        alice.post("/api/teams", named).await;
        for path in ["/api/users", "/api/teams"] {
            let found =
                app.anonymous().get(&format!("{path}?name={}", encoded(pattern))).await.ok();
            let names = each(&found, "name");
            assert_eq!(names.contains(&&json!(name)), is_found, "{path} {name} {pattern}");
        }
    }
}
