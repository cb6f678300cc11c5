//! What clients see while PostgreSQL fails: 503 in time and never a 500, no lost or repeated write, and a
//! service that recovers by itself.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client, Fault, FaultProxy, Moment, PASSWORD, TestApp, TestDatabase};
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    time::{sleep, timeout},
};

const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(1);
const CLIENT_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a client waits: a second more than a probe of the database, or all of these together.
const LIMIT: Duration = Duration::from_secs(6);

/// Injects faults until they are cleared.
const ENDLESS: usize = usize::MAX;

/// A serialization failure and a deadlock: PostgreSQL rolls back the transaction, and a retry may succeed
/// at once.
const TAKEN_BACK: [&str; 2] = ["40001", "40P01"];

/// The service, the proxy between it and its database, and a signed-in user. Of 4 connections one checks
/// sessions, one reads and one writes; of 6 one, two and two; of 10 two, three and three; of 16 three, five and
/// five.
///
/// `None` on SQLite, which has neither a server nor a connection that could fail: the test ends then.
async fn start(connections: u32) -> Option<(TestApp, FaultProxy, Client)> {
    let database = TestDatabase::migrated().await;
    if !database.is_postgres() {
        return None;
    }
    let proxy = FaultProxy::start(database.url());
    let app = TestApp::start_on(database, |settings| {
        settings.database.url = proxy.url().into();
        settings.database.max_connections = connections;
        settings.database.acquire_timeout = ACQUIRE_TIMEOUT;
        settings.database.read_timeout = STATEMENT_TIMEOUT;
        settings.database.statement_timeout = STATEMENT_TIMEOUT;
        settings.network.client_timeout = CLIENT_TIMEOUT;
    })
    .await;
    let alice = app.user("alice").await;
    Some((app, proxy, alice))
}

async fn in_time<T>(answer: impl Future<Output = T>) -> T {
    timeout(LIMIT, answer).await.unwrap()
}

async fn get(client: &Client, path: &str) -> Answer {
    in_time(client.get(path)).await
}

async fn write(client: &Client, content: &str) -> Answer {
    in_time(client.post("/api/notes", json!({ "content": content }))).await
}

/// How many notes the database has, whatever the service says.
async fn notes(app: &TestApp, content: &str) -> i64 {
    app.database.number(&format!("SELECT count(*) FROM notes WHERE content = '{content}'")).await
}

#[track_caller]
fn assert_unavailable(answer: Answer) {
    let seconds = answer.header("retry-after").parse::<u32>();
    assert!(seconds.is_ok_and(|seconds| seconds > 0), "{}: {}", answer.status, answer.text);
    answer.problem(503);
}

/// Requires the response to arrive in time.
async fn until(is_so: impl AsyncFn() -> bool) {
    let wait = async {
        while !is_so().await {
            sleep(Duration::from_millis(5)).await;
        }
    };
    in_time(wait).await;
}

/// Requires the service to become ready in time, without a restart.
async fn assert_ready_again(app: &TestApp) {
    until(async || get(&app.anonymous(), "/readyz").await.status == 200).await;
}

/// This many responses to concurrent requests, so that all connections of the pool are open.
async fn at_once(client: &Client, count: usize) -> Vec<Answer> {
    let ask = |client: Client| async move { get(&client, "/api/notes").await };
    let asked: Vec<_> = (0..count).map(|_| tokio::spawn(ask(client.clone()))).collect();
    let mut answers = Vec::new();
    for answer in asked {
        answers.push(answer.await.unwrap());
    }
    answers
}

/// How many are 503; all others must be 200.
fn refused(answers: Vec<Answer>) -> usize {
    let (refused, answered): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 503);
    for answer in answered {
        answer.ok();
    }
    let count = refused.len();
    refused.into_iter().for_each(assert_unavailable);
    count
}

