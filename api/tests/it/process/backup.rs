//! `backup` and `restore`.

use std::{
    fs::{self, File},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Stdio,
};

use reqwest::Method;
use serde_json::json;
use testkit::TestDatabase;

use super::{Served, run, teamnotes, text};

/// The database that the service uses without settings.
const DATABASE: &str = "data/teamnotes.db";

#[tokio::test]
async fn a_backup_can_be_served() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let served = Served::start(here, &[]);
    let alice = json!({ "username": "alice", "name": "Alice", "password": "walnut-harbour-42" });
    assert_eq!(served.send(Method::POST, "/api/users", Some(alice)).await.0, 201);
    let copy = run(here, &[], &["backup", "copy.db"]);
    let told = text(&copy.stdout);
    let expected = "copied to copy.db: 2 users, 0 notes, 0 teams, ";
    assert!(told.starts_with(expected), "{told}{}", text(&copy.stderr));
    assert_eq!(fs::metadata(here.join("copy.db")).unwrap().permissions().mode() & 0o777, 0o600);
    let again = run(here, &[], &["backup", "copy.db"]);
    assert_eq!(again.status.code(), Some(1), "it was written over");
    let streamed = run(here, &[], &["backup", "-"]);
    assert!(text(&streamed.stderr).starts_with("copied to standard output: 2 users, "));
    fs::write(here.join("streamed.db"), streamed.stdout).unwrap();

    for copy in ["sqlite:copy.db", "sqlite:streamed.db"] {
        let restored = Served::start(here, &[("DATABASE_URL", copy)]);
        assert_eq!(restored.send(Method::GET, "/api/users/alice", None).await.0, 200);
    }
    let left: Vec<_> = fs::read_dir(here.join("data")).unwrap().map(Result::unwrap).collect();
    let is_left_behind = |name: &str| name.starts_with('.');
    assert!(!left.iter().any(|file| is_left_behind(&file.file_name().to_string_lossy())));
}

#[tokio::test]
async fn what_cannot_be_copied_is_refused_and_leaves_nothing_behind() {
    let database = TestDatabase::migrated().await;
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    if database.is_postgres() {
        for command in ["backup", "restore"] {
            let refused = run(here, &[("DATABASE_URL", database.url())], &[command, "other.db"]);
            assert_eq!(refused.status.code(), Some(1));
            assert!(text(&refused.stderr).contains("pg_dump"), "{}", text(&refused.stderr));
        }
    }
    assert!(run(here, &[], &["migrate", "up"]).status.success());
    let full = teamnotes(here, &[], &["backup", "-"])
        .stdout(File::options().write(true).open("/dev/full").unwrap())
        .output()
        .unwrap();
    assert_eq!(full.status.code(), Some(1), "{full:?}");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let cut = teamnotes(here, &[], &["backup", "-"]).stdout(Stdio::from(writer)).output().unwrap();
    assert_eq!(cut.status.code(), Some(1), "{cut:?}");
    let files: Vec<_> = fs::read_dir(here).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, ["data"]);
}

#[tokio::test]
async fn a_copy_with_a_fault_is_no_success() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    for (change, why) in [
        ("DELETE FROM users WHERE username = 'user1'", "reference missing rows"),
        ("DROP TABLE sessions", "has lost table sessions"),
        ("DELETE FROM seaql_migrations", "is not a database of Teamnotes"),
    ] {
        let file = here.join("notes.db");
        let settings = [("DATABASE_URL", "sqlite:notes.db")];
        assert!(run(here, &settings, &["demo", "--users", "3"]).status.success());
        TestDatabase::change_file(&file, &[change]).await;
        let copied = run(here, &settings, &["backup", "copy.db"]);
        let told = text(&copied.stderr);
        assert_eq!(copied.status.code(), Some(1), "{told}");
        assert!(told.starts_with("error: copy.db: ") && told.contains(why), "{told}");
        assert!(!here.join("copy.db").exists(), "{why}");
        fs::remove_file(file).unwrap();
    }
}

