//! A full disk, simulated by a limit on the size of files.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use reqwest::Method;
use serde_json::json;

use super::{Served, run, text};

/// The limit, in blocks of 512 bytes: enough for a new database and some notes.
const LIMIT: u32 = 1_200;

/// The service, whose writes beyond the limit fail; the limit can be lifted later.
fn limited(directory: &Path) -> Served {
    let mut shell = Command::new("sh");
    let limited = format!("trap '' XFSZ; ulimit -S -f {LIMIT}; exec \"$0\" serve");
    shell.args(["-c", &limited, env!("CARGO_BIN_EXE_teamnotes")]);
    shell.current_dir(directory).env_clear().env("PORT", "0");
    Served::wait_for(shell.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap())
}

#[tokio::test]
async fn a_full_disk_is_503_and_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let served = limited(here);
    let token = served.user("alice").await;
    let write = async |number: usize| {
        let content = format!("note {number} {}", "x".repeat(9_000));
        let note = json!({ "content": content });
        served.send_as(&token, Method::POST, "/api/notes", Some(note)).await
    };

    let mut acknowledged = Vec::new();
    let mut refused = 0;
    for number in 0..200 {
        let (status, answer) = write(number).await;
        match status {
            201 => acknowledged.push(answer["id"].as_i64().unwrap()),
            503 | 507 => {
                assert!(answer["title"].is_string() && answer["error"].is_string(), "{answer}");
                refused += 1;
            }
            _ => panic!("{status}: {answer}"),
        }
        if refused == 10 {
            break;
        }
    }
    assert!(refused == 10 && acknowledged.len() > 3, "{refused} and {acknowledged:?}");
    assert_eq!(served.send(Method::GET, "/api/notes", None).await.0, 200);

    let room = Command::new("prlimit")
        .args([&format!("--pid={}", served.child.id()), "--fsize=unlimited"])
        .status()
        .unwrap();
    assert!(room.success());
    let (status, answer) = write(1_000).await;
    assert_eq!(status, 201, "{answer}");
    acknowledged.push(answer["id"].as_i64().unwrap());
    served.signal("KILL");
    served.ended();

    let served = Served::start(here, &[]);
    for id in acknowledged {
        let (status, _) = served.send(Method::GET, &format!("/api/notes/{id}"), None).await;
        assert_eq!(status, 200, "note {id} was acknowledged, and is lost");
    }
    let doctor = run(here, &[], &["doctor"]);
    assert!(doctor.status.success(), "{}", text(&doctor.stdout));
    assert!(text(&doctor.stdout).contains("ok    integrity: "), "{}", text(&doctor.stdout));
}
