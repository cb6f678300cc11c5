//! Every route for every kind of caller: a note that the caller does not see changes no answer.

use std::collections::BTreeMap;

use api::http::routing::Tokens;
use entity::api_token::Scope;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client, TestApp};

use crate::api_tokens::with_scopes;

/// The id of the note, which nothing else has, and its text.
const ID: i64 = 777_001;
const TEXT: &str = "Xylophone";

/// The author, a member of team 1, with which the note may be shared, somebody who has left it, a member of team 2, an
/// admin, and nobody in particular.
const CALLERS: [&str; 6] = ["author", "member", "former", "other", "admin", "anonymous"];

struct World {
    app: TestApp,
    clients: BTreeMap<&'static str, Client>,
}

impl World {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let mut clients = BTreeMap::new();
        for name in ["author", "member", "former", "other"] {
            clients.insert(name, app.user(name).await);
        }
        clients.insert("admin", app.admin().await);
        clients.insert("anonymous", app.anonymous());
        let author = &clients["author"];
        author.post("/api/teams", json!({ "name": "Ops" })).await.created();
        for name in ["member", "former"] {
            author.send(Method::PUT, &format!("/api/teams/1/members/{name}"), None).await.created();
        }
        clients["other"].post("/api/teams", json!({ "name": "Design" })).await.created();
        author.post("/api/notes", json!({ "content": "In the open" })).await.created();
        clients["member"].post("/api/readinglists", json!({ "note_id": 1 })).await.created();
        let next = if app.database.is_postgres() {
            format!("ALTER SEQUENCE notes_id_seq RESTART WITH {ID}")
        } else {
            format!("UPDATE sqlite_sequence SET seq = {ID} - 1 WHERE name = 'notes'")
        };
        app.database.execute(&next).await;
        Self { app, clients }
    }

    /// Writes the note in public, has everyone mark it, then sets its visibility, and takes one member off the team.
    async fn write(&self, visibility: &str) {
        let author = &self.clients["author"];
        let note = author.post("/api/notes", json!({ "content": TEXT })).await.created();
        assert_eq!(note["id"], ID);
        for client in self.clients.values().filter(|client| client.token.is_some()) {
            client.post("/api/readinglists", json!({ "note_id": ID })).await.created();
        }
        let mut change = json!({ "visibility": visibility });
        if visibility == "team" {
            change["team_ids"] = json!([1]);
        }
        author.put(&format!("/api/notes/{ID}"), change).await.ok();
        author.delete("/api/teams/1/members/former").await.no_content();
    }
}

/// Users with API tokens, and the scopes of those.
const TOKENS: [(&str, Scope); 9] = [
    ("author", Scope::Read),
    ("former", Scope::Read),
    ("other", Scope::Read),
    ("admin", Scope::Read),
    ("member", Scope::Read),
    ("member", Scope::NotesWrite),
    ("member", Scope::ReadinglistWrite),
    ("member", Scope::TeamsWrite),
    ("member", Scope::UsersWrite),
];

/// What the parameters of a route may stand for.
fn paths(route: &str) -> Vec<String> {
    let mut paths = vec![route.to_owned()];
    for (parameter, values) in [
        ("{user}", &["author", "member", "former", "admin"][..]),
        ("{team}", &["1", "2"]),
        ("{id}", &["1", "2", "3", "777001"]),
    ] {
        let filled = paths.iter().flat_map(|path| {
            let values = if path.contains(parameter) { values } else { &[""] };
            values.iter().map(|value| path.replace(parameter, value))
        });
        paths = filled.collect();
    }
    paths
}

