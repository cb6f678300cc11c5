//! Starting, serving, logging and stopping.

use std::{
    fs::File,
    net::TcpListener,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use migration::Lock;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::TestDatabase;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{SECRET, Served, migrations, run, signal, teamnotes, text};

#[tokio::test]
async fn without_settings_it_serves_an_sqlite_file_and_shows_the_admins_password_once() {
    let directory = tempfile::tempdir().unwrap();
    let served = Served::start(directory.path(), &[]);
    let shown = served.greeting.iter().find(|line| line.contains("password")).unwrap();
    let password = shown.trim_end().rsplit(' ').next().unwrap();
    let credentials = json!({ "username": "admin", "password": password });
    let (status, answer) = served.send(Method::POST, "/api/login", Some(credentials)).await;
    assert_eq!((status, answer["username"].as_str()), (200, Some("admin")));
    served.signal("TERM");
    assert_eq!(served.ended(), 0);

    let again = Served::start(directory.path(), &[]);
    assert_eq!(again.greeting, Vec::<String>::new());
    assert_eq!(again.send(Method::GET, "/docs", None).await.0, 200);
    again.signal("INT");
    assert_eq!(again.ended(), 0);
}

#[tokio::test]
async fn a_token_survives_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let admin = [("ADMIN_USERNAME", "root"), ("ADMIN_PASSWORD", "walnut-harbour-42")];
    let served = Served::start(directory.path(), &admin);
    let credentials = json!({ "username": "root", "password": "walnut-harbour-42" });
    let (_, answer) = served.send(Method::POST, "/api/login", Some(credentials)).await;
    served.signal("TERM");
    assert_eq!(served.ended(), 0);

    let served = Served::start(directory.path(), &admin);
    let current = reqwest::Client::new()
        .get(format!("http://{}/api/sessions/current", served.address))
        .bearer_auth(answer["token"].as_str().unwrap());
    assert_eq!(current.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_request_in_flight_is_answered_during_shutdown() {
    let directory = tempfile::tempdir().unwrap();
    let served = Served::start(directory.path(), &[]);
    let body = json!({ "username": "alice", "name": "Alice", "password": "walnut-harbour-42" });
    let body = body.to_string();
    let mut stream = TcpStream::connect(&served.address).await.unwrap();
    let head = format!(
        "POST /api/users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let (first, rest) = body.split_at(10);
    stream.write_all((head + first).as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    served.signal("TERM");
    tokio::time::sleep(Duration::from_millis(300)).await;
    stream.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(text(&answer), "HTTP/1.1 201");
    drop(stream);
    assert_eq!(served.ended(), 0);
}

#[tokio::test]
async fn eight_instances_starting_on_an_empty_database_all_come_up() {
    let database = TestDatabase::empty().await;
    let directory = tempfile::tempdir().unwrap();
    let settings = [
        ("DATABASE_URL", database.url()),
        ("SECRET", SECRET),
        ("ADMIN_USERNAME", "root"),
        ("ADMIN_PASSWORD", "walnut-harbour-42"),
        ("DATABASE_MAX_CONNECTIONS", "4"),
    ];
    let starting: Vec<_> = std::thread::scope(|scope| {
        let start = || Served::start(directory.path(), &settings);
        let starting: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
        starting.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for served in &starting {
        assert_eq!(served.send(Method::GET, "/readyz", None).await.0, 200);
    }
    let (_, users) = starting[0].send(Method::GET, "/api/users", None).await;
    assert_eq!(users.as_array().unwrap().len(), 1, "{users}");
    let applied = database.number("SELECT COUNT(*) FROM seaql_migrations").await;
    assert_eq!(usize::try_from(applied), Ok(migrations()));
    for served in starting {
        served.signal("TERM");
        assert_eq!(served.ended(), 0);
    }
}

async fn status(port: &str, path: &str) -> Option<u16> {
    let answer = reqwest::get(format!("http://127.0.0.1:{port}{path}")).await;
    answer.ok().map(|answer| answer.status().as_u16())
}

async fn alive(port: &str) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while status(port, "/healthz").await != Some(200) {
        assert!(Instant::now() < deadline, "it is not alive");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn while_another_instance_migrates_it_is_alive_but_not_ready() {
    let database = TestDatabase::empty().await;
    let directory = tempfile::tempdir().unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let port = free.port().to_string();
    let settings = [("DATABASE_URL", database.url()), ("SECRET", SECRET), ("PORT", &port)];
    let start = || {
        let mut command = teamnotes(directory.path(), &settings, &["serve"]);
        command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
    };
    let migrating = migration::connect(database.url(), None).await.unwrap();
    let lock = Lock::default().acquire(&migrating).await.unwrap();

    let mut given_up = start();
    alive(&port).await;
    for path in ["/readyz", "/api/notes", "/nothing"] {
        let answer = reqwest::get(format!("http://127.0.0.1:{port}{path}")).await.unwrap();
        assert_eq!(answer.status(), 503, "{path}");
        assert!(answer.headers().contains_key("retry-after"), "{path}");
    }
    signal(&given_up, "TERM");
    assert!(given_up.wait().unwrap().success());

    let waiting = start();
    alive(&port).await;
    lock.rollback().await.unwrap();
    let served = Served::wait_for(waiting);
    assert_eq!(status(&port, "/readyz").await, Some(200));
    served.signal("TERM");
    assert_eq!(served.ended(), 0);
}

#[tokio::test]
async fn metrics_can_have_an_address_of_their_own() {
    let directory = tempfile::tempdir().unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let served = Served::start(directory.path(), &[("METRICS_ADDR", &free.to_string())]);
    assert_eq!(served.send(Method::GET, "/metrics", None).await.0, 404);
    let metrics = reqwest::get(format!("http://{free}/metrics")).await.unwrap();
    assert_eq!(metrics.status(), 200);
    assert!(metrics.text().await.unwrap().contains("teamnotes_build_info"));
    assert_eq!(reqwest::get(format!("http://{free}/api/notes")).await.unwrap().status(), 404);
    served.signal("TERM");
    assert_eq!(served.ended(), 0);
}

/// A service whose log is written to this place, completely and as JSON.
fn logged(directory: &Path, database: &TestDatabase, log: Stdio) -> Served {
    let settings = [
        ("DATABASE_URL", database.url()),
        ("SECRET", SECRET),
        ("ADMIN_USERNAME", "admin"),
        ("ADMIN_PASSWORD", "walnut-harbour-42"),
        ("PORT", "0"),
        ("RUST_LOG", "trace"),
        ("LOG_FORMAT", "json"),
    ];
    let mut command = teamnotes(directory, &settings, &[]);
    command.stdout(Stdio::piped()).stderr(log);
    Served::wait_for(command.spawn().unwrap())
}

#[tokio::test]
async fn the_log_records_who_did_what_and_no_content() {
    let database = TestDatabase::empty().await;
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log");
    let served = logged(directory.path(), &database, File::create(&log).unwrap().into());
    let alice =
        json!({ "username": "alice", "name": "Hidden Name", "password": "hidden-password" });
    assert_eq!(served.send(Method::POST, "/api/users", Some(alice.clone())).await.0, 201);
    let (_, answer) = served.send(Method::POST, "/api/login", Some(alice)).await;
    let token = answer["token"].as_str().unwrap();
    let client = reqwest::Client::new();
    let url = |path: &str| format!("http://{}{path}", served.address);
    let note = client.post(url("/api/notes")).json(&json!({ "content": "hidden content" }));
    assert_eq!(note.bearer_auth(token).send().await.unwrap().status(), 201);
    for path in ["/api/notes?search=hidden", "/api/users?name=hidden", "/api/notes?hidden=hidden"] {
        client.get(url(path)).bearer_auth(token).send().await.unwrap();
    }
    for parent in ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0b7302b7-01", "00-hidden"] {
        client.get(url("/api/teams")).header("traceparent", parent).send().await.unwrap();
    }
    for path in [format!("/api/{token}"), format!("/{token}/hidden"), "/healthz".to_owned()] {
        served.send(Method::GET, &path, None).await;
    }
    served.signal("TERM");
    assert_eq!(served.ended(), 0);

    let log = std::fs::read_to_string(log).unwrap();
    for hidden in ["hidden", "Hidden", token, SECRET] {
        assert!(!log.contains(hidden), "{hidden} is in the log");
    }
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let written =
        lines.iter().find(|line| line["method"] == "POST" && line["route"] == "/api/notes");
    let written = written.unwrap();
    assert_eq!((&written["status"], &written["level"]), (&json!(201), &json!("INFO")));
    assert!(written["user"].as_i64().unwrap() > 0 && written["request"].is_string());
    let login = lines.iter().find(|line| line["message"] == "login").unwrap();
    assert_eq!((&login["outcome"], &login["user"]), (&json!("success"), &written["user"]));
    assert_eq!(login["address"], "127.0.0.1");
    assert!(written["milliseconds"].is_i64());
    let answered = |route: &str| lines.iter().find(|line| line["route"] == route).unwrap();
    assert_eq!(answered("unmatched").get("user"), None);
    assert_eq!(answered("/healthz")["level"], "DEBUG");
    let traces = lines.iter().filter(|line| line["route"] == "/api/teams");
    let traces = traces.map(|line| (line.get("trace_id"), line.get("parent_id")));
    let ids = ("4bf92f3577b34da6a3ce929d0e0e4736".into(), "00f067aa0b7302b7".into());
    assert_eq!(traces.collect::<Vec<_>>(), [(Some(&ids.0), Some(&ids.1)), (None, None)]);
}

/// What the log says was changed, in the words of the log.
fn changes(log: &Path) -> Vec<String> {
    let log = std::fs::read_to_string(log).unwrap();
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let changes =
        lines.filter(|line| ["changed", "password change"].contains(&text_of(line, "message")));
    changes
        .map(|line| {
            let what = if line["what"].is_string() { "what" } else { "outcome" };
            let id = |name| line.get(name).map_or_else(String::new, |id| format!(" {name} {id}"));
            let ids = ["user", "team", "note", "by"].map(id);
            format!("{}{}", text_of(&line, what), ids.concat())
        })
        .collect()
}

fn text_of<'a>(line: &'a Value, member: &str) -> &'a str {
    line[member].as_str().unwrap_or_default()
}

#[tokio::test]
async fn the_log_records_roles_deletions_and_wrong_passwords_but_no_change_that_was_none() {
    let database = TestDatabase::empty().await;
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log");
    let served = logged(directory.path(), &database, File::create(&log).unwrap().into());
    let (alice, bob) = (served.user("alice").await, served.user("bob").await);
    let credentials = json!({ "username": "admin", "password": "walnut-harbour-42" });
    let (_, admin) = served.send(Method::POST, "/api/login", Some(credentials)).await;
    let admin = admin["token"].as_str().unwrap();
    let guess = json!({ "password": "walnut-harbour-43", "current_password": "wrong" });
    let new = json!({ "username": "carol", "name": "Carol", "password": "walnut-harbour-42" });
    for (token, method, path, body) in [
        (&*alice, Method::POST, "/api/teams", json!({ "name": "Ops" })),
        (&*alice, Method::PUT, "/api/teams/1/members/bob", json!({})),
        (&*alice, Method::PUT, "/api/teams/1/members/bob", json!({ "role": "member" })),
        (&*alice, Method::PUT, "/api/teams/1/members/bob", json!({ "role": "owner" })),
        (&*bob, Method::PUT, "/api/teams/1/members/bob", json!({ "role": "member" })),
        (&*alice, Method::PUT, "/api/teams/1/members", json!({ "user_ids": [2, 1] })),
        (&*bob, Method::DELETE, "/api/teams/1/members/admin", Value::Null),
        (&*alice, Method::DELETE, "/api/teams/1/members/admin", Value::Null),
        (&*bob, Method::POST, "/api/notes", json!({ "content": "One" })),
        (&*bob, Method::POST, "/api/notes", json!({ "content": "Two" })),
        (&*bob, Method::DELETE, "/api/notes/1", Value::Null),
        (admin, Method::DELETE, "/api/notes/2", Value::Null),
        (&*bob, Method::PUT, "/api/users/bob", guess),
        (admin, Method::PUT, "/api/users/bob", json!({ "disabled": false, "admin": false })),
        (admin, Method::POST, "/api/users", new),
        (admin, Method::DELETE, "/api/users/carol/sessions", Value::Null),
        (&*alice, Method::DELETE, "/api/teams/1", Value::Null),
    ] {
        served.send_as(token, method, path, Some(body)).await;
    }
    served.signal("TERM");
    assert_eq!(served.ended(), 0);
    assert_eq!(
        changes(&log),
        [
            "created as an admin user 1 by \"operator\"",
            "created user 2 by \"anonymous\"",
            "created user 3 by \"anonymous\"",
            "added to the team user 3 team 1 by 2",
            "made an owner of the team user 3 team 1 by 2",
            "made a member of the team user 3 team 1 by 3",
            "added to the team user 1 team 1 by 2",
            "removed from the team user 3 team 1 by 2",
            "removed from the team user 1 team 1 by 2",
            "note deleted user 3 note 2 by 1",
            "wrong_credentials user 3",
            "created user 4 by 1",
            "team deleted team 1 by 2",
        ]
    );
}

#[tokio::test]
async fn a_log_that_nobody_reads_does_not_stop_the_service() {
    let database = TestDatabase::empty().await;
    let directory = tempfile::tempdir().unwrap();
    let mut served = logged(directory.path(), &database, Stdio::piped());
    let unread = served.child.stderr.take().unwrap();
    let (client, id) = (reqwest::Client::new(), "x".repeat(128));
    for _ in 0..1_000 {
        let request = client.get(format!("http://{}/api/teams", served.address));
        let request = request.header("X-Request-Id", &id).timeout(Duration::from_secs(10));
        assert_eq!(request.send().await.unwrap().status(), 200);
    }
    served.signal("TERM");
    assert_eq!(served.ended(), 0);
    drop(unread);
}

#[test]
fn the_health_check_succeeds_only_while_the_service_runs() {
    let directory = tempfile::tempdir().unwrap();
    let served = Served::start(directory.path(), &[]);
    let check = || run(directory.path(), &[("PORT", served.port())], &["healthcheck"]);
    assert!(check().status.success());
    let nothing = run(directory.path(), &[("PORT", "1")], &["healthcheck"]);
    assert_eq!(nothing.status.code(), Some(1));
}

#[test]
fn invalid_settings_are_reported_all_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let wrong = [("PORT", "x"), ("SESSION_TTL", "-1"), ("DATABASE_URL", "mysql://u:hunter2@h/d")];
    let output = run(directory.path(), &wrong, &["serve"]);
    assert_eq!(output.status.code(), Some(2));
    let told = text(&output.stderr);
    for name in ["PORT", "SESSION_TTL", "DATABASE_URL"] {
        assert!(told.contains(name), "{told}");
    }
    assert!(!told.contains("hunter2"), "{told}");
}
