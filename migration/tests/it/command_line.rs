//! The binary that `sea-orm-cli migrate` runs.

use std::{
    fs,
    process::{Command, Output},
};

use testkit::{TestDatabase, migrations};

/// Runs it with this URL and no other settings.
fn run(url: Option<&str>, arguments: &[&str]) -> Output {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_migration"));
    command.args(arguments).current_dir(directory.path()).env_clear();
    if let Some(url) = url {
        command.env("DATABASE_URL", url);
    }
    command.output().unwrap()
}

#[test]
fn a_missing_or_invalid_url_is_one_line_and_no_panic() {
    for (url, status, why) in [
        (None, 2, "DATABASE_URL is not set"),
        (Some(""), 2, "DATABASE_URL is not set"),
        (Some("nonsense"), 2, "must start with"),
        (Some("mysql://u:hunter2@h/d"), 2, "must start with"),
        (Some("postgres://u:hunter2@h:99999/d"), 2, "invalid port number"),
        (Some("postgres://u:hunter2@127.0.0.1:1/d"), 1, "does not respond"),
        (Some("sqlite:///proc/no.db"), 1, "/proc/no.db"),
    ] {
        for arguments in [&["status"][..], &["up", "-n", "1"]] {
            let output = run(url, arguments);
            let told = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(status), "{url:?}: {told}");
            assert!(told.starts_with("error: ") && told.contains(why), "{url:?}: {told}");
            assert_eq!(told.lines().count(), 1, "{told}");
            assert!(!told.contains("hunter2"), "{told}");
        }
    }
}

#[test]
fn help_does_not_show_the_password_of_the_url() {
    for arguments in [&["--help"][..], &["help"], &["up", "--help"]] {
        let output = run(Some("postgres://u:hunter2@h/d"), arguments);
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && told.contains("--database-url"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}

#[tokio::test]
async fn its_commands_print_what_is_applied_afterwards() {
    let database = TestDatabase::empty().await;
    let all = migrations().len();
    for (arguments, applied) in [
        (&["up", "-n", "2"][..], 2),
        (&["up"], all),
        (&["down"], all - 1),
        (&["down", "-n", "3"], all - 4),
        (&["fresh"], all),
        (&["refresh"], all),
        (&["reset"], 0),
        (&["status"], 0),
    ] {
        let output = run(Some(database.url()), arguments);
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{arguments:?}: {told}");
        let count = told.lines().filter(|line| line.starts_with("applied")).count();
        assert_eq!(count, applied, "{arguments:?}: {told}");
    }
}

#[test]
fn it_reads_the_settings_that_the_service_reads() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    fs::write(here.join("url"), "sqlite:from-file.db\n").unwrap();
    fs::write(here.join(".env"), "DATABASE_URL_FILE=url\n").unwrap();
    let binary = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_migration"));
        command.current_dir(here).env_clear();
        command
    };
    let up = binary().arg("up").output().unwrap();
    assert!(up.status.success() && here.join("from-file.db").exists(), "{up:?}");
    let overridden = binary().args(["up", "-u", "sqlite:from-option.db"]).output().unwrap();
    assert!(overridden.status.success() && here.join("from-option.db").exists(), "{overridden:?}");

    let both = binary().args(["up"]).env("DATABASE_URL", "sqlite:a.db").output().unwrap();
    assert_eq!(both.status.code(), Some(2));
    let told = String::from_utf8(both.stderr).unwrap();
    assert!(told.contains("DATABASE_URL and DATABASE_URL_FILE are both set"), "{told}");
    let wrong = binary().args(["up"]).env("MIGRATION_LOCK_TIMEOUT", "x").output().unwrap();
    assert_eq!(wrong.status.code(), Some(2), "{wrong:?}");
}

#[test]
fn a_command_that_needs_a_database_does_not_create_it() {
    let directory = tempfile::tempdir().unwrap();
    for arguments in [&["status"][..], &["down"], &["refresh"], &["reset"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_migration"));
        command.args(arguments).current_dir(directory.path()).env_clear();
        let output = command.env("DATABASE_URL", "sqlite:typo.db").output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(told, "error: typo.db does not exist: `up` creates it\n");
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}