/// Parameters that show more of a route, where it takes them.
fn queries(route: &str) -> &'static [&'static str] {
    match route {
        "/api/notes" => &[
            "",
            "?count=exact",
            "?search=xylophone&count=exact",
            "?user=author&include=teams",
            "?important=false",
            "?sort=date",
            "?sort=-updated_at&limit=1",
        ],
        "/api/users" => &[
            "",
            "?with_notes=1",
            "?with_notes=0&count=exact",
            "?sort=name",
            "?include=notes&name=%25a%25",
        ],
        "/api/users/{user}" => &["", "?include=notes,marked_notes,teams", "?read=false"],
        "/api/users/{user}/notes" => &["", "?count=exact", "?include=teams"],
        "/api/users/{user}/marked_notes" => &["", "?count=exact", "?read=false", "?include=teams"],
        "/api/readinglists" => &["", "?count=exact", "?sort=date", "?include=teams&read=false"],
        "/api/notes/{id}" => &["", "?include=users_marked,teams"],
        _ => &[""],
    }
}

/// Whether answers differ by when they are given: sessions and API tokens say when they were used, and the doctor how
/// much of the disk is free.
fn is_of_the_moment(route: &str) -> bool {
    ["sessions", "tokens", "doctor"].iter().any(|part| route.contains(part))
}

/// All that a caller can read: each URL, and the status, the counts, the links and the body of its answer.
async fn readable(client: &Client) -> BTreeMap<String, (u16, String)> {
    let mut answers = BTreeMap::new();
    for (method, route) in api::routes::api().operations() {
        if method != "GET" || is_of_the_moment(route) {
            continue;
        }
        for (path, query) in
            paths(route).iter().flat_map(|path| queries(route).iter().map(move |q| (path, q)))
        {
            let url = format!("{path}{query}");
            let answer = client.get(&url).await;
            let headers = [answer.header("x-total-count"), answer.header("link")].join(" ");
            // The id of a request is part of no body.
            answers.insert(url, (answer.status.as_u16(), format!("{headers} {}", answer.text)));
        }
    }
    answers
}

fn sees(caller: &str, visibility: &str) -> bool {
    match visibility {
        "public" => true,
        "team" => ["author", "member"].contains(&caller),
        _ => caller == "author",
    }
}

/// The answers without what the team's loss of a member changes.
fn comparable(answers: &BTreeMap<String, (u16, String)>) -> BTreeMap<&String, &(u16, String)> {
    let is_of_teams = |url: &str| url.starts_with("/api/teams") || url.contains("/teams/");
    let of_former = |url: &str| url.starts_with("/api/users/former");
    let lists_teams = |url: &str| url.starts_with("/api/users?") || url == "/api/users";
    // An export has sessions, which say when they were used.
    let is_export = |url: &str| url.ends_with("/export");
    let kept = |url: &&String| {
        !is_of_teams(url) && !of_former(url) && !lists_teams(url) && !is_export(url)
    };
    answers.iter().filter(|(url, _)| kept(url)).collect()
}

#[tokio::test]
async fn a_note_changes_no_answer_to_those_who_do_not_see_it() {
    for visibility in ["public", "team", "private"] {
        let world = World::start().await;
        let mut before = BTreeMap::new();
        for caller in CALLERS {
            before.insert(caller, readable(&world.clients[caller]).await);
        }
        world.write(visibility).await;
        for caller in CALLERS {
            let after = readable(&world.clients[caller]).await;
            let told: Vec<&String> = after
                .iter()
                .filter(|(url, (_, text))| {
                    text.contains(TEXT)
                        || (text.contains(&ID.to_string()) && !url.contains("777001"))
                })
                .map(|(url, _)| url)
                .collect();
            let one = after[&format!("/api/notes/{ID}")].0;
            if sees(caller, visibility) {
                assert_eq!(one, 200);
                for list in
                    ["/api/notes", "/api/users/author/notes", "/api/users", "/api/users/author"]
                {
                    assert!(told.contains(&&list.to_owned()), "{visibility} {caller}: {told:#?}");
                }
            } else {
                assert_eq!(one, 404);
                assert!(told.is_empty(), "{visibility} {caller}: {told:#?}");
                let before = comparable(&before[caller]);
                for (url, answer) in comparable(&after) {
                    assert_eq!(before.get(url), Some(&answer), "{visibility} {caller} {url}");
                }
            }
        }
    }
}

