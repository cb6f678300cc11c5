//! Standard output that nobody reads, or that can't be written.

use std::{
    fs::File,
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use testkit::TestDatabase;

use super::{Served, run, signal, teamnotes, text, with_password};

const COMMANDS: [&[&str]; 9] = [
    &["user", "list"],
    &["user", "list", "--json"],
    &["migrate", "status"],
    &["doctor"],
    &["settings"],
    &["openapi"],
    &["completions", "bash"],
    &["man"],
    &["sessions", "revoke", "--all"],
];

/// Output that nobody reads.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

/// Output to a device without space.
fn full() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

fn status_and_errors(command: &mut Command) -> (Option<i32>, String) {
    let output = command.stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    (output.status.code(), text(&output.stderr))
}

#[tokio::test]
async fn a_command_whose_output_is_not_read_ends_quietly() {
    let database = TestDatabase::migrated().await;
    let directory = tempfile::tempdir().unwrap();
    let settings = [("DATABASE_URL", database.url()), ("SECRET", super::SECRET)];
    for arguments in COMMANDS {
        let mut command = teamnotes(directory.path(), &settings, arguments);
        let ended = status_and_errors(command.stdout(closed()));
        assert_eq!(ended, (Some(0), String::new()), "{arguments:?}");
    }
}

#[tokio::test]
async fn a_command_whose_output_cannot_be_written_says_so() {
    let database = TestDatabase::migrated().await;
    let directory = tempfile::tempdir().unwrap();
    let settings = [("DATABASE_URL", database.url()), ("SECRET", super::SECRET)];
    for arguments in COMMANDS {
        let mut command = teamnotes(directory.path(), &settings, arguments);
        let (status, told) = status_and_errors(command.stdout(full()));
        assert_eq!(status, Some(1), "{arguments:?}: {told}");
        let expected = "error: can't write to standard output: No space left on device";
        assert!(told.starts_with(expected) && told.lines().count() == 1, "{arguments:?}: {told}");
    }
}

/// Starts the service with this output, waits until it is up, and stops it.
async fn serve_with(directory: &Path, stdout: Stdio) {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let port = free.port().to_string();
    let mut command = teamnotes(directory, &[("PORT", &port)], &["serve"]);
    let mut child = command.stdout(stdout).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    let url = format!("http://{free}/readyz");
    while !reqwest::get(&url).await.is_ok_and(|answer| answer.status() == 200) {
        assert!(Instant::now() < deadline, "it does not become ready");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    signal(&child, "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn the_service_continues_and_creates_no_admin_whose_password_nobody_saw() {
    for stdout in [closed, full] {
        let directory = tempfile::tempdir().unwrap();
        serve_with(directory.path(), stdout()).await;
        let users = run(directory.path(), &[], &["user", "list", "--json"]);
        assert_eq!(text(&users.stdout), "[]\n", "{users:?}");
        let served = Served::start(directory.path(), &[]);
        assert!(served.greeting.iter().any(|line| line.contains("password")));
        served.signal("TERM");
        assert_eq!(served.ended(), 0);
        serve_with(directory.path(), stdout()).await;
    }
}

#[tokio::test]
async fn the_start_prints_where_the_api_and_its_documentation_are() {
    let directory = tempfile::tempdir().unwrap();
    let mut served = Served::start(directory.path(), &[]);
    let (api, docs) = (served.next_line(), served.next_line());
    assert_eq!(api, format!("  API:           http://{}/api\n", served.address));
    assert_eq!(docs, format!("  documentation: http://{}/docs\n", served.address));
}

#[tokio::test]
async fn a_user_is_created_even_if_that_cannot_be_reported() {
    let database = TestDatabase::migrated().await;
    let directory = tempfile::tempdir().unwrap();
    let settings = [("DATABASE_URL", database.url())];
    let mut create = teamnotes(directory.path(), &settings, &["user", "create", "bobby"]);
    create.stdin(Stdio::piped()).stdout(full()).stderr(Stdio::piped());
    let mut child = create.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"walnut-harbour-42\n").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let again = with_password(directory.path(), &settings, &["user", "create", "bobby"]);
    assert_eq!(text(&again.stderr), "error: username must be unique\n");
}
