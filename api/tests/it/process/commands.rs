//! Commands that manage users, and `doctor`.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::{Command, Stdio},
};

use reqwest::Method;
use serde_json::{Value, json};
use testkit::TestDatabase;

use super::{SECRET, Served, run, teamnotes, text, with_password};

#[test]
fn a_missing_database_is_one_line_and_status_1() {
    let directory = tempfile::tempdir().unwrap();
    let settings = [
        ("DATABASE_URL", "postgres://u:hunter2@127.0.0.1:1/x"),
        ("SECRET", SECRET),
        ("PORT", "0"),
        ("WAIT_FOR_DATABASE", "0"),
    ];
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
    let expected = "\
        ID  USERNAME  ROLE   STATE     NAME\n\
        1   root      admin  enabled   Root\n\
        2   alice     user   enabled   Alice W\n";
    assert_eq!(text(&list.stdout), expected);
    let list = run(here, &settings, &["user", "list", "--json"]);
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!(list[1]["username"], "alice");
    assert_eq!((&list[0]["admin"], &list[0]["disabled"]), (&json!(true), &json!(false)));
    let revoked = run(here, &settings, &["sessions", "revoke", "--all"]);
    assert_eq!(text(&revoked.stdout), "sessions ended: 0\n");
    let unknown = run(here, &settings, &["sessions", "revoke", "--user", "nobody"]);
    assert_eq!(
        (unknown.status.code(), text(&unknown.stderr)),
        (Some(1), "error: not found\n".into())
    );
}

#[tokio::test]
async fn a_user_is_invited_by_a_command() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let served = Served::start(here, &[]);
    let invited = run(here, &[], &["user", "invite", "Carol", "--name", "Carol C"]);
    let told = text(&invited.stderr);
    assert!(told.starts_with("2 carol (Carol C), invited until 20"), "{told}");
    let token = text(&invited.stdout).trim_end().to_owned();
    let accept = json!({ "token": token, "password": "cedar-lantern-77" });
    let (status, user) = served.send(Method::POST, "/api/invitations/accept", Some(accept)).await;
    assert_eq!((status, &user["username"]), (200, &json!("carol")));
    let again = run(here, &[], &["user", "invite", "carol"]);
    assert_eq!(text(&again.stderr), "error: username must be unique\n");
    let admin = run(here, &[], &["user", "invite", "dora", "--admin"]);
    assert!(text(&admin.stderr).starts_with("3 dora admin (dora), invited until "), "{admin:?}");
    let wrong = run(here, &[], &["user", "invite", "1x"]);
    assert_eq!(text(&wrong.stderr), "error: the username must start with a letter\n");
}