/// Calls a route of the note with a valid body. Returns the path too.
async fn write(client: &Client, method: &str, route: &str) -> (String, Answer) {
    let path = route.replace("{id}", "777001").replace("{team}", "1");
    let body = match route {
        "/api/notes/{id}" => Some(json!({ "visibility": "public" })),
        "/api/notes/{id}/teams" => Some(json!({ "team_ids": [2] })),
        _ => None,
    };
    let body = body.filter(|_| method != "DELETE");
    let answer = client.send(method.parse().unwrap(), &path, body).await;
    (path, answer)
}

#[tokio::test]
async fn nobody_writes_to_a_note_that_they_do_not_see() {
    for visibility in ["team", "private"] {
        let world = World::start().await;
        world.write(visibility).await;
        let held = world.app.database.rows().await;
        let without_use = |rows: Vec<(String, Value)>| -> Vec<(String, Value)> {
            rows.into_iter().filter(|(table, _)| table != "sessions").collect()
        };
        let held = without_use(held);
        for caller in CALLERS.into_iter().filter(|caller| !sees(caller, visibility)) {
            let client = &world.clients[caller];
            let status = if caller == "anonymous" { 401 } else { 404 };
            for (method, route) in api::routes::api().operations() {
                if method == "GET" || !route.starts_with("/api/notes/{id}") {
                    continue;
                }
                let (path, refused) = write(client, &method, route).await;
                let what = format!("{visibility} {caller} {method} {path}: {}", refused.text);
                assert_eq!(refused.status.as_u16(), status, "{what}");
            }
            for (body, pointer) in [
                (json!({ "note_id": ID }), "/note_id"),
                (json!({ "note_ids": [1, ID] }), "/note_ids/1"),
            ] {
                let refused = client.post("/api/readinglists", body).await;
                match caller {
                    "anonymous" => drop(refused.problem(401)),
                    _ => assert_eq!(refused.pointers(), [pointer]),
                }
            }
        }
        assert_eq!(without_use(world.app.database.rows().await), held);
    }
}

#[tokio::test]
async fn an_api_token_reads_what_its_user_sees() {
    for visibility in ["public", "team", "private"] {
        let world = World::start().await;
        world.write(visibility).await;
        let mut read_by_session = BTreeMap::new();
        for caller in ["author", "member", "former", "other", "admin"] {
            read_by_session.insert(caller, readable(&world.clients[caller]).await);
        }
        for (caller, scope) in TOKENS {
            let token = with_scopes(&world.clients[caller], &[scope.name()]).await;
            let (by_token, by_session) = (readable(&token).await, &read_by_session[caller]);
            assert_eq!(by_token.len(), by_session.len());
            for (url, answer) in &by_token {
                // An export with a session has the sessions. An API token is never that of an admin.
                let is_of_sessions = url.ends_with("/export") && by_session[url].0 == 200;
                let is_of_admins = caller == "admin" && answer.0 == 403;
                if !is_of_sessions && !is_of_admins {
                    assert_eq!(answer, &by_session[url], "{visibility} {caller} {scope} {url}");
                }
                if !sees(caller, visibility) {
                    assert!(!answer.1.contains(TEXT), "{visibility} {caller} {scope} {url}");
                }
            }
        }
    }
}

#[tokio::test]
async fn no_api_token_writes_to_a_note_that_its_user_does_not_see() {
    for (visibility, caller) in [("team", "former"), ("private", "member")] {
        let world = World::start().await;
        world.write(visibility).await;
        for scope in Scope::ALL {
            let token = with_scopes(&world.clients[caller], &[scope.name()]).await;
            for (method, route, allowed) in api::routes::api().tokens() {
                if method == "GET" || !route.starts_with("/api/notes/{id}") {
                    continue;
                }
                let status = if allowed == Tokens::With(scope) { 404 } else { 403 };
                let (path, refused) = write(&token, &method, route).await;
                let what = format!("{visibility} {scope} {method} {path}: {}", refused.text);
                assert_eq!(refused.status.as_u16(), status, "{what}");
            }
        }
    }
}