/// The files next to the database, sorted.
fn files(directory: &Path) -> Vec<String> {
    let files = fs::read_dir(directory.join("data")).unwrap();
    let mut names: Vec<String> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Logs alice in, makes a copy, and writes a note that it lacks. Returns the running service and her token.
async fn with_copy(directory: &Path) -> (Served, String) {
    let served = Served::start(directory, &[]);
    let token = served.user("alice").await;
    let script = ["token", "create", "alice", "--name", "Script", "--scope", "read"];
    assert!(run(directory, &[], &script).status.success());
    let copy = run(directory, &[], &["backup", "copy.db"]);
    assert!(copy.status.success(), "{}", text(&copy.stderr));
    let note = json!({ "content": "written after the copy" });
    assert_eq!(served.send_as(&token, Method::POST, "/api/notes", Some(note)).await.0, 201);
    (served, token)
}

#[tokio::test]
async fn a_backup_is_restored_in_one_step_and_its_sessions_are_ended() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let (served, token) = with_copy(here).await;
    let in_use = run(here, &[], &["restore", "copy.db"]);
    let told = text(&in_use.stderr);
    assert_eq!(told, "error: data/teamnotes.db is in use: stop the service first\n");
    let (status, notes) = served.send(Method::GET, "/api/notes", None).await;
    assert_eq!((status, notes.as_array().map(Vec::len)), (200, Some(1)));
    served.signal("TERM");
    assert_eq!(served.ended(), 0);

    let kept = run(here, &[], &["restore", "copy.db", "--keep-sessions"]);
    assert!(kept.status.success(), "{}", text(&kept.stderr));
    assert!(!text(&kept.stdout).contains(" ended"), "{}", text(&kept.stdout));
    let served = Served::start(here, &[]);
    assert_eq!(served.send_as(&token, Method::GET, "/api/sessions/current", None).await.0, 200);
    assert_eq!(served.send(Method::GET, "/api/notes", None).await.1, json!([]));
    served.signal("TERM");
    assert_eq!(served.ended(), 0);

    let restored = run(here, &[], &["restore", "copy.db"]);
    let told = text(&restored.stdout);
    assert!(told.starts_with("restored from copy.db: 2 users, 0 notes, "), "{restored:?}");
    assert!(
        told.contains("\nsessions ended: 1\nAPI tokens ended: 1\ninvitations ended: 0\n"),
        "{told}"
    );
    let served = Served::start(here, &[]);
    assert_eq!(served.send_as(&token, Method::GET, "/api/sessions/current", None).await.0, 401);
    served.signal("TERM");
    assert_eq!(served.ended(), 0);

    let kept: Vec<String> =
        files(here).into_iter().filter(|name| name.contains(".replaced-")).collect();
    assert_eq!(kept.len(), 2, "{kept:?}");
    let oldest = format!("sqlite:data/{}", kept[0]);
    let served = Served::start(here, &[("DATABASE_URL", &oldest)]);
    let (_, notes) = served.send(Method::GET, "/api/notes", None).await;
    assert_eq!(notes[0]["content"], "written after the copy");
}

#[tokio::test]
async fn copies_can_be_restored_one_right_after_the_other() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    assert!(run(here, &[], &["migrate", "up"]).status.success());
    assert!(run(here, &[], &["backup", "copy.db"]).status.success());
    for _ in 0..5 {
        let restored = run(here, &[], &["restore", "copy.db"]);
        assert!(restored.status.success(), "{}", text(&restored.stderr));
    }
    let kept = files(here).into_iter().filter(|name| name.contains(".replaced-"));
    assert_eq!(kept.count(), 5);
}

