//! Commands that manage users, and `doctor`.

use std::process::Stdio;

use testkit::TestDatabase;

use super::{SECRET, run, teamnotes, text, with_password};

#[test]
fn a_missing_database_is_one_line_and_status_1() {
    let directory = tempfile::tempdir().unwrap();
    let settings = [("DATABASE_URL", "postgres://u:hunter2@127.0.0.1:1/x"), ("SECRET", SECRET)];
    let commands = [&["serve"][..], &["migrate", "status"], &["user", "list"]];
    let asked = commands.map(|arguments| {
        let mut command = teamnotes(directory.path(), &settings, arguments);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    });
    for command in asked {
        let output = command.wait_with_output().unwrap();
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.ends_with("s: is it running, and is its address right?\n"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}

#[tokio::test]
async fn users_and_sessions_are_managed_by_commands_under_the_same_rules() {
    let database = TestDatabase::migrated().await;
    let directory = tempfile::tempdir().unwrap();
    let settings = [("DATABASE_URL", database.url()), ("PASSWORD_HASH_PASSES", "3")];
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
    let hashes = "SELECT COUNT(*) FROM users WHERE password_hash LIKE '%$m=19456,t=3,p=1$%'";
    assert_eq!(database.number(hashes).await, 2);
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
async fn the_doctor_prints_one_line_per_check() {
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
    for subject in ["settings", "secret", "passwords", "version", "schema", "admins"] {
        assert!(told.contains(&format!(" {subject}: ")), "{subject} in {told}");
    }

    let cheap = [&settings[..], &[("PASSWORD_HASH_PASSES", "1")]].concat();
    let told = text(&run(directory.path(), &cheap, &["doctor"]).stdout);
    assert!(told.contains("look  passwords: hashed in 19456 KiB, passes: 1"), "{told}");

    run(directory.path(), &settings, &["migrate", "down", "--yes"]);
    let told = doctor();
    assert_eq!(told.status.code(), Some(1));
    assert!(text(&told.stdout).contains("BAD   schema: "), "{}", text(&told.stdout));
}

#[test]
fn help_is_usable_and_shows_no_secret() {
    let directory = tempfile::tempdir().unwrap();
    let settings = [("DATABASE_URL", "postgres://u:hunter2@h/d")];
    for arguments in [&["--help"][..], &["migrate", "--help"], &["user", "--help"]] {
        let output = run(directory.path(), &settings, arguments);
        let told = text(&output.stdout);
        assert!(output.status.success() && told.contains("Usage:"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}