#[tokio::test]
async fn api_tokens_are_managed_by_commands() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let served = Served::start(here, &[]);
    served.user("alice").await;
    let create = |more: &[&str]| {
        let arguments = ["token", "create", "alice", "--name", "Backup"];
        run(here, &[], &[&arguments[..], more].concat())
    };
    let made = create(&["--scope", "read", "--scope", "notes:write", "--expires", "90d"]);
    let token = text(&made.stdout).trim_end().to_owned();
    assert_eq!(token.len(), 52, "{token}");
    let told = text(&made.stderr);
    assert!(told.starts_with("1 Backup (read notes:write), expires 20"), "{told}");
    assert!(told.ends_with(", not used yet; the token is shown this once:\n"), "{told}");
    let current = async || served.send_as(&token, Method::GET, "/api/tokens/current", None).await;
    assert_eq!(current().await.1["user"]["username"], "alice");

    let forever = create(&["--scope", "read"]);
    assert!(text(&forever.stderr).starts_with("2 Backup (read), does not expire, "), "{forever:?}");
    let list = text(&run(here, &[], &["token", "list", "ALICE"]).stdout);
    assert!(list.starts_with("2 Backup (read), ") && list.lines().count() == 2, "{list}");
    let list = run(here, &[], &["token", "list", "alice", "--json"]);
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!(list[1]["scopes"], json!(["read", "notes:write"]));
    assert!(!list.to_string().contains("tn_") && !list.to_string().contains("hash"), "{list}");

    let ended = run(here, &[], &["token", "revoke", "1"]);
    assert_eq!(text(&ended.stdout), "API token 1 has ended\n");
    assert_eq!(current().await.0, 401);
    for (whose, count) in [(&["--user", "alice"][..], 1), (&["--all"], 0)] {
        let ended = run(here, &[], &[&["token", "revoke"][..], whose].concat());
        assert_eq!(text(&ended.stdout), format!("API tokens ended: {count}\n"), "{whose:?}");
    }
    create(&["--scope", "read"]);
    for (arguments, why) in [
        (&["token", "revoke", "1"][..], "error: not found\n"),
        (&["token", "list", "nobody"], "error: not found\n"),
        (&["token", "create", "nobody", "--name", "x", "--scope", "read"], "error: not found\n"),
        (
            &["token", "create", "alice", "--name", " ", "--scope", "read"],
            "error: the name must not be blank\n",
        ),
    ] {
        let refused = run(here, &[], arguments);
        assert_eq!((refused.status.code(), text(&refused.stderr)), (Some(1), why.into()));
    }
    for (more, why) in [
        (&["--scope", "write"][..], "must be one of read, notes:write"),
        (&["--scope", "read", "--expires", "90"], "must be a number of days or hours"),
        (&[], "--scope"),
    ] {
        let refused = create(more);
        assert_eq!(refused.status.code(), Some(2), "{more:?}");
        assert!(text(&refused.stderr).contains(why), "{refused:?}");
    }
    let reset = ["user", "reset-password", "alice", "--end-tokens"];
    assert!(with_password(here, &[], &reset).status.success());
    assert_eq!(text(&run(here, &[], &["token", "list", "alice", "--json"]).stdout), "[]\n");
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
    for subject in [
        "settings",
        "exposure",
        "files",
        "secret",
        "passwords",
        "version",
        "schema",
        "admins",
        "note counts",
        "search",
        "writing",
    ] {
        assert!(told.contains(&format!(" {subject}: ")), "{subject} in {told}");
    }

    let cheap = [&settings[..], &[("PASSWORD_HASH_PASSES", "1")]].concat();
    let told = text(&run(directory.path(), &cheap, &["doctor"]).stdout);
    assert!(told.contains("look  passwords: hashed in 19456 KiB, passes: 1"), "{told}");

    run(directory.path(), &settings, &["migrate", "down", "--yes"]);
    let told = doctor();
    assert_eq!(told.status.code(), Some(1));
    let told = text(&told.stdout);
    assert!(told.contains("BAD   schema: migration ") && told.contains("`teamnotes migrate up`"));
    run(directory.path(), &settings, &["migrate", "reset", "--yes"]);
    let told = doctor();
    assert_eq!(told.status.code(), Some(1));
    let told = text(&told.stdout);
    assert!(told.contains("`teamnotes migrate up`") && !told.contains("Query Error"), "{told}");
    let json = run(directory.path(), &settings, &["doctor", "--json"]);
    let findings: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(findings[0]["health"], "ok", "{findings}");
}

