//! `teamnotes migrate`.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use migration::Lock;
use serde_json::{Value, json};
use testkit::TestDatabase;

use super::{migrations, run, teamnotes, text, with_password};

#[tokio::test]
async fn commands_change_the_schema() {
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
    assert_eq!(said(&["migrate", "up"]), (all, 0));
    assert_eq!(said(&["migrate", "down", "--yes"]), (all - 1, 1));
    assert_eq!(said(&["migrate", "status"]), (all - 1, 1));
    let json = run(directory.path(), &settings, &["migrate", "status", "--json"]);
    let listed: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(listed.as_array().map(Vec::len), Some(all));
    assert_eq!((&listed[0]["applied"], &listed[all - 1]["applied"]), (&json!(true), &json!(false)));
}

#[tokio::test]
async fn a_command_that_loses_data_says_so_and_waits_for_a_yes() {
    let database = TestDatabase::migrated().await;
    let directory = tempfile::tempdir().unwrap();
    let settings = [("DATABASE_URL", database.url())];
    with_password(directory.path(), &settings, &["user", "create", "alice"]);
    let before = database.schema().await;
    let roles = "m20211209_000006_add_role_to_memberships";
    let newer = testkit::migrations().iter().rev().take_while(|name| *name != roles).count();
    let steps = (newer + 1).to_string();
    let refused = run(directory.path(), &settings, &["migrate", "down", "-n", &steps]);
    assert_eq!(refused.status.code(), Some(1));
    let told = text(&refused.stderr);
    for loss in [
        "users.version (1 rows)",
        "users.name_folded (1 rows)",
        "memberships.role (0 rows)",
        "--yes",
    ] {
        assert!(told.contains(loss), "{told}");
    }
    assert_eq!(database.schema().await, before);
    let planned = run(directory.path(), &settings, &["migrate", "plan", "reset"]);
    let planned = text(&planned.stdout);
    assert!(planned.contains("DROP TABLE \"users\";"), "{planned}");
    let newest = testkit::migrations().pop().unwrap();
    assert!(planned.starts_with(&format!("-- {newest}\n")), "{planned}");
    let nothing = run(directory.path(), &settings, &["migrate", "plan", "up"]);
    assert_eq!(text(&nothing.stdout), "-- nothing to do\n");
    assert_eq!(database.schema().await, before);
}

/// Kills a migration after this long, then runs it to completion; returns how long that took.
fn interrupted(url: &str, directory: &Path, arguments: &[&str], after: Duration) -> Duration {
    let settings = [("DATABASE_URL", url)];
    let mut child =
        teamnotes(directory, &settings, arguments).stdout(Stdio::null()).spawn().unwrap();
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    let started = Instant::now();
    let output = run(directory, &settings, arguments);
    assert!(output.status.success(), "{arguments:?} after {after:?}: {}", text(&output.stderr));
    started.elapsed()
}

#[tokio::test]
async fn a_migration_killed_at_any_moment_is_finished_by_the_next() {
    const ROUNDS: u32 = 20;
    let newest = TestDatabase::migrated().await.schema().await;
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let database = TestDatabase::empty().await;
    let all = migrations().to_string();
    let up = ["migrate", "up"];
    let down = ["migrate", "down", "-n", &all, "--yes"];
    let whole_up = interrupted(database.url(), here, &up, Duration::ZERO);
    let whole_down = interrupted(database.url(), here, &down, Duration::ZERO);
    let emptied = database.schema().await;
    assert!(!emptied.iter().any(|object| object.contains("users")), "{emptied:?}");
    for round in 1..=ROUNDS {
        let after = whole_up * round / ROUNDS;
        interrupted(database.url(), here, &up, after);
        assert_eq!(database.schema().await, newest, "up after {after:?}");
        let after = whole_down * round / ROUNDS;
        interrupted(database.url(), here, &down, after);
        assert_eq!(database.schema().await, emptied, "down after {after:?}");
    }
}

#[tokio::test]
async fn eight_processes_migrating_up_at_once_never_fail() {
    let newest = TestDatabase::migrated().await.schema().await;
    let directory = tempfile::tempdir().unwrap();
    let database = TestDatabase::empty().await;
    let settings = [("DATABASE_URL", database.url())];
    assert!(run(directory.path(), &settings, &["migrate", "up"]).status.success());
    for round in 0..4 {
        for back in [&["migrate", "reset", "--yes"][..], &["migrate", "down", "--yes"]] {
            let undone = run(directory.path(), &settings, back);
            assert!(undone.status.success(), "{back:?}: {}", text(&undone.stderr));
            let processes: Vec<_> = (0..8)
                .map(|_| {
                    let mut up = teamnotes(directory.path(), &settings, &["migrate", "up"]);
                    up.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
                })
                .collect();
            for process in processes {
                let up = process.wait_with_output().unwrap();
                assert!(up.status.success(), "round {round}: {}", text(&up.stderr));
            }
            assert_eq!(database.schema().await, newest);
            let applied = database.number("SELECT COUNT(*) FROM seaql_migrations").await;
            assert_eq!(usize::try_from(applied), Ok(migrations()), "one was applied twice");
        }
    }
}

#[tokio::test]
async fn a_wait_for_another_process_is_announced() {
    let database = TestDatabase::empty().await;
    let directory = tempfile::tempdir().unwrap();
    let connection = migration::connect(database.url(), None).await.unwrap();
    let lock = Lock::default().acquire(&connection).await.unwrap();
    let settings = [("DATABASE_URL", database.url()), ("MIGRATION_LOCK_TIMEOUT", "1")];
    let waited = run(directory.path(), &settings, &["migrate", "up"]);
    lock.rollback().await.unwrap();
    let told = text(&waited.stderr);
    assert_eq!(waited.status.code(), Some(1), "{told}");
    assert!(told.starts_with("warning: ") && told.contains("waiting up to 1 s"), "{told}");
    assert!(told.contains("\nerror: another process is migrating this database"), "{told}");
}
