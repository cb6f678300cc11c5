//! The binary: starting, stopping, and its commands.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdout, Command, Output, Stdio},
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::{Value, json};
use testkit::TestDatabase;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The binary in a directory of its own, with no settings but these.
fn teamnotes(directory: &Path, settings: &[(&str, &str)], arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_teamnotes"));
    command.args(arguments).current_dir(directory).env_clear();
    command.envs(settings.iter().copied());
    command
}

fn run(directory: &Path, settings: &[(&str, &str)], arguments: &[&str]) -> Output {
    teamnotes(directory, settings, arguments).output().unwrap()
}

/// How many migrations there are.
fn migrations() -> usize {
    testkit::migrations().len()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A running service, killed when it is dropped before it was stopped.
struct Served {
    child: Child,
    /// What it says before it listens.
    greeting: Vec<String>,
    address: String,
    _stdout: BufReader<ChildStdout>,
}

impl Served {
    /// Starts it on any port and waits until it listens.
    fn start(directory: &Path, settings: &[(&str, &str)]) -> Self {
        Self::wait_for(Self::spawn(directory, settings))
    }

    fn wait_for(mut child: Child) -> Self {
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut greeting = Vec::new();
        let address = loop {
            let mut line = String::new();
            assert_ne!(stdout.read_line(&mut line).unwrap(), 0, "it ended: {greeting:?}");
            if let Some(address) = line.trim_end().strip_prefix("Teamnotes listens at http://") {
                break address.to_owned();
            }
            greeting.push(line);
        };
        Self { child, greeting, address, _stdout: stdout }
    }

    fn spawn(directory: &Path, settings: &[(&str, &str)]) -> Child {
        let mut command = teamnotes(directory, settings, &["serve"]);
        command.env("PORT", "0").stdout(Stdio::piped()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// The exit status, which must be there in time.
    fn ended(mut self) -> i32 {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            assert!(started.elapsed() < Duration::from_secs(10), "it does not stop");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request =
            reqwest::Client::new().request(method, format!("http://{}{path}", self.address));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn with_no_setting_at_all_it_serves_an_sqlite_file_and_shows_the_admins_password_once() {
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
    again.signal("INT");
    assert_eq!(again.ended(), 0);
}

#[tokio::test]
async fn a_token_outlives_a_restart() {
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
async fn a_request_in_flight_is_answered_when_it_is_told_to_stop() {
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
async fn eight_that_start_together_on_an_empty_database_all_come_up() {
    let database = TestDatabase::empty().await;
    let directory = tempfile::tempdir().unwrap();
    let settings = [
        ("DATABASE_URL", database.url()),
        ("SECRET", SECRET),
        ("ADMIN_USERNAME", "root"),
        ("ADMIN_PASSWORD", "walnut-harbour-42"),
        ("DATABASE_MAX_CONNECTIONS", "3"),
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

#[tokio::test]
async fn metrics_can_have_an_address_of_their_own() {
    let directory = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let served = Served::start(directory.path(), &[("METRICS_ADDR", &free.to_string())]);
    assert_eq!(served.send(Method::GET, "/metrics", None).await.0, 404);
    let metrics = reqwest::get(format!("http://{free}/metrics")).await.unwrap();
    assert_eq!(metrics.status(), 200);
    assert!(metrics.text().await.unwrap().contains("teamnotes_build_info"));
    assert_eq!(reqwest::get(format!("http://{free}/api/notes")).await.unwrap().status(), 404);
    served.signal("TERM");
    assert_eq!(served.ended(), 0);
}

#[tokio::test]
async fn the_log_tells_who_did_what_and_nothing_of_what_was_said() {
    let database = TestDatabase::empty().await;
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log");
    let mut command = teamnotes(
        directory.path(),
        &[
            ("DATABASE_URL", database.url()),
            ("SECRET", SECRET),
            ("PORT", "0"),
            ("RUST_LOG", "trace"),
            ("LOG_FORMAT", "json"),
        ],
        &[],
    );
    command.stdout(Stdio::piped()).stderr(std::fs::File::create(&log).unwrap());
    let served = Served::wait_for(command.spawn().unwrap());
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
    assert!(written["milliseconds"].is_i64());
}

#[test]
fn the_health_check_tells_a_service_that_runs_from_none() {
    let directory = tempfile::tempdir().unwrap();
    let served = Served::start(directory.path(), &[]);
    let (_, port) = served.address.rsplit_once(':').unwrap();
    let check = || run(directory.path(), &[("PORT", port)], &["healthcheck"]);
    assert!(check().status.success());
    let nothing = run(directory.path(), &[("PORT", "1")], &["healthcheck"]);
    assert_eq!(nothing.status.code(), Some(1));
}

#[test]
fn wrong_settings_are_told_all_at_once() {
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

#[test]
fn a_database_that_is_not_there_is_one_line_and_status_1() {
    let directory = tempfile::tempdir().unwrap();
    let settings = [("DATABASE_URL", "postgres://u:hunter2@127.0.0.1:1/x"), ("SECRET", SECRET)];
    for arguments in [&["serve"][..], &["migrate", "status"], &["user", "list"]] {
        let output = run(directory.path(), &settings, arguments);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.lines().any(|line| line.starts_with("error: ")), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}

/// Runs a command that reads a password, which must succeed; gives what it says.
fn with_password(directory: &Path, settings: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = teamnotes(directory, settings, arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"walnut-harbour-42\n").unwrap();
    child.wait_with_output().unwrap()
}

#[tokio::test]
async fn users_and_sessions_are_managed_by_commands_under_the_same_rules() {
    let database = TestDatabase::migrated().await;
    let directory = tempfile::tempdir().unwrap();
    let settings = [("DATABASE_URL", database.url())];
    let here = directory.path();
    let made = with_password(here, &settings, &["user", "create", "Root", "--admin"]);
    assert_eq!(text(&made.stdout), "1 root admin (Root)\n", "{}", text(&made.stderr));
    let made = with_password(here, &settings, &["user", "create", "alice", "--name", "Alice W"]);
    assert_eq!(text(&made.stdout), "2 alice (Alice W)\n");
    let taken = with_password(here, &settings, &["user", "create", "ALICE"]);
    assert_eq!(
        (taken.status.code(), text(&taken.stderr)),
        (Some(1), "error: username must be unique\n".into())
    );

    for (arguments, said) in [
        (["user", "disable", "alice"], "2 alice disabled (Alice W)\n"),
        (["user", "enable", "2"], "2 alice (Alice W)\n"),
        (["user", "promote", "alice"], "2 alice admin (Alice W)\n"),
        (["user", "demote", "alice"], "2 alice (Alice W)\n"),
    ] {
        let output = run(here, &settings, &arguments);
        assert_eq!(text(&output.stdout), said, "{}", text(&output.stderr));
    }
    let refused = run(here, &settings, &["user", "demote", "root"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("last admin"), "{}", text(&refused.stderr));
    let reset = with_password(here, &settings, &["user", "reset-password", "alice"]);
    assert!(reset.status.success());
    let list = run(here, &settings, &["user", "list"]);
    assert_eq!(text(&list.stdout), "1 root admin (Root)\n2 alice (Alice W)\n");
    let revoked = run(here, &settings, &["sessions", "revoke", "--all"]);
    assert_eq!(text(&revoked.stdout), "0 sessions ended\n");
    let unknown = run(here, &settings, &["sessions", "revoke", "--user", "nobody"]);
    assert_eq!(
        (unknown.status.code(), text(&unknown.stderr)),
        (Some(1), "error: not found\n".into())
    );
}

#[tokio::test]
async fn the_schema_is_changed_by_commands() {
    let database = TestDatabase::empty().await;
    let directory = tempfile::tempdir().unwrap();
    let settings = [("DATABASE_URL", database.url())];
    let said = |arguments: &[&str]| {
        let output = run(directory.path(), &settings, arguments);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let said = text(&output.stdout);
        let of = |state: &str| said.lines().filter(|line| line.starts_with(state)).count();
        (of("applied"), of("pending"))
    };
    let all = migrations();
    assert_eq!(said(&["migrate", "status"]), (0, all));
    assert_eq!(said(&["migrate", "up", "-n", "2"]), (2, all - 2));
    assert_eq!(said(&["migrate", "up"]), (all, 0));
    assert_eq!(said(&["migrate", "down", "--yes"]), (all - 1, 1));
    assert_eq!(said(&["migrate", "down", "-n", "3", "--yes"]), (all - 4, 4));
    assert_eq!(said(&["migrate", "refresh", "--yes"]), (all, 0));
    assert_eq!(said(&["migrate", "fresh", "--yes"]), (all, 0));
    assert_eq!(said(&["migrate", "reset", "--yes"]), (0, all));
}

#[tokio::test]
async fn the_doctor_says_how_it_is_a_line_each() {
    let database = TestDatabase::migrated().await;
    let directory = tempfile::tempdir().unwrap();
    let settings = [("DATABASE_URL", database.url()), ("SECRET", SECRET)];
    let doctor = || run(directory.path(), &settings, &["doctor"]);
    let told = doctor();
    assert!(told.status.success(), "{}", text(&told.stdout));
    assert!(text(&told.stdout).contains("look  admins: none"), "{}", text(&told.stdout));
    with_password(directory.path(), &settings, &["user", "create", "root", "--admin"]);
    let told = text(&doctor().stdout);
    assert!(told.lines().all(|line| line.starts_with("ok    ")), "{told}");
    for subject in ["settings", "secret", "version", "schema", "admins"] {
        assert!(told.contains(&format!(" {subject}: ")), "{subject} in {told}");
    }

    run(directory.path(), &settings, &["migrate", "down", "--yes"]);
    let told = doctor();
    assert_eq!(told.status.code(), Some(1));
    assert!(text(&told.stdout).contains("BAD   schema: "), "{}", text(&told.stdout));
}

#[tokio::test]
async fn the_demo_fills_an_empty_database_the_same_way_each_time() {
    let directory = tempfile::tempdir().unwrap();
    let mut samples = Vec::new();
    for _ in 0..2 {
        let database = TestDatabase::migrated().await;
        let settings = [("DATABASE_URL", database.url())];
        let demo = || run(directory.path(), &settings, &["demo", "--users", "250"]);
        let told = demo();
        assert!(told.status.success(), "{}", text(&told.stderr));
        let told = text(&told.stdout);
        assert!(
            told.starts_with("250 users, 25 teams, 5000 notes and 2500 marks are made\n"),
            "{told}"
        );
        for (table, rows) in
            [("users", 250), ("notes", 5000), ("user_notes", 2500), ("memberships", 500)]
        {
            assert_eq!(database.number(&format!("SELECT COUNT(*) FROM {table}")).await, rows);
        }
        let sample = "SELECT SUM(LENGTH(content) * id) + SUM(CASE WHEN important THEN id ELSE 0 END) FROM notes";
        samples.push(database.number(&format!("SELECT CAST(({sample}) AS bigint)")).await);
        let again = demo();
        assert_eq!(again.status.code(), Some(1));
        assert!(text(&again.stderr).contains("has users already"), "{}", text(&again.stderr));
    }
    assert_eq!(samples[0], samples[1]);
}

#[tokio::test]
async fn a_backup_is_a_database_that_can_be_served() {
    let directory = tempfile::tempdir().unwrap();
    let served = Served::start(directory.path(), &[]);
    let alice = json!({ "username": "alice", "name": "Alice", "password": "walnut-harbour-42" });
    assert_eq!(served.send(Method::POST, "/api/users", Some(alice)).await.0, 201);
    let copy = run(directory.path(), &[], &["backup", "copy.db"]);
    assert!(copy.status.success(), "{}", text(&copy.stderr));
    let again = run(directory.path(), &[], &["backup", "copy.db"]);
    assert_eq!(again.status.code(), Some(1), "it was written over");

    let restored = Served::start(directory.path(), &[("DATABASE_URL", "sqlite:copy.db")]);
    assert_eq!(restored.send(Method::GET, "/api/users/alice", None).await.0, 200);
    let database = TestDatabase::migrated().await;
    if database.is_postgres() {
        let settings = [("DATABASE_URL", database.url())];
        let refused = run(directory.path(), &settings, &["backup", "other.db"]);
        assert!(text(&refused.stderr).contains("pg_dump"), "{}", text(&refused.stderr));
    }
}

#[tokio::test]
async fn what_loses_data_says_so_and_waits_for_a_yes() {
    let database = TestDatabase::migrated().await;
    let directory = tempfile::tempdir().unwrap();
    let settings = [("DATABASE_URL", database.url())];
    with_password(directory.path(), &settings, &["user", "create", "alice"]);
    let before = database.schema().await;
    let refused = run(directory.path(), &settings, &["migrate", "down", "-n", "3"]);
    assert_eq!(refused.status.code(), Some(1));
    let told = text(&refused.stderr);
    for loss in ["users.name_folded (1 rows)", "memberships.role (0 rows)", "--yes"] {
        assert!(told.contains(loss), "{told}");
    }
    assert_eq!(database.schema().await, before);
    let planned = run(directory.path(), &settings, &["migrate", "plan", "reset"]);
    assert!(text(&planned.stdout).contains("DROP TABLE \"users\";"), "{planned:?}");
    assert_eq!(database.schema().await, before);
}

/// Kills a migration after so long, then runs it to its end.
async fn interrupted(database: &TestDatabase, directory: &Path, arguments: &[&str], after: u64) {
    let settings = [("DATABASE_URL", database.url())];
    let mut child =
        teamnotes(directory, &settings, arguments).stdout(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(after));
    child.kill().unwrap();
    child.wait().unwrap();
    let output = run(directory, &settings, arguments);
    assert!(output.status.success(), "{arguments:?} after {after} ms: {}", text(&output.stderr));
}

#[tokio::test]
async fn a_migration_that_is_killed_at_any_moment_is_finished_by_the_next() {
    let newest = TestDatabase::migrated().await.schema().await;
    let directory = tempfile::tempdir().unwrap();
    let database = TestDatabase::empty().await;
    for round in 0..20 {
        let after = round * 4;
        interrupted(&database, directory.path(), &["migrate", "up"], after).await;
        assert_eq!(database.schema().await, newest, "up after {after} ms");
        interrupted(&database, directory.path(), &["migrate", "reset", "--yes"], after).await;
        assert_eq!(database.schema().await, Vec::<String>::new(), "reset after {after} ms");
    }
}

#[test]
fn help_can_be_followed_and_tells_no_secret() {
    let directory = tempfile::tempdir().unwrap();
    let settings = [("DATABASE_URL", "postgres://u:hunter2@h/d")];
    for arguments in [&["--help"][..], &["migrate", "--help"], &["user", "--help"]] {
        let output = run(directory.path(), &settings, arguments);
        let told = text(&output.stdout);
        assert!(output.status.success() && told.contains("Usage:"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}