/// Sends a request whose response nobody reads. Dropping the socket disconnects: with a reset, or in an
/// orderly way.
async fn send(
    client: &Client,
    app: &TestApp,
    (method, path, body): (&str, &str, &str),
    with_reset: bool,
) -> TcpStream {
    let address = app.address().trim_start_matches("http://");
    let mut socket = TcpStream::connect(address).await.unwrap();
    if with_reset {
        socket.set_zero_linger().unwrap();
    }
    let (token, length) = (client.token.as_deref().unwrap(), body.len());
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    socket
}

#[tokio::test]
async fn while_the_database_is_down_the_service_is_alive_but_not_ready() {
    let Some((app, proxy, alice)) = start(16).await else { return };
    proxy.go_down().await;
    let alice_again = json!({ "username": "alice", "password": PASSWORD });
    let (ready, metrics, notes_of_all, login, written, alive) = tokio::join!(
        get(&alice, "/readyz"),
        get(&alice, "/metrics"),
        get(&alice, "/api/notes"),
        in_time(alice.post("/api/login", alice_again)),
        write(&alice, "gone"),
        get(&alice, "/healthz"),
    );
    for answer in [ready, notes_of_all, login, written] {
        assert_unavailable(answer);
    }
    assert_eq!(alive.status, 200);
    assert_eq!(metrics.status, 200);
    assert!(metrics.text.contains("teamnotes_http_requests_total{"), "{}", metrics.text);
    assert!(!metrics.text.contains("teamnotes_live_sessions"), "{}", metrics.text);
    proxy.come_up();
    assert_ready_again(&app).await;
    write(&alice, "back").await.created();
    assert_eq!((notes(&app, "gone").await, notes(&app, "back").await), (0, 1));
}

#[tokio::test]
async fn after_a_restart_of_the_database_each_dead_connection_fails_at_most_once() {
    let Some((app, proxy, alice)) = start(16).await else { return };
    let terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                     WHERE datname = current_database() AND pid <> pg_backend_pid()";
    for (is_told, at_first) in [(true, 20), (true, 0), (false, 20), (false, 0)] {
        assert_eq!(refused(at_once(&alice, 20).await), 0);
        if is_told {
            app.database.execute(terminate).await;
        } else {
            proxy.go_down().await;
            proxy.come_up();
        }
        let mut answers = at_once(&alice, at_first).await;
        for _ in 0..20 {
            answers.push(get(&alice, "/api/notes").await);
        }
        let refused_reads = refused(answers);
        assert!(refused_reads <= 8, "{refused_reads} for 3 + 5 connections");
        assert_eq!(get(&alice, "/readyz").await.status, 200);
        let mut refused_writes = 0;
        while write(&alice, "after").await.status == 503 {
            refused_writes += 1;
        }
        assert!(refused_writes <= 5, "{refused_writes} for 5 connections");
    }
    assert_eq!(notes(&app, "after").await, 4);
}

#[tokio::test]
async fn a_database_that_hangs_is_503_and_its_connections_are_dropped() {
    let Some((app, proxy, alice)) = start(10).await else { return };
    assert_eq!(refused(at_once(&alice, 6).await), 0);
    proxy.inject(Fault::Delay(Moment::Any, Duration::from_mins(10)), ENDLESS);
    let waiting = tokio::spawn({
        let alice = alice.clone();
        async move { tokio::join!(get(&alice, "/api/notes"), get(&alice, "/api/notes")) }
    });
    until(async || proxy.injected() >= 2).await;
    assert_unavailable(get(&alice, "/readyz").await);
    assert_eq!(get(&alice, "/healthz").await.status, 200);
    let (first, second) = waiting.await.unwrap();
    assert_unavailable(first);
    assert_unavailable(second);
    // Requests on the existing connections get no response within ten minutes.
    proxy.clear();
    assert_ready_again(&app).await;
    write(&alice, "after").await.created();
}

#[tokio::test]
async fn a_slow_statement_is_503() {
    let Some((app, proxy, alice)) = start(6).await else { return };
    for moment in [Moment::Statement, Moment::InTransaction] {
        let sleeps = "DO $$ BEGIN PERFORM pg_sleep(60); END $$";
        proxy.inject(Fault::Replace(moment, sleeps.into()), 1);
        assert_unavailable(write(&alice, "slow").await);
        assert_eq!((proxy.injected(), notes(&app, "slow").await), (1, 0));
    }
    write(&alice, "slow").await.created();
}

