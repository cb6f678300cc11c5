//! A request that is held while its session ends, or while its user loses a role, writes nothing: its
//! transaction decides, and not the check of its token.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use chrono::{DateTime, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use service::{DbSettings, users::Registration};
use testkit::{Client, PASSWORD, TestApp};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use super::with_token;
use crate::raw::Held;

/// What is done to a user while the request is held; whether the user is an admin; the request; and its
/// response. `$self` is the user's path, `$name` the username, and `$team` the path of a team of the user.
const HELD_IN_THE_BODY: &str = r#"
demote   admin PUT  $self                   403 operation not allowed  {"admin":true}
demote   admin PUT  /api/users/victim       403 operation not allowed  {"admin":true}
demote   admin PUT  /api/users/victim       403 operation not allowed  {"disabled":true}
demote   admin PUT  /api/users/victim/teams 403 operation not allowed  {"team_ids":[1]}
demote   admin PUT  /api/teams/1            403 operation not allowed  {"name":"Renamed"}
demote   admin PUT  /api/teams/1/members    403 operation not allowed  {"user_ids":[]}
demote   admin POST /api/users              403 registration is closed {"username":"new-$name","name":"New","password":"$password"}
expel    user  PUT  $team                   403 operation not allowed  {"name":"Renamed by $name"}
expel    user  PUT  $team/members/victim    403 operation not allowed  {"role":"owner"}
disable  admin PUT  $self                   401 account disabled       {"disabled":false}
disable  user  PUT  $self                   401 account disabled       {"name":"Renamed"}
disable  user  PUT  $self                   401 account disabled       {"password":"other-harbour-43","current_password":"wrong"}
disable  user  POST /api/notes              401 account disabled       {"content":"Written"}
disable  user  PUT  $team                   401 account disabled       {"name":"Renamed by $name"}
end      admin PUT  /api/users/victim       401 session expired        {"admin":true}
end      user  PUT  $self                   401 session expired        {"password":"other-harbour-43","current_password":"wrong"}
end      user  POST /api/teams              401 session expired        {"name":"Made by $name"}
end      user  POST /api/readinglists       401 session expired        {"note_id":1}
password admin PUT  $self                   401 session expired        {"password":"other-harbour-43","current_password":"$password"}
password user  POST /api/notes              401 session expired        {"content":"Written"}
logout   admin POST /api/users              401 session expired        {"username":"new-$name","name":"New","password":"$password"}
logout   user  POST /api/notes              401 session expired        {"content":"Written"}
logout   user  PUT  $team/members           401 session expired        {"user_ids":[]}
delete   admin PUT  /api/users/victim       401 session expired        {"admin":true}
delete   user  PUT  $self                   401 session expired        {"name":"Renamed"}
delete   user  POST /api/notes              401 session expired        {"content":"Written"}
"#;

/// The same for requests that wait for a password to be hashed.
const HELD_IN_THE_QUEUE: &str = r#"
demote   admin PUT  $self                   403 operation not allowed  {"admin":true,"password":"other-harbour-43","current_password":"$password"}
demote   admin PUT  /api/users/victim       403 operation not allowed  {"password":"other-harbour-43"}
demote   admin POST /api/users              403 registration is closed {"username":"new-$name","name":"New","password":"$password"}
disable  admin PUT  $self                   401 account disabled       {"disabled":false,"password":"other-harbour-43","current_password":"$password"}
disable  user  PUT  $self                   401 account disabled       {"password":"other-harbour-43","current_password":"$password"}
disable  user  POST /api/login              401 account disabled, please contact admin {"username":"$name","password":"$password"}
end      admin PUT  /api/users/victim       401 session expired        {"admin":true,"password":"other-harbour-43"}
password user  PUT  $self                   401 session expired        {"password":"other-harbour-43","current_password":"$password"}
password user  POST /api/login              401 invalid username or password {"username":"$name","password":"$password"}
logout   user  PUT  $self                   401 session expired        {"password":"other-harbour-43","current_password":"$password"}
logout   admin POST /api/users              401 session expired        {"username":"new-$name","name":"New","password":"$password"}
delete   user  PUT  $self                   401 session expired        {"password":"other-harbour-43","current_password":"$password"}
delete   user  POST /api/login              401 invalid username or password {"username":"$name","password":"$password"}
delete   admin PUT  /api/users/victim       401 session expired        {"admin":true,"password":"other-harbour-43"}
"#;

