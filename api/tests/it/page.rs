//! The page for people, and what is served instead of it with `WEB=off`.

use api::http::PublicUrl;
use reqwest::Method;
use testkit::{Answer, TestApp};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

async fn get(app: &TestApp, path: &str, accept: &str) -> Answer {
    let anyone = app.anonymous();
    let request = anyone.request(Method::GET, path).header("Accept", accept);
    anyone.answer(Method::GET, path, request).await
}

/// Asserts that this is the page.
#[track_caller]
fn is_page(answer: &Answer, status: u16) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-cache");
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'self';") && !policy.contains("unsafe"), "{policy}");
    assert!(answer.text.contains("<title>Teamnotes</title>"), "{}", answer.text);
    assert!(!answer.text.contains("<script>") && !answer.text.contains("<style"));
}

/// The paths of the scripts and styles that the page loads.
fn assets(page: &str) -> Vec<String> {
    let attributes = page.split(['"', '\'']).filter(|text| text.contains("/assets/"));
    attributes.map(str::to_owned).collect()
}

#[tokio::test]
async fn the_page_is_at_all_of_its_paths() {
    let app = TestApp::start().await;
    let routes = api::routes::page().operations();
    let paths = routes.iter().map(|(_, path)| *path).filter(|path| !path.starts_with("/assets/"));
    let paths: Vec<&str> = paths.collect();
    assert!(paths.len() > 10, "{paths:?}");
    for path in paths.into_iter().chain(["/notes/new", "/?search=backup&important=true"]) {
        for accept in [BROWSER, "*/*", "text/plain"] {
            is_page(&get(&app, path, accept).await, 200);
        }
    }
    let index = get(&app, "/", "application/json").await;
    assert!(index.header("vary").starts_with("accept"));
    assert_eq!(index.ok()["documentation"], "/docs");
}

#[tokio::test]
async fn the_page_is_read_again_only_when_it_has_changed() {
    let app = TestApp::start().await;
    let page = get(&app, "/teams", BROWSER).await;
    let tag = page.header("etag").to_owned();
    let anyone = app.anonymous();
    let request = anyone.request(Method::GET, "/people/alice").header("If-None-Match", &tag);
    let again = anyone.answer(Method::GET, "/people/alice", request).await;
    assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));
    assert_eq!(again.header("cache-control"), "no-cache");
    assert_eq!(again.header("etag"), tag);
}

#[tokio::test]
async fn browsers_get_the_page_for_unknown_paths_and_nobody_else_does() {
    let app = TestApp::start().await;
    for path in ["/nothing", "/notes", "/notes/1/nothing", "/index.html", "/apis"] {
        is_page(&get(&app, path, BROWSER).await, 404);
        assert_eq!(get(&app, path, "*/*").await.problem(404), "not found", "{path}");
        let anyone = app.anonymous();
        let request = anyone.request(Method::POST, path).header("Accept", BROWSER);
        anyone.answer(Method::POST, path, request).await.problem(404);
    }
    for path in ["/api", "/api/", "/api/nothing", "/assets/nothing.js", "/docs/nothing.js"] {
        assert_eq!(get(&app, path, BROWSER).await.problem(404), "not found", "{path}");
    }
    let refused = app.anonymous().send(Method::POST, "/teams", None).await;
    assert_eq!(refused.header("allow"), "GET, HEAD");
    refused.problem(405);
}

#[tokio::test]
async fn what_the_page_loads_is_kept_for_a_year_and_compressed_on_request() {
    let app = TestApp::start().await;
    let assets = assets(&get(&app, "/", BROWSER).await.text);
    assert!(!assets.is_empty());
    for path in assets {
        let anyone = app.anonymous();
        let plain = anyone.get(&path).await;
        assert_eq!(plain.status, 200, "{path}");
        assert_eq!(plain.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(plain.header("vary"), "accept-encoding");
        assert_ne!(plain.header("content-type"), "application/octet-stream", "{path}");
        assert!(!plain.headers.contains_key("content-encoding"));
        for (accepted, is_compressed) in [("br, gzip", true), ("gzip;q=0", false), ("br", false)] {
            let request = anyone.request(Method::GET, &path).header("Accept-Encoding", accepted);
            let answer = request.send().await.unwrap();
            assert_eq!(answer.headers().contains_key("content-encoding"), is_compressed);
            let bytes = answer.bytes().await.unwrap();
            assert_eq!(bytes.starts_with(&[0x1f, 0x8b]), is_compressed, "{path} {accepted}");
            assert!(is_compressed || *bytes == *plain.text.as_bytes(), "{path} {accepted}");
        }
    }
}

#[tokio::test]
async fn below_a_path_of_a_proxy_the_page_loads_what_is_below_it() {
    let app = TestApp::start_with(|settings| {
        settings.network.public_url = Some(PublicUrl::parse("https://example.org/notes").unwrap());
    });
    let page = get(&app.await, "/teams", BROWSER).await;
    let assets = assets(&page.text);
    assert!(!assets.is_empty(), "{}", page.text);
    assert!(assets.iter().all(|path| path.starts_with("/notes/assets/")), "{assets:?}");
}

#[tokio::test]
async fn without_the_page_the_root_says_where_things_are() {
    let app = TestApp::start_with(|settings| settings.web = false).await;
    let start = get(&app, "/", BROWSER).await;
    assert_eq!(start.header("content-type"), "text/html; charset=utf-8");
    assert!(start.text.contains("href=\"docs\""), "{}", start.text);
    for accept in ["*/*", "application/json"] {
        let index = get(&app, "/", accept).await.ok();
        for member in ["documentation", "openapi"] {
            let path = index[member].as_str().unwrap();
            assert_eq!(app.anonymous().get(path).await.status, 200, "{path}");
        }
    }
    for path in ["/teams", "/notes/1", "/assets/index.js", "/nothing"] {
        assert_eq!(get(&app, path, BROWSER).await.problem(404), "not found", "{path}");
    }
}