#[tokio::test]
async fn a_backup_is_restored_where_there_is_no_database_or_a_damaged_one() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let (served, _) = with_copy(here).await;
    served.signal("TERM");
    assert_eq!(served.ended(), 0);
    for damage in [None, Some("no database at all".repeat(1_000))] {
        fs::remove_dir_all(here.join("data")).unwrap();
        if let Some(bytes) = &damage {
            fs::create_dir(here.join("data")).unwrap();
            fs::write(here.join(DATABASE), bytes).unwrap();
            fs::write(here.join("data/teamnotes.db-wal"), "its log").unwrap();
        }
        let restored = run(here, &[], &["restore", "copy.db"]);
        assert!(restored.status.success(), "{}", text(&restored.stderr));
        let mode = fs::metadata(here.join(DATABASE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!here.join("data/teamnotes.db-wal").exists());
        assert_eq!(files(here).len(), if damage.is_some() { 3 } else { 1 }, "{:?}", files(here));
        let served = Served::start(here, &[]);
        assert_eq!(served.send(Method::GET, "/api/users/alice", None).await.0, 200);
    }
}

#[tokio::test]
async fn what_is_not_a_whole_database_of_the_service_is_not_restored() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let (served, _) = with_copy(here).await;
    served.signal("TERM");
    assert_eq!(served.ended(), 0);
    let before = (fs::read(here.join(DATABASE)).unwrap(), files(here));

    let bytes = fs::read(here.join("copy.db")).unwrap();
    fs::write(here.join("half.db"), &bytes[..bytes.len() / 2]).unwrap();
    fs::write(here.join("empty.db"), "").unwrap();
    fs::write(here.join("text.db"), "a letter to the operator ".repeat(100)).unwrap();
    fs::copy(here.join("copy.db"), here.join("live.db")).unwrap();
    fs::write(here.join("live.db-wal"), "the newest notes").unwrap();
    for (name, change) in [
        ("part.db", "DROP TABLE user_notes"),
        ("newer.db", "INSERT INTO seaql_migrations VALUES ('m29990101_000000_newer', 0)"),
        ("dangling.db", "DELETE FROM users"),
        ("foreign.db", "DELETE FROM seaql_migrations"),
        (
            "trigger.db",
            "CREATE TRIGGER keep BEFORE DELETE ON sessions BEGIN SELECT RAISE(IGNORE); END",
        ),
        (
            "changed.db",
            "DROP TRIGGER notes_search_delete; CREATE TRIGGER notes_search_delete AFTER DELETE ON notes BEGIN \
             UPDATE users SET admin = TRUE; END",
        ),
        ("virtual.db", "CREATE VIRTUAL TABLE strange USING fts5(name)"),
        ("view.db", "CREATE VIEW admins AS SELECT * FROM users WHERE admin"),
        ("table.db", "CREATE TABLE \"x\"\"; UPDATE users SET admin = TRUE; --\" (id INTEGER)"),
    ] {
        let file = here.join(name);
        fs::copy(here.join("copy.db"), &file).unwrap();
        TestDatabase::change_file(&file, &[change]).await;
    }

    for (copy, why) in [
        ("none.db", "No such file"),
        ("half.db", "database disk image is malformed"),
        ("empty.db", "is not a database of Teamnotes"),
        ("text.db", "file is not a database"),
        ("live.db", "has a write-ahead log next to it"),
        ("part.db", "has lost table user_notes"),
        ("newer.db", "m29990101_000000_newer"),
        ("dangling.db", "reference missing rows"),
        ("foreign.db", "is not a database of Teamnotes"),
        ("trigger.db", "has trigger keep, which is not part of the schema"),
        ("changed.db", "has trigger notes_search_delete, which is not part of the schema"),
        ("virtual.db", "has table strange, which is not part of the schema"),
        ("view.db", "has view admins, which is not part of the schema"),
        ("table.db", "has table x\"; UPDATE users SET admin = TRUE; --, which is not"),
    ] {
        let refused = run(here, &[], &["restore", copy]);
        let told = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(1), "{copy}: {told}");
        assert!(told.starts_with("error: ") && told.contains(copy) && told.contains(why), "{told}");
        assert_eq!((fs::read(here.join(DATABASE)).unwrap(), files(here)), before, "{copy}");
    }
}