/// What is done to a user by an admin, or by the user.
async fn revoke(way: &str, user: &Client, admin: &Client, team: &str) {
    let path = format!("/api/users/{}", user.id);
    match way {
        "demote" => drop(admin.put(&path, json!({ "admin": false })).await.ok()),
        "expel" => admin.delete(&format!("{team}/members/{}", user.id)).await.no_content(),
        "disable" => drop(admin.put(&path, json!({ "disabled": true })).await.ok()),
        "end" => admin.delete(&format!("{path}/sessions")).await.no_content(),
        "password" => drop(admin.put(&path, json!({ "password": "new-harbour-44" })).await.ok()),
        "logout" => user.delete("/api/logout").await.no_content(),
        "delete" => admin.delete(&path).await.no_content(),
        _ => panic!("unknown way: {way}"),
    }
}

/// Instances that share a database and admit nobody but those whom admins make.
async fn instances<const COUNT: usize>() -> [TestApp; COUNT] {
    let mut apps: Vec<TestApp> = Vec::new();
    for _ in 0..COUNT {
        let shared = apps.first().map(|app| app.database.url().to_owned());
        apps.push(
            TestApp::start_with(|settings| {
                settings.registration = Registration::Closed;
                settings.network.client_timeout = Duration::from_mins(1);
                if let Some(url) = shared {
                    settings.database = DbSettings::new(url);
                }
            })
            .await,
        );
    }
    apps.try_into().unwrap()
}

/// A row of a table, with a user of its own.
struct Case {
    line: &'static str,
    way: &'static str,
    user: Client,
    team: String,
    method: Method,
    path: String,
    body: Value,
    status: u16,
    error: String,
}

impl Case {
    /// One for each row; their users and `admin` use the same instance.
    async fn all(table: &'static str, admin: &Client) -> Vec<Self> {
        admin.sign_up("victim").await;
        admin.post("/api/teams", json!({ "name": "Team" })).await.created();
        admin.post("/api/notes", json!({ "content": "A note" })).await.created();
        let mut cases = Vec::new();
        for (number, line) in table.lines().filter(|line| !line.is_empty()).enumerate() {
            cases.push(Self::new(line, &format!("user{number}"), admin).await);
        }
        cases
    }

    async fn new(line: &'static str, name: &str, admin: &Client) -> Self {
        let (call, body) = line.split_once('{').unwrap();
        let mut words = call.split_whitespace();
        let mut next = || words.next().unwrap();
        let (way, role, method, path, status) = (next(), next(), next(), next(), next());
        let id = admin.sign_up(name).await;
        let own_path = format!("/api/users/{id}");
        admin.put(&own_path, json!({ "admin": role == "admin" })).await.ok();
        let user = admin.log_in(name).await;
        let team = user.post("/api/teams", json!({ "name": name })).await.created();
        let team = format!("/api/teams/{}", team["id"]);
        let body = format!("{{{body}").replace("$name", name).replace("$password", PASSWORD);
        Self {
            line,
            way,
            path: path.replace("$self", &own_path).replace("$team", &team),
            user,
            team,
            method: method.parse().unwrap(),
            body: serde_json::from_str(&body).unwrap(),
            status: status.parse().unwrap(),
            error: words.collect::<Vec<_>>().join(" "),
        }
    }

    async fn hold(&self, app: &TestApp) -> Held {
        Held::start(app, &self.user, &self.method, &self.path, &self.body).await
    }

    /// What is wrong with the response.
    fn check(&self, (status, body): (u16, Value)) -> Option<String> {
        let is_right = status == self.status && body["error"] == self.error.as_str();
        (!is_right).then(|| format!("{status} {body}, to: {}", self.line))
    }
}

