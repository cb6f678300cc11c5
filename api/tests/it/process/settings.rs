//! Settings, from the environment and from `.env`.

use std::fs;

use reqwest::Method;
use serde_json::json;

use super::{SECRET, Served, run, text};

#[tokio::test]
async fn a_dollar_sign_in_a_password_in_the_file_is_literal() {
    let directory = tempfile::tempdir().unwrap();
    let file = "ADMIN_USERNAME=root\nADMIN_PASSWORD=walnut-harbour$tree9\n";
    fs::write(directory.path().join(".env"), file).unwrap();
    let served = Served::start(directory.path(), &[]);
    for (password, expected) in [("walnut-harbour$tree9", 200), ("walnut-harbour", 401)] {
        let credentials = json!({ "username": "root", "password": password });
        let (status, answer) = served.send(Method::POST, "/api/login", Some(credentials)).await;
        assert_eq!(status, expected, "{password}: {answer}");
    }
}

#[test]
fn the_file_is_read_from_the_working_directory_only_and_ranks_below_the_environment() {
    let directory = tempfile::tempdir().unwrap();
    let below = directory.path().join("below");
    fs::create_dir(&below).unwrap();
    fs::write(directory.path().join(".env"), "PORT=x\n").unwrap();
    let here = run(directory.path(), &[("DATABASE_URL", "sqlite:a.db")], &["doctor"]);
    assert!(text(&here.stdout).contains("PORT must be an integer"), "{here:?}");
    let overridden = run(directory.path(), &[("PORT", "1")], &["doctor"]);
    assert!(text(&overridden.stdout).starts_with("ok    settings: all valid; set: PORT\n"));
    let below = run(&below, &[], &["doctor"]);
    assert!(text(&below.stdout).starts_with("ok    settings: all valid; none set\n"), "{below:?}");
}

#[test]
fn an_unknown_name_in_the_file_is_reported() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join(".env"), "SESION_TTL=60\nPORT=1\n").unwrap();
    let told = text(&run(directory.path(), &[], &["doctor"]).stdout);
    let expected = "look  settings: all valid; set: PORT; unknown in .env: SESION_TTL\n";
    assert!(told.starts_with(expected), "{told}");
}

#[test]
fn a_file_that_cannot_be_parsed_is_named_but_not_shown() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join(".env"), "PORT=1\nSECRET=hunter2 hunter3\n").unwrap();
    let output = run(directory.path(), &[], &["serve"]);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.starts_with("error: .env can't be parsed in line 2"), "{told}");
    assert!(!told.contains("hunter"), "{told}");
}

#[test]
fn a_host_that_does_not_resolve_is_an_invalid_setting() {
    let directory = tempfile::tempdir().unwrap();
    let output = run(directory.path(), &[("HOST", "not a host")], &["serve"]);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.starts_with("error: HOST must be an address or a host name"), "{told}");
}

#[tokio::test]
async fn a_secret_can_be_random_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = (0xe0..=0xff).collect();
    fs::write(directory.path().join("key"), bytes).unwrap();
    let served = Served::start(directory.path(), &[("SECRET_FILE", "key")]);
    let token = served.user("alice").await;
    let (status, _) = served.send_as(&token, Method::GET, "/api/sessions/current", None).await;
    assert_eq!(status, 200);
    let short = run(directory.path(), &[("SECRET", &SECRET[..31])], &["serve"]);
    let told = text(&short.stderr);
    assert_eq!(told, "error: SECRET must have at least 32 bytes, not 31\n");
}

#[test]
fn the_settings_can_be_listed() {
    let directory = tempfile::tempdir().unwrap();
    let listed = text(&run(directory.path(), &[], &["settings"]).stdout);
    assert!(listed.contains("\n  PORT [default: 3001]\n"), "{listed}");
    let example = run(directory.path(), &[], &["settings", "--format", "env"]);
    assert_eq!(text(&example.stdout), include_str!("../../../../.env.example"));
}
