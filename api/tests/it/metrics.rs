//! `/metrics`

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use testkit::{PASSWORD, TestApp};

/// The samples by their name and labels.
async fn samples(app: &TestApp) -> BTreeMap<String, f64> {
    let answer = app.anonymous().get("/metrics").await;
    assert_eq!(answer.status, 200);
    let lines = answer.text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        })
        .collect()
}

#[tokio::test]
#[expect(clippy::float_cmp, reason = "counters are whole numbers")]
async fn requests_logins_sessions_and_statements_are_counted() {
    let (app, alice) = TestApp::with_user("alice").await;
    let before = samples(&app).await;
    for _ in 0..3 {
        alice.get("/api/notes/7").await.problem(404);
    }
    let wrong = json!({ "username": "alice", "password": "wrong" });
    app.anonymous().post("/api/login", wrong).await.problem(401);
    let right = json!({ "username": "alice", "password": PASSWORD });
    app.anonymous().post("/api/login", right).await.ok();
    let after = samples(&app).await;
    let more = |name: &str| after[name] - before.get(name).unwrap_or(&0.0);
    let labels = r#"{method="GET",route="/api/notes/{id}",status="404"}"#;
    assert_eq!(more(&format!("teamnotes_http_requests_total{labels}")), 3.0);
    let labels = r#"{method="GET",route="/api/notes/{id}"}"#;
    assert_eq!(more(&format!("teamnotes_http_request_duration_seconds_count{labels}")), 3.0);
    assert_eq!(more(r#"teamnotes_logins_total{outcome="wrong_credentials"}"#), 1.0);
    assert_eq!(more(r#"teamnotes_logins_total{outcome="success"}"#), 1.0);
    assert_eq!(more("teamnotes_live_sessions"), 1.0);
    assert!(more("teamnotes_database_statements_total") >= 6.0);
    assert_eq!(after["teamnotes_password_hashing_queue"], 0.0);
    assert!(after.keys().any(|name| name.starts_with("teamnotes_build_info{version=")));
    assert!(after.keys().any(|name| name.starts_with("teamnotes_database_connections{")));
}

#[tokio::test]
async fn clients_cannot_make_up_labels() {
    let app = TestApp::start().await;
    let count = async || samples(&app).await.len();
    app.anonymous().get("/one").await.problem(404);
    let before = count().await;
    for path in ["/two", "/api/three", "/api/notes/%ff"] {
        app.anonymous().send("BREW".parse().unwrap(), path, None).await;
        app.anonymous().get(path).await;
    }
    let routes: BTreeSet<String> = samples(&app)
        .await
        .into_keys()
        .filter_map(|name| Some(name.split("route=\"").nth(1)?.split('"').next()?.to_owned()))
        .collect();
    let known: Vec<&str> = routes.iter().map(String::as_str).collect();
    assert_eq!(known, ["/api/notes/{id}", "/metrics", "unmatched"]);
    assert!(count().await > before);
}

/// The rules that `promtool check metrics` applies.
#[tokio::test]
async fn the_text_is_valid_for_prometheus() {
    let (app, alice) = TestApp::with_user("alice").await;
    alice.get("/api/notes").await.ok();
    let answer = app.anonymous().get("/metrics").await;
    assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"));
    assert!(answer.text.ends_with('\n'));
    let mut kinds = BTreeMap::new();
    for line in answer.text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["#", "HELP", name, _, ..] => {
                assert!(name.starts_with("teamnotes_") || name.starts_with("process_"), "{line}");
            }
            ["#", "TYPE", name, kind] => assert!(kinds.insert(name, kind).is_none(), "{line}"),
            _ => {
                let name = line.split(['{', ' ']).next().unwrap();
                let base = ["_bucket", "_sum", "_count"]
                    .iter()
                    .find_map(|suffix| {
                        name.strip_suffix(suffix).filter(|base| kinds.contains_key(base))
                    })
                    .unwrap_or(name);
                let kind = kinds[base];
                assert_eq!(kind == "counter", base.ends_with("_total"), "{line}");
                let is_duration =
                    base.ends_with("_seconds") && base != "process_start_time_seconds";
                assert_eq!(kind == "histogram", is_duration, "{line}");
            }
        }
    }
    assert_eq!(kinds.len(), if app.database.is_postgres() { 14 } else { 15 });
}

#[tokio::test]
async fn the_process_tells_what_it_uses() {
    let app = TestApp::start().await;
    let now = samples(&app).await;
    assert!(now["process_resident_memory_bytes"] > 1e6, "{now:?}");
    assert!(now["process_cpu_seconds_total"] > 0.0, "{now:?}");
    assert!((1.0..=now["process_max_fds"]).contains(&now["process_open_fds"]), "{now:?}");
    let started =
        std::time::UNIX_EPOCH.elapsed().unwrap().as_secs_f64() - now["process_start_time_seconds"];
    assert!((0.0..3_600.0).contains(&started), "{started}");
}