/// Waits until this is so.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(Duration::from_secs(20), waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_body_arrives_after_a_revocation_writes_nothing() {
    let [here, there] = instances().await;
    let admin = there.admin().await;
    let cases = Case::all(HELD_IN_THE_BODY, &admin).await;
    let mut held = Vec::new();
    for case in &cases {
        here.statements();
        held.push(case.hold(&here).await);
        let is_token_check = |sql: &String| sql.contains("token_hash");
        until("the token is checked", async || here.statements().iter().any(is_token_check)).await;
    }
    for case in &cases {
        revoke(case.way, &case.user, &admin, &case.team).await;
    }

    let before = here.database.rows().await;
    let mut wrong = Vec::new();
    for (case, held) in cases.iter().zip(held) {
        wrong.extend(case.check(held.finish().await));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(here.database.rows().await, before);
}

/// How many passwords this instance is hashing, and how many are waiting.
async fn hashing(app: &TestApp) -> usize {
    let metrics = app.anonymous().get("/metrics").await.text;
    let value =
        metrics.lines().find_map(|line| line.strip_prefix("teamnotes_password_hashing_queue "));
    value.unwrap().parse().unwrap()
}

/// Keeps all threads that hash passwords busy for seconds; returns how many.
async fn block_hashing(app: &TestApp, admin: &Client, logins: &mut JoinSet<()>) -> usize {
    admin.sign_up("slow").await;
    let salt_and_hash = format!("c29tZXRoaW5ncmFuZG9t${}", "A".repeat(43));
    // In two parts, since the statement is logged and a hash must not be.
    let slow = format!("'$' || 'argon2id$v=19$m=49152,t=100,p=1${salt_and_hash}'");
    let set = format!("UPDATE users SET password_hash = {slow} WHERE username = 'slow'");
    app.database.execute(&set).await;
    let threads = std::thread::available_parallelism().unwrap().get().div_ceil(2);
    for _ in 0..threads {
        let anyone = app.anonymous();
        logins.spawn(async move {
            let credentials = json!({ "username": "slow", "password": PASSWORD });
            anyone.post("/api/login", credentials).await.problem(401);
        });
    }
    until("all threads are busy", async || hashing(app).await == threads).await;
    threads
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_password_is_hashed_after_a_revocation_writes_nothing() {
    let [here, there] = instances().await;
    let admin = there.admin().await;
    let cases = Case::all(HELD_IN_THE_QUEUE, &admin).await;
    let mut logins = JoinSet::new();
    let busy = block_hashing(&here, &admin, &mut logins).await;
    let mut held = Vec::new();
    for case in &cases {
        let request = case.hold(&here).await;
        held.push(tokio::spawn(request.finish()));
    }
    until("all are waiting", async || hashing(&here).await == busy + cases.len()).await;
    for case in &cases {
        revoke(case.way, &case.user, &admin, &case.team).await;
    }
    assert_eq!(hashing(&here).await, busy + cases.len(), "the revocations took too long");

    let before = here.database.rows().await;
    let mut wrong = Vec::new();
    for (case, held) in cases.iter().zip(held) {
        wrong.extend(case.check(held.await.unwrap()));
    }
    logins.join_all().await;
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(here.database.rows().await, before);
}

/// How many revocations race with writes.
const TRIALS: usize = 100;

/// How many trials run at once.
const WORKERS: usize = 4;

/// How many writes race with each.
const WRITES: usize = 4;

/// The revocation comes within this time, and the bodies within four times as much.
const SPAN: Duration = Duration::from_millis(10);

/// The ways that end what a user may write, and whether the user writes as an admin.
const WAYS: [(&str, bool); 6] = [
    ("demote", true),
    ("disable", false),
    ("end", false),
    ("password", false),
    ("logout", false),
    ("delete", true),
];

/// A moment within the span, the same in each run.
fn moment(trial: usize, number: usize, span: Duration) -> Duration {
    let mut hasher = DefaultHasher::new();
    (trial, number).hash(&mut hasher);
    span * u32::try_from(hasher.finish() % 1_000).unwrap() / 1_000
}

/// A write that raced with a revocation.
struct Written {
    /// When its body was sent.
    sent: DateTime<Utc>,
    status: u16,
    body: Value,
}

/// Sends the body at a moment.
async fn write(held: Held, after: Duration) -> Written {
    sleep(after).await;
    let sent = service::clock::now();
    let (status, body) = held.finish().await;
    Written { sent, status, body }
}

/// How the writes of some trials ended.
#[derive(Default)]
struct Outcome {
    accepted: usize,
    rejected_afterwards: usize,
    misses: Vec<String>,
}

impl Outcome {
    fn add(&mut self, way: &str, answered: DateTime<Utc>, written: Written) {
        let Written { sent, status, body } = written;
        let is_rejected = matches!(status, 401 | 403);
        let is_written = matches!(status, 200 | 201) && sent < answered;
        // The time of the change is taken inside the transaction.
        let changed_at = body["updated_at"].as_str().and_then(|time| time.parse().ok());
        if is_rejected {
            self.rejected_afterwards += usize::from(sent > answered);
        } else if is_written && changed_at.is_some_and(|time: DateTime<Utc>| time < answered) {
            self.accepted += 1;
        } else {
            self.misses.push(format!("{way} answered {answered}, sent {sent}: {status} {body}"));
        }
    }
}

/// One revocation on one instance, and writes on all of them.
async fn race(trial: usize, apps: &[TestApp; 3], admins: &[Client; 3], outcome: &mut Outcome) {
    let (way, is_admin) = WAYS[trial % WAYS.len()];
    let there = trial % apps.len();
    let admin = &admins[there];
    let name = format!("user{trial}");
    let id = admin.sign_up(&name).await;
    admin.put(&format!("/api/users/{id}"), json!({ "admin": is_admin })).await.ok();
    let user = admin.log_in(&name).await;
    let mut writing = JoinSet::new();
    for number in 0..WRITES {
        let new = format!("Write {number} of {name}");
        let (method, path, body) = if is_admin {
            (Method::PUT, "/api/users/victim", json!({ "name": new }))
        } else {
            (Method::POST, "/api/notes", json!({ "content": new }))
        };
        let app = &apps[(trial + number) % apps.len()];
        let held = Held::start(app, &user, &method, path, &body).await;
        writing.spawn(write(held, moment(trial, number, 4 * SPAN)));
    }
    sleep(moment(trial, WRITES, SPAN)).await;
    revoke(way, &user, admin, "").await;
    let answered = service::clock::now();
    while let Some(written) = writing.join_next().await {
        outcome.add(way, answered, written.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_write_that_begins_after_a_revocation_takes_effect_on_any_instance() {
    let apps: [TestApp; 3] = instances().await;
    let admin = apps[0].admin().await;
    let token = admin.token.as_deref().unwrap();
    let admins = apps.each_ref().map(|app| with_token(app, token));
    admin.sign_up("victim").await;
    let mut outcomes = Vec::new();
    outcomes.resize_with(WORKERS, Outcome::default);
    let (apps, admins) = (&apps, &admins);
    let workers = outcomes.iter_mut().enumerate().map(async |(worker, outcome)| {
        for trial in (worker..TRIALS).step_by(WORKERS) {
            race(trial, apps, admins, outcome).await;
        }
    });
    futures_util::future::join_all(workers).await;
    let misses: Vec<_> = outcomes.iter().flat_map(|outcome| &outcome.misses).collect();
    assert!(misses.is_empty(), "{misses:#?}");
    let accepted: usize = outcomes.iter().map(|outcome| outcome.accepted).sum();
    let rejected: usize = outcomes.iter().map(|outcome| outcome.rejected_afterwards).sum();
    // The writes came on both sides of the revocations.
    assert!(accepted > TRIALS / 10 && rejected > TRIALS / 10, "{accepted} {rejected}");
}
