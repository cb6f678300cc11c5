//! Limits on connections and requests, CORS, and trusted proxies.

use std::{sync::Arc, time::Duration};

use api::http::PublicUrl;
use reqwest::{Method, header::HeaderMap};
use serde_json::json;
use testkit::{Answer, PASSWORD, TestApp};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::raw;

async fn connect(app: &TestApp) -> TcpStream {
    TcpStream::connect(app.address().strip_prefix("http://").unwrap()).await.unwrap()
}

/// What comes back until the connection is closed.
async fn answer_to(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let closed = timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
    closed.unwrap().unwrap();
    String::from_utf8(answer).unwrap()
}

async fn impatient() -> TestApp {
    TestApp::start_with(|settings| settings.network.client_timeout = Duration::from_secs(1)).await
}

#[tokio::test]
async fn a_client_that_does_not_send_a_head_is_cut_off() {
    let app = impatient().await;
    let mut slow = connect(&app).await;
    slow.write_all(b"GET /api/notes HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.unwrap();
    let answer = answer_to(&mut slow).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn a_client_that_does_not_send_a_later_head_is_cut_off_too() {
    let app = impatient().await;
    let mut slow = connect(&app).await;
    for _ in 0..3 {
        slow.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        slow.read_exact(&mut [0; 100]).await.unwrap();
    }
    slow.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.unwrap();
    answer_to(&mut slow).await;
}

#[tokio::test]
async fn an_endless_body_does_not_keep_its_connection() {
    let app = impatient().await;
    let mut slow = connect(&app).await;
    let request = b"POST /api/nope HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    slow.write_all(request).await.unwrap();
    let answer = answer_to(&mut slow).await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
}

/// A page of almost 1 MiB.
const FULL_PAGE: &str = "/api/notes?limit=200";

async fn write_a_full_page(app: &TestApp) {
    let author = app.user("alice").await;
    for _ in 0..50 {
        author.post("/api/notes", json!({ "content": "€".repeat(10_000) })).await.created();
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_its_response_is_cut_off() {
    let app = impatient().await;
    write_a_full_page(&app).await;
    let mut lazy = raw::unread(&app, "127.0.0.1", FULL_PAGE).await;
    sleep(Duration::from_secs(8)).await;

    let mut heard = Vec::new();
    let read = timeout(Duration::from_secs(10), lazy.read_to_end(&mut heard)).await.unwrap();
    assert!(read.is_err(), "all {} bytes were kept for it", heard.len());
    assert!(heard.starts_with(b"HTTP/1.1 200"), "{}", heard.len());
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_given_up() {
    let app = impatient().await;
    let mut slow = connect(&app).await;
    let head = "POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    slow.write_all(format!("{head}Content-Length: 100\r\n\r\n{{").as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    let answered = timeout(Duration::from_secs(10), slow.read_exact(&mut answer)).await;
    answered.unwrap().unwrap();
    assert_eq!(String::from_utf8(answer).unwrap(), "HTTP/1.1 408");
}

#[tokio::test]
async fn many_slow_clients_do_not_affect_others() {
    let app = TestApp::start().await;
    let mut slow = Vec::new();
    for _ in 0..300 {
        let mut stream = connect(&app).await;
        stream.write_all(b"POST /api/login HTTP/1.1\r\nHost: x\r\n").await.unwrap();
        slow.push(stream);
    }
    let answered = timeout(Duration::from_secs(10), app.anonymous().get("/api/notes")).await;
    answered.unwrap().ok();
}

#[tokio::test]
async fn a_thousand_slow_bodies_keep_nobody_out() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let head = "POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    let mut slow = Vec::new();
    for _ in 0..1_010 {
        let mut stream = connect(&app).await;
        stream.write_all(format!("{head}Content-Length: 8\r\n\r\n").as_bytes()).await.unwrap();
        slow.push(stream);
    }
    for number in 0..20 {
        alice.post("/api/notes", json!({ "content": format!("Note {number}") })).await.created();
        app.anonymous().get("/api/notes").await.ok();
    }
    for stream in &mut slow {
        stream.write_all(b"{\"a\": 1}").await.unwrap();
    }
    let mut status = [0; 12];
    for stream in &mut slow {
        stream.read_exact(&mut status).await.unwrap();
        assert!([*b"HTTP/1.1 422", *b"HTTP/1.1 503"].contains(&status));
    }
}

#[tokio::test]
async fn one_network_cannot_take_all_memory_for_bodies() {
    let app = TestApp::start_with(|settings| settings.network.body_bytes = 400_000).await;
    let head = "POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    let part = format!("{head}Content-Length: 90001\r\n\r\n{}", " ".repeat(90_000));
    let mut first = raw::connect_from(&app, "127.0.0.2").await;
    first.write_all(part.as_bytes()).await.unwrap();
    sleep(Duration::from_millis(500)).await;
    let mut second = refused_body(&app, &part).await;
    assert!(answer_to(&mut second).await.contains("retry-after: 1"));
    app.user("alice").await;
    first.write_all(b"1").await.unwrap();
    let mut status = [0; 12];
    first.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 422");
}

/// A connection on which a body was refused. The memory may be taken a little later.
async fn refused_body(app: &TestApp, part: &str) -> TcpStream {
    for _ in 0..50 {
        let mut stream = raw::connect_from(app, "127.0.0.2").await;
        stream.write_all(part.as_bytes()).await.unwrap();
        let mut status = [0; 12];
        let read = timeout(Duration::from_millis(500), stream.read_exact(&mut status)).await;
        if read.is_ok_and(|read| read.is_ok()) && &status == b"HTTP/1.1 503" {
            return stream;
        }
    }
    panic!("no body was refused");
}

#[tokio::test]
async fn responses_that_nobody_reads_leave_room_for_those_of_others() {
    let app = TestApp::start_with(|settings| settings.network.response_bytes = 8 * 1024 * 1024);
    let app = app.await;
    write_a_full_page(&app).await;
    let mut unread = Vec::new();
    let refused = loop {
        unread.push(raw::unread(&app, "127.0.0.2", FULL_PAGE).await);
        sleep(Duration::from_millis(100)).await;
        let answer = first_line_and_headers(&app, "127.0.0.2").await;
        if answer.starts_with("HTTP/1.1 503") {
            break answer;
        }
        assert!(unread.len() < 30, "nothing is refused");
    };
    assert!(refused.contains("retry-after: 1"), "{refused}");
    for _ in 0..20 {
        assert!(app.anonymous().get(FULL_PAGE).await.ok().as_array().unwrap().len() > 30);
    }
    drop(unread);
    while first_line_and_headers(&app, "127.0.0.2").await.starts_with("HTTP/1.1 503") {}
}

/// The start of the response to another request for a full page from this address.
async fn first_line_and_headers(app: &TestApp, address: &str) -> String {
    let mut stream = raw::connect_from(app, address).await;
    let request = format!("GET {FULL_PAGE} HTTP/1.1\r\nHost: x\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut start = vec![0; 500];
    let read = timeout(Duration::from_secs(10), stream.read_exact(&mut start)).await;
    read.unwrap().unwrap();
    String::from_utf8_lossy(&start).into_owned()
}

#[tokio::test]
async fn requests_beyond_the_limit_are_rejected_at_once() {
    let app = TestApp::start_with(|settings| settings.network.max_requests = 1).await;
    write_a_full_page(&app).await;
    let (waiting, refused) = with_the_only_permit_taken(&app).await;
    assert_eq!(refused.header("retry-after"), "1");
    refused.problem(503);
    assert_eq!(app.anonymous().get("/healthz").await.status, 200);
    drop(waiting);
    for _ in 0..500 {
        if app.anonymous().get("/api/notes?limit=1").await.status == 200 {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("the permit was not given back");
}

/// A request whose response is not read, and the response to another one meanwhile. Either of them may be
/// accepted first, so this may take several tries.
async fn with_the_only_permit_taken(app: &TestApp) -> (TcpStream, Answer) {
    for patience in 1..50 {
        let waiting = raw::unread(app, "127.0.0.2", FULL_PAGE).await;
        sleep(Duration::from_millis(20 * patience)).await;
        let answer = app.anonymous().get("/api/notes?limit=1").await;
        if answer.status == 503 {
            return (waiting, answer);
        }
    }
    panic!("nothing was refused");
}

#[tokio::test]
async fn one_network_cannot_take_all_permits() {
    let app = TestApp::start_with(|settings| settings.network.max_requests = 4).await;
    write_a_full_page(&app).await;
    let mut unread = Vec::new();
    for _ in 0..20 {
        unread.push(raw::unread(&app, "127.0.0.2", FULL_PAGE).await);
    }
    for _ in 0..20 {
        app.anonymous().get("/api/notes?limit=1").await.ok();
    }
}

#[tokio::test]
async fn a_burst_is_answered_or_rejected_and_never_fails() {
    let app = Arc::new(TestApp::start_with(|settings| settings.network.max_requests = 5).await);
    let mut burst = JoinSet::new();
    for _ in 0..200 {
        let client = app.anonymous();
        burst.spawn(async move { client.get("/api/notes").await.status.as_u16() });
    }
    let statuses = burst.join_all().await;
    assert!(statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
    assert!(statuses.contains(&200));
}

#[tokio::test]
async fn every_response_has_headers_against_caching_and_framing() {
    let app = TestApp::start().await;
    for path in ["/api/notes", "/api/nothing", "/healthz", "/api/sessions"] {
        let answer = app.anonymous().get(path).await;
        for (name, value) in [
            ("cache-control", if path == "/api/notes" { "private, no-cache" } else { "no-store" }),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{path}");
        }
        assert!(!answer.headers.contains_key("server"), "{path}");
    }
}

/// The status and headers that a browser gets on behalf of a page.
async fn from_page(
    app: &TestApp,
    method: Method,
    origin: &str,
    more: HeaderMap,
) -> (u16, HeaderMap) {
    let request = app.anonymous().request(method, "/api/notes").header("Origin", origin);
    let answer = request.headers(more).send().await.unwrap();
    (answer.status().as_u16(), answer.headers().clone())
}

fn preflight() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("access-control-request-method", "PATCH".parse().unwrap());
    let asked = "authorization, content-type".parse().unwrap();
    headers.insert("access-control-request-headers", asked);
    headers
}

#[tokio::test]
async fn pages_of_other_origins_are_admitted_only_if_listed() {
    const PAGE: &str = "https://notes.example.org";
    const LET_IN: &str = "access-control-allow-origin";
    let closed = TestApp::start().await;
    let (status, headers) = from_page(&closed, Method::GET, PAGE, HeaderMap::new()).await;
    assert!(status == 200 && !headers.contains_key(LET_IN), "{headers:?}");
    let (status, headers) = from_page(&closed, Method::OPTIONS, PAGE, preflight()).await;
    assert!(status == 204 && !headers.contains_key(LET_IN), "{headers:?}");

    let open = TestApp::start_with(|settings| settings.network.cors_origins = vec![PAGE.into()]);
    let open = open.await;
    let (_, headers) = from_page(&open, Method::GET, PAGE, HeaderMap::new()).await;
    assert_eq!(headers[LET_IN], PAGE);
    let exposed = headers["access-control-expose-headers"].to_str().unwrap().to_lowercase();
    assert!(exposed.contains("link") && exposed.contains("retry-after"), "{exposed}");
    let (status, headers) = from_page(&open, Method::OPTIONS, PAGE, preflight()).await;
    assert_eq!((status, headers["access-control-max-age"].to_str().unwrap()), (200, "3600"));
    assert!(headers["access-control-allow-methods"].to_str().unwrap().contains("PATCH"));
    assert!(!headers.contains_key("access-control-allow-credentials"));
    let stranger = "https://evil.example";
    let (_, headers) = from_page(&open, Method::GET, stranger, HeaderMap::new()).await;
    assert!(!headers.contains_key(LET_IN), "{headers:?}");
}

/// Logs in with a wrong password, through a proxy that reports the client's address.
async fn wrong_password(app: &TestApp, client: &str) -> Answer {
    let anonymous = app.anonymous();
    let credentials = json!({ "username": "alice", "password": "wrong-harbour-42" });
    let request = anonymous.request(Method::POST, "/api/login").json(&credentials);
    let request = request.header("X-Forwarded-For", client);
    anonymous.answer(Method::POST, "/api/login", request).await
}

async fn throttled_behind(proxies: &[&str]) -> TestApp {
    let trusted = proxies.iter().map(|proxy| proxy.parse().unwrap()).collect();
    let app = TestApp::start_with(|settings| {
        settings.login_rate_limit = true;
        settings.network.trusted_proxies = trusted;
    });
    let app = app.await;
    app.user("alice").await;
    for _ in 0..40 {
        wrong_password(&app, "192.0.2.1").await.problem(401);
    }
    app
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_is_counted_separately() {
    let app = throttled_behind(&["127.0.0.1/32"]).await;
    let refused = wrong_password(&app, "192.0.2.1").await;
    assert_eq!(refused.header("ratelimit-policy"), "\"login-of-user\";q=40;w=900");
    assert!(refused.header("ratelimit").starts_with("\"login-of-user\";r=0;t="));
    refused.problem(429);
    wrong_password(&app, "192.0.2.2").await.problem(401);
    // The user can log in from an address without failures.
    let anonymous = app.anonymous();
    let credentials = json!({ "username": "alice", "password": PASSWORD });
    anonymous.post("/api/login", credentials).await.ok();
}

#[tokio::test]
async fn without_a_trusted_proxy_nobody_can_claim_another_address() {
    let app = throttled_behind(&[]).await;
    for claimed in ["192.0.2.1", "192.0.2.2", "127.0.0.1"] {
        wrong_password(&app, claimed).await.problem(429);
    }
}

/// The status of a request with these headers.
async fn status_of(app: &TestApp, method: &str, path: &str, headers: &str) -> u16 {
    let request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n");
    raw::exchange(app, request.as_bytes()).await.statuses()[0]
}

#[tokio::test]
async fn on_loopback_only_local_and_public_names_are_accepted_except_from_a_trusted_proxy() {
    let app = TestApp::start().await;
    for host in ["localhost", "localhost:3001", "127.0.0.1:3001", "[::1]", "notes:3001"] {
        assert_eq!(status_of(&app, "GET", "/api/notes", &format!("Host: {host}\r\n")).await, 200);
    }
    let rebound = "Host: rebound.example:3001\r\n";
    for path in ["/api/notes", "/metrics", "/docs", "/healthz"] {
        assert_eq!(status_of(&app, "GET", path, rebound).await, 421, "{path}");
    }
    let forwarded = format!("{rebound}X-Forwarded-For: 192.0.2.1\r\n");
    assert_eq!(status_of(&app, "GET", "/api/notes", &forwarded).await, 421);

    let proxied = TestApp::start_with(|settings| {
        settings.network.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    });
    let proxied = proxied.await;
    assert_eq!(status_of(&proxied, "GET", "/api/notes", &forwarded).await, 200);
    assert_eq!(status_of(&proxied, "GET", "/api/notes", rebound).await, 421);

    let public = TestApp::start_with(|settings| {
        settings.network.public_url = Some(PublicUrl::parse("https://notes.example/a").unwrap());
    });
    let public = public.await;
    assert_eq!(status_of(&public, "GET", "/api/notes", "Host: notes.example\r\n").await, 200);
    assert_eq!(status_of(&public, "GET", "/api/notes", rebound).await, 421);
}

#[tokio::test]
async fn pages_of_other_sites_can_lead_here_but_not_send_requests() {
    const PAGE: &str = "https://notes.example.org";
    let of_site = |site: &str| format!("Host: localhost\r\nSec-Fetch-Site: {site}\r\n");
    let cross_site = of_site("cross-site");
    let app = TestApp::start().await;
    for method in ["GET", "POST", "DELETE", "OPTIONS"] {
        assert_eq!(status_of(&app, method, "/api/notes", &cross_site).await, 403, "{method}");
    }
    for path in ["/%61pi/notes", "/%61%70%69/notes", "/api%2Fnotes"] {
        assert_eq!(status_of(&app, "GET", path, &cross_site).await, 403, "{path}");
    }
    for site in ["same-origin", "same-site", "none"] {
        assert_eq!(status_of(&app, "GET", "/api/notes", &of_site(site)).await, 200, "{site}");
    }
    let led = format!("{cross_site}Sec-Fetch-Mode: navigate\r\n");
    for path in ["/docs", "/api/openapi.json", "/api/notes"] {
        assert_eq!(status_of(&app, "GET", path, &led).await, 200, "{path}");
    }
    assert_eq!(status_of(&app, "POST", "/api/login", &led).await, 403);

    let open = TestApp::start_with(|settings| settings.network.cors_origins = vec![PAGE.into()]);
    let open = open.await;
    let with_origin = |origin: &str| format!("{cross_site}Origin: {origin}\r\n");
    assert_eq!(status_of(&open, "GET", "/api/notes", &with_origin(PAGE)).await, 200);
    let other = with_origin("https://evil.example");
    assert_eq!(status_of(&open, "GET", "/api/notes", &other).await, 403);
}