#[tokio::test]
async fn the_doctor_finds_and_corrects_wrong_note_counts() {
    let database = TestDatabase::migrated().await;
    let directory = tempfile::tempdir().unwrap();
    let settings = [("DATABASE_URL", database.url()), ("SECRET", SECRET)];
    with_password(directory.path(), &settings, &["demo", "--users", "3"]);
    let doctor = |arguments: &[&str]| {
        let output = run(directory.path(), &settings, &[&["doctor"], arguments].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    assert!(doctor(&[]).contains("ok    note counts: equal to the notes\n"));
    database.execute("UPDATE note_counts SET notes = 7 WHERE user_id = 1").await;
    database.execute("DELETE FROM note_counts WHERE user_id = 2").await;
    let told = doctor(&[]);
    let wrong = "look  note counts: wrong for 2 users: run `teamnotes doctor --repair`\n";
    assert!(told.contains(wrong), "{told}");
    let told = doctor(&["--repair"]);
    assert!(told.contains("ok    repair of counts: counted the notes of 2 users anew\n"), "{told}");
    assert!(told.contains("ok    note counts: equal to the notes\n"), "{told}");
    assert_eq!(database.number("SELECT COUNT(*) FROM note_counts WHERE notes = 17").await, 3);
}

#[tokio::test]
async fn a_schema_of_which_a_part_is_gone_is_found_out() {
    let database = TestDatabase::migrated().await;
    let directory = tempfile::tempdir().unwrap();
    let settings = [("DATABASE_URL", database.url()), ("SECRET", SECRET)];
    let served = Served::start(directory.path(), &settings);
    database.execute("DROP INDEX idx_notes_user_id_id_visibility").await;
    let told = text(&run(directory.path(), &settings, &["doctor"]).stdout);
    let lacks = "BAD   schema: lacks index idx_notes_user_id_id_visibility (user_id, id, visibility) of notes: ";
    assert!(told.contains(lacks), "{told}");
    assert_eq!(served.send(Method::GET, "/readyz", None).await.0, 200);

    database.execute("DROP TABLE user_notes").await;
    assert_eq!(served.send(Method::GET, "/readyz", None).await.0, 503);
    for arguments in [&["doctor"][..], &["user", "list"], &["serve"]] {
        let output = run(directory.path(), &[&settings[..], &[("PORT", "0")]].concat(), arguments);
        let told = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains("has lost table user_notes"), "{arguments:?}: {told}");
    }
}

#[tokio::test]
async fn the_doctor_finds_a_database_that_is_read_only() {
    let database = TestDatabase::migrated().await;
    let directory = tempfile::tempdir().unwrap();
    let doctor = |url: &str| {
        let told = run(directory.path(), &[("DATABASE_URL", url), ("SECRET", SECRET)], &["doctor"]);
        (told.status.code(), text(&told.stdout))
    };
    let (status, told) = doctor(database.url());
    assert!(status == Some(0) && told.contains("ok    writing: "), "{told}");
    if database.is_postgres() {
        database.set("default_transaction_read_only", "on").await;
    }
    let (status, told) = doctor(&database.url().replace("mode=rwc", "mode=ro"));
    assert!(told.contains("BAD   writing: the database is read-only\n"), "{told}");
    assert_eq!(status, Some(1));
}

#[test]
fn of_a_database_that_cannot_be_opened_the_doctor_says_how_full_the_disk_is() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("garbage.db"), "not a database, however much of it is read")
        .unwrap();
    let settings = [("DATABASE_URL", "sqlite:garbage.db")];
    let output = run(directory.path(), &settings, &["doctor"]);
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("BAD   database: ") && told.contains("  disk: "), "{told}");
}

#[test]
fn files_that_everyone_can_read_are_reported() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    assert!(run(here, &[], &["migrate", "up"]).status.success());
    let told = || text(&run(here, &[], &["doctor"]).stdout);
    assert!(told().contains("ok    files: "), "{}", told());
    fs::write(here.join(".env"), "PORT=1\n").unwrap();
    for file in [".env", "data/teamnotes.db"] {
        fs::set_permissions(here.join(file), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(told().contains("look  files: ") && told().contains(file), "{}", told());
    }
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

#[test]
fn the_version_says_what_it_was_built_from() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.arg("-C").arg(root).args(arguments).env("TZ", "UTC");
        command
            .output()
            .ok()
            .filter(|output| output.status.success())
            .map(|output| text(&output.stdout))
    };
    let commit = git(&["rev-parse", "HEAD"]).unwrap_or_else(|| "unknown\n".into());
    let day = ["log", "-1", "--format=%cd", "--date=format-local:%Y-%m-%d"];
    let day = git(&day).unwrap_or_else(|| "unknown\n".into());
    let directory = tempfile::tempdir().unwrap();
    let told = |argument| text(&run(directory.path(), &[], &[argument]).stdout);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        told("--version"),
        format!(
            "teamnotes {version}\ncommit: {commit}commit date: {day}engines: SQLite, PostgreSQL\n"
        )
    );
    assert_eq!(told("-V"), format!("teamnotes {version}\n"));
}

#[tokio::test]
async fn a_command_that_needs_a_schema_says_how_to_create_it() {
    let database = TestDatabase::empty().await;
    let directory = tempfile::tempdir().unwrap();
    let list = run(directory.path(), &[("DATABASE_URL", database.url())], &["user", "list"]);
    let told = text(&list.stderr);
    assert_eq!(list.status.code(), Some(1), "{told}");
    assert!(told.contains("run `teamnotes migrate up`"), "{told}");
}

