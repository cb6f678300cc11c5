//! `/healthz` and `/readyz`

use std::{collections::BTreeSet, time::Duration};

use api::{http::PublicUrl, server::Application};
use reqwest::Method;
use serde_json::json;
use testkit::{Answer, TestApp, TestDatabase};

/// An error and its sources, as the command line prints them.
fn chain(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |error| error.source());
    sources.fold(error.to_string(), |told, source| format!("{told}: {source}"))
}

#[tokio::test]
async fn a_working_service_is_ready() {
    let app = TestApp::start().await;
    for path in ["/healthz", "/readyz"] {
        let answer = app.anonymous().get(path).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, "ok\n"));
    }
}

#[tokio::test]
async fn a_pending_migration_makes_it_unready_but_not_dead() {
    let app = TestApp::start().await;
    let newest = "DELETE FROM seaql_migrations WHERE version LIKE '%_add_search_columns'";
    app.database.execute(newest).await;
    let unready = app.anonymous().get("/readyz").await;
    assert_eq!(unready.header("retry-after"), "1");
    assert_eq!(unready.problem(503), "the service is not available right now");
    assert_eq!(app.anonymous().get("/healthz").await.status, 200);
}

#[tokio::test]
async fn without_auto_migrate_it_rejects_an_outdated_schema() {
    let empty = TestDatabase::empty().await;
    let mut settings = testkit::settings(empty.url());
    settings.auto_migrate = false;
    let Err(refused) = Application::build(settings).await else { panic!("it started") };
    let told = chain(&refused);
    assert!(told.contains("migrate up"), "{told}");
    assert_eq!(empty.schema().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_newer_schema_is_rejected_with_an_explanation() {
    let database = TestDatabase::migrated().await;
    let newer = "INSERT INTO seaql_migrations VALUES ('m29990101_000000_newer', 0)";
    database.execute(newer).await;
    let settings = testkit::settings(database.url());
    let Err(refused) = Application::build(settings).await else { panic!("it started") };
    let told = chain(&refused);
    assert!(told.contains("m29990101_000000_newer"), "{told}");
}

#[tokio::test]
async fn while_a_newer_version_is_rolled_out_the_running_one_keeps_working() {
    let (app, alice) = TestApp::with_user("alice").await;
    for newer in [
        "ALTER TABLE notes ADD COLUMN colour text",
        "CREATE TABLE attachments (id bigint PRIMARY KEY, note_id bigint REFERENCES notes (id))",
        "INSERT INTO seaql_migrations VALUES ('m29990101_000000_newer', 0)",
    ] {
        app.database.execute(newer).await;
    }
    assert_eq!(app.anonymous().get("/readyz").await.status, 200);
    let note = alice.post("/api/notes", serde_json::json!({ "content": "Hello" })).await.created();
    let path = format!("/api/notes/{}", note["id"]);
    alice.put(&path, serde_json::json!({ "important": true })).await.ok();
    assert_eq!(alice.get("/api/notes").await.ok()[0]["important"], true);
    alice.delete(&path).await.no_content();
}

#[tokio::test]
async fn a_database_restart_between_requests_goes_unnoticed() {
    let app = TestApp::start().await;
    if !app.database.is_postgres() {
        return;
    }
    let anyone = app.anonymous();
    let reads: Vec<_> = (0..50).map(|_| anyone.clone()).collect();
    let reads =
        reads.into_iter().map(|anyone| tokio::spawn(async move { anyone.get("/api/notes").await }));
    for read in reads.collect::<Vec<_>>() {
        read.await.unwrap().ok();
    }
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let others =
        "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    assert!(
        app.database.number(&format!("SELECT COUNT(pg_terminate_backend(pid)) {others}")).await > 3
    );
    for _ in 0..10 {
        anyone.get("/api/notes").await.ok();
    }
}

async fn get_as(app: &TestApp, path: &str, accept: &str) -> Answer {
    let anyone = app.anonymous();
    let request = anyone.request(Method::GET, path).header("Accept", accept);
    anyone.answer(Method::GET, path, request).await
}

#[tokio::test]
async fn the_root_says_to_programs_where_things_are() {
    let app = TestApp::start().await;
    let index = get_as(&app, "/", "application/json").await.ok();
    for member in ["documentation", "openapi"] {
        let path = index[member].as_str().unwrap();
        assert_eq!(app.anonymous().get(path).await.status, 200, "{path}");
    }
    let moved = app.anonymous().get("/docs/").await;
    assert_eq!((moved.status.as_u16(), moved.header("location")), (308, "/docs"));
    app.anonymous().get("/favicon.ico").await.no_content();
    for path in ["/api", "/api/", "/api/nothing", "/nothing"] {
        let nothing = app.anonymous().get(path).await;
        assert!(nothing.header("link").contains("</docs>; rel=\"service-doc\""), "{path}");
        nothing.problem(404);
    }
}

#[tokio::test]
async fn below_a_path_of_a_proxy_links_and_locations_name_the_public_url() {
    let public = "https://example.org/notes";
    let app = TestApp::start_with(|settings| {
        settings.network.public_url = Some(PublicUrl::parse(public).unwrap());
    })
    .await;
    let alice = app.user("alice").await;
    for content in ["One", "Two"] {
        let note = alice.post("/api/notes", json!({ "content": content })).await;
        let location = format!("{public}/api/notes/{}", note.body["id"]);
        assert_eq!(note.header("location"), location);
    }
    let page = alice.get("/api/notes?limit=1").await;
    let next = page.next().unwrap();
    let next = next.strip_prefix(public).unwrap();
    assert_eq!(alice.get(next).await.ok()[0]["content"], "One");
    assert_eq!(alice.get("/docs/").await.header("location"), format!("{public}/docs"));
    let links = alice.get("/nothing").await.header("link").to_owned();
    assert!(links.contains(&format!("<{public}/api/openapi.json>")), "{links}");
    for _ in 0..2 {
        let document = alice.get("/api/openapi.json").await.ok();
        assert_eq!(document["servers"], json!([{ "url": public }]));
    }
    let index = get_as(&app, "/", "application/json").await.ok();
    assert_eq!(index["documentation"], format!("{public}/docs"));
}

#[tokio::test]
async fn every_type_of_problem_has_a_page() {
    let app = TestApp::start().await;
    for path in api::routes::problem_types() {
        let page = app.anonymous().get(&path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.text.contains("<h1>"), "{path}: {}", page.text);
    }
    app.anonymous().get("/problems/nothing").await.problem(404);
}

#[test]
fn every_type_that_the_code_or_a_proxy_sends_has_a_page_and_no_other_has_one() {
    let code: String = include_str!("../../src/http/problem.rs").split_whitespace().collect();
    let (code, _tests) = code.split_once("#[cfg(test)]").unwrap();
    // There a kind is a tuple of its status, the last segment of its type, and its title.
    let kinds =
        ["(StatusCode::", "(*status,"].into_iter().flat_map(|tuple| code.split(tuple).skip(1));
    let types = kinds.map(|kind| format!("/problems/{}", kind.split('"').nth(1).unwrap()));
    let sent: BTreeSet<String> = types.collect();
    assert_eq!(sent, api::routes::problem_types().collect());
    for proxy in [
        include_str!("../../../deploy/nginx.conf.example"),
        include_str!("../../../deploy/Caddyfile.example"),
    ] {
        let told: Vec<&str> =
            proxy.split('"').filter(|text| text.starts_with("/problems/")).collect();
        assert!(!told.is_empty() && told.iter().all(|told| sent.contains(*told)), "{told:?}");
    }
}
