//! `teamnotes migrate`.

use std::{path::Path, process::Stdio, time::Duration};

use testkit::TestDatabase;

use super::{migrations, run, teamnotes, text, with_password};

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