#[test]
fn a_command_that_reads_or_changes_a_database_does_not_create_it() {
    let directory = tempfile::tempdir().unwrap();
    let settings = [("DATABASE_URL", "sqlite:data/typo.db")];
    for arguments in [
        &["user", "list"][..],
        &["user", "promote", "alice"],
        &["sessions", "revoke", "--all"],
        &["token", "list", "alice"],
        &["backup", "copy.db"],
        &["export", "all"],
        &["import", "all"],
        &["migrate", "status"],
        &["migrate", "down"],
        &["migrate", "reset", "--yes"],
        &["migrate", "plan", "up"],
    ] {
        let output = run(directory.path(), &settings, arguments);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}");
        let expected =
            "error: data/typo.db does not exist: run `teamnotes migrate up` to create it\n";
        assert_eq!(told, expected, "{arguments:?}");
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn a_command_does_not_pretend_to_change_a_database_in_memory() {
    let directory = tempfile::tempdir().unwrap();
    let settings = [("DATABASE_URL", "sqlite::memory:")];
    for arguments in [
        &["user", "create", "alice"][..],
        &["user", "list"],
        &["sessions", "revoke", "--all"],
        &["token", "revoke", "1"],
        &["migrate", "up"],
        &["migrate", "status"],
        &["demo", "--users", "1"],
        &["backup", "copy.db"],
        &["restore", "copy.db"],
        &["export", "all"],
        &["import", "--create", "-"],
    ] {
        let output = with_password(directory.path(), &settings, arguments);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}");
        assert!(told.starts_with("error: the database is in memory"), "{arguments:?}: {told}");
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn a_database_that_cannot_be_opened_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    fs::create_dir(here.join("directory.db")).unwrap();
    fs::write(here.join("text.db"), "no database at all ".repeat(100)).unwrap();
    for file in ["directory.db", "text.db", "text.db/nested.db"] {
        for arguments in [
            &["user", "list"][..],
            &["migrate", "up"],
            &["migrate", "status"],
            &["migrate", "plan", "down"],
            &["backup", "copy.db"],
            &["export", "all"],
            &["doctor"],
            &["serve"],
        ] {
            let url = format!("sqlite:{file}");
            let settings = [("DATABASE_URL", &*url), ("PORT", "0")];
            let output = run(here, &settings, arguments);
            let told = text(&output.stderr) + &text(&output.stdout);
            assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}");
            assert!(told.contains(file), "{arguments:?}: {told}");
        }
    }
}

#[tokio::test]
async fn characters_that_control_a_terminal_are_escaped() {
    let database = TestDatabase::migrated().await;
    let directory = tempfile::tempdir().unwrap();
    let settings = [("DATABASE_URL", database.url())];
    let name = "A\u{202e}B\u{2028}C";
    let created =
        with_password(directory.path(), &settings, &["user", "create", "alice", "--name", name]);
    let shown = "A\\u{202e}B\\u{2028}C";
    assert_eq!(text(&created.stdout), format!("1 alice ({shown})\n"), "{created:?}");
    let list = text(&run(directory.path(), &settings, &["user", "list"]).stdout);
    assert!(list.ends_with(&format!("  {shown}\n")), "{list}");
    let json = text(&run(directory.path(), &settings, &["user", "list", "--json"]).stdout);
    assert!(json.contains("\\u202e") && !json.contains('\u{202e}'), "{json}");
    let users: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(users[0]["name"], name);
    let missing = run(directory.path(), &settings, &["import", "no\u{1b}file"]);
    assert!(text(&missing.stderr).starts_with("error: no\\u{1b}file: "), "{missing:?}");
}

#[test]
fn shells_and_man_are_served() {
    let directory = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let script = run(directory.path(), &[], &["completions", shell]);
        assert!(text(&script.stdout).contains("healthcheck"), "{shell}");
    }
    let page = text(&run(directory.path(), &[], &["man"]).stdout);
    assert!(page.contains(".TH teamnotes 1") && page.contains("teamnotes\\-user(1)"), "{page}");
}