#[tokio::test]
async fn a_connection_cut_before_the_commit_leaves_nothing_behind() {
    let Some((app, proxy, alice)) = start(6).await else { return };
    proxy.inject(Fault::CutBeforeCommit, 1);
    assert_unavailable(write(&alice, "cut").await);
    assert_eq!((proxy.injected(), notes(&app, "cut").await), (1, 0));
    write(&alice, "cut").await.created();
    assert_eq!(notes(&app, "cut").await, 1);
}

#[tokio::test]
async fn a_connection_cut_after_the_commit_is_503_and_nothing_is_written_twice() {
    let Some((app, proxy, alice)) = start(6).await else { return };
    proxy.inject(Fault::CutAfterCommit, 1);
    assert_unavailable(write(&alice, "cut").await);
    assert_eq!((proxy.injected(), notes(&app, "cut").await), (1, 1));
    write(&alice, "next").await.created();
    assert_eq!((notes(&app, "cut").await, notes(&app, "next").await), (1, 1));
}

#[tokio::test]
async fn a_session_ended_by_the_server_is_503_once() {
    let Some((app, proxy, alice)) = start(6).await else { return };
    for moment in [Moment::Statement, Moment::InTransaction, Moment::Commit] {
        proxy.inject(Fault::terminate(moment), 1);
        assert_unavailable(write(&alice, "ended").await);
        assert_eq!((proxy.injected(), notes(&app, "ended").await), (1, 0), "{moment:?}");
        write(&alice, "next").await.created();
    }
    assert_eq!(notes(&app, "next").await, 3);
}

#[tokio::test]
async fn a_server_that_is_full_is_503_until_it_has_room() {
    let Some((app, proxy, alice)) = start(6).await else { return };
    for code in ["53300", "57P03"] {
        proxy.inject(Fault::RefuseSessions(code), ENDLESS);
        proxy.cut();
        // The dead connections fail at once; then new ones are waited for.
        assert_eq!(refused(at_once(&alice, 5).await), 5);
        assert_unavailable(write(&alice, code).await);
        assert_unavailable(get(&alice, "/readyz").await);
        assert_eq!(get(&alice, "/healthz").await.status, 200);
        assert!(proxy.injected() > 0);
        proxy.clear();
        assert_ready_again(&app).await;
        write(&alice, code).await.created();
        assert_eq!(notes(&app, code).await, 1);
    }
}

#[tokio::test]
async fn a_client_that_leaves_while_waiting_for_a_lock_frees_the_connection() {
    let Some((app, _proxy, alice)) = start(6).await else { return };
    let note = write(&alice, "locked").await.created();
    let path = format!("/api/notes/{}", note["id"]);
    let _held = app.database.hold("SELECT * FROM notes FOR UPDATE").await;
    let waiting = "SELECT count(*) FROM pg_stat_activity \
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    for with_reset in [true, false] {
        let change = ("PUT", path.as_str(), r#"{"important":true}"#);
        let first = send(&alice, &app, change, with_reset).await;
        let second = send(&alice, &app, change, with_reset).await;
        until(async || app.database.number(waiting).await == 2).await;
        drop((first, second));
        write(&alice, "another").await.created();
        until(async || app.database.number(waiting).await == 0).await;
    }
}

#[tokio::test]
async fn a_client_that_leaves_during_a_transaction_leaves_none_open() {
    let Some((app, proxy, alice)) = start(4).await else { return };
    let left_behind = "SELECT count(*) FROM pg_stat_activity \
                       WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    for moment in [Moment::Statement, Moment::Begin, Moment::InTransaction, Moment::Commit] {
        proxy.inject(Fault::Delay(moment, STATEMENT_TIMEOUT / 2), 1);
        let create = ("POST", "/api/notes", r#"{"content":"abandoned"}"#);
        let abandoned = send(&alice, &app, create, true).await;
        until(async || proxy.injected() == 1).await;
        drop(abandoned);
        // Waits for the only connection.
        write(&alice, "next").await.created();
        assert_eq!(app.database.number(left_behind).await, 0, "{moment:?}");
    }
    assert_eq!(notes(&app, "next").await, 4);
    assert!(notes(&app, "abandoned").await <= 1);
}

/// Writes of each kind, with queries that return 1 if the write was done once.
async fn writes(alice: &Client, bob: &Client, round: &str) -> [(Method, String, Value, String); 4] {
    let note = write(alice, &format!("old {round}")).await.created();
    let team = json!({ "name": format!("Team of {round}") });
    let team = alice.post("/api/teams", team).await.created()["id"].clone();
    let (content, changed) = (format!("new {round}"), format!("changed {round}"));
    let name = format!("New team {round}");
    let counted = |what: String| format!("SELECT count(*) FROM {what}");
    [
        (
            Method::POST,
            "/api/notes".into(),
            json!({ "content": content }),
            counted(format!("notes WHERE content = '{content}'")),
        ),
        (
            Method::PUT,
            format!("/api/notes/{}", note["id"]),
            json!({ "content": changed }),
            counted(format!("notes WHERE content = '{changed}'")),
        ),
        (
            Method::POST,
            "/api/teams".into(),
            json!({ "name": name }),
            counted(format!("teams JOIN memberships ON team_id = teams.id WHERE name = '{name}'")),
        ),
        (
            Method::PUT,
            format!("/api/teams/{team}/members"),
            json!({ "user_ids": [alice.id, bob.id] }),
            counted(format!("memberships WHERE team_id = {team} AND user_id = {}", bob.id)),
        ),
    ]
}

#[tokio::test]
async fn a_transaction_that_is_rolled_back_once_is_retried() {
    let Some((app, proxy, alice)) = start(6).await else { return };
    let bob = app.user("bob").await;
    for code in TAKEN_BACK {
        for moment in [Moment::InTransaction, Moment::Commit] {
            let round = format!("{code} {moment:?}");
            for (method, path, body, done) in writes(&alice, &bob, &round).await {
                proxy.inject(Fault::raise(moment, code), 1);
                let answer = in_time(alice.send(method, &path, Some(body))).await;
                assert!(answer.status.is_success(), "{round} {path}: {}", answer.text);
                assert_eq!((proxy.injected(), app.database.number(&done).await), (1, 1), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn a_transaction_that_is_rolled_back_every_time_is_503() {
    let Some((app, proxy, alice)) = start(6).await else { return };
    let bob = app.user("bob").await;
    for code in TAKEN_BACK {
        for (method, path, body, done) in writes(&alice, &bob, code).await {
            proxy.inject(Fault::raise(Moment::InTransaction, code), ENDLESS);
            let send = || in_time(alice.send(method.clone(), &path, Some(body.clone())));
            assert_unavailable(send().await);
            let tries = proxy.injected();
            assert!((1..=10).contains(&tries), "{path} was tried {tries} times");
            assert_eq!(app.database.number(&done).await, 0, "{path}");
            proxy.clear();
            assert!(send().await.status.is_success());
            assert_eq!(app.database.number(&done).await, 1, "{path}");
        }
    }
}

#[tokio::test]
async fn transient_errors_are_503() {
    let Some((app, proxy, alice)) = start(6).await else { return };
    // Lost connection; idle for too long in a transaction; read-only, as after a failover; disk full; out
    // of memory; lock not available; shutdown; I/O error.
    for code in ["08006", "25P03", "25006", "53100", "53200", "55P03", "57014", "58030"] {
        for moment in [Moment::InTransaction, Moment::Commit] {
            proxy.inject(Fault::raise(moment, code), 1);
            assert_unavailable(write(&alice, "failed").await);
            assert_eq!((proxy.injected(), notes(&app, "failed").await), (1, 0), "{code}");
        }
    }
    write(&alice, "next").await.created();
}
