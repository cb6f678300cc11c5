//! No request, however odd, is answered with a 5xx or ends the process.

use reqwest::Method;
use testkit::{Client, TestApp};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Duration, timeout},
};

/// Texts that databases, patterns and encodings trip over.
const ODD_TEXTS: [&str; 16] = [
    "%25",
    "_",
    "%5C",
    "%25%5C",
    "%5C%5C%5C",
    "%00",
    "a%00b",
    "%ff%fe",
    "%ed%a0%80",
    "%F0%9F%92%A9",
    "'%3B--",
    "%22",
    "%E2%80%AE",
    "%zz",
    "%",
    "%25%25%25a%25%25%25b%25%25%25c",
];

async fn assert_sane(client: &Client, method: Method, path: &str) {
    let answer = client.send(method.clone(), path, None).await;
    assert!(answer.status.as_u16() < 500, "{method} {path}: {}", answer.text);
}

#[tokio::test]
async fn odd_texts_in_queries_and_paths_are_harmless() {
    let (_app, alice) = TestApp::with_user("alice").await;
    for text in ODD_TEXTS {
        for path in [
            format!("/api/notes?search={text}"),
            format!("/api/notes?user={text}"),
            format!("/api/users?name={text}"),
            format!("/api/users?with_notes={text}"),
            format!("/api/users?disabled={text}"),
            format!("/api/users?{text}={text}"),
            format!("/api/teams?name={text}"),
            format!("/api/readinglists?read={text}"),
            format!("/api/notes?cursor={text}"),
            format!("/api/users/{text}"),
            format!("/api/notes/{text}"),
            format!("/api/teams/{text}/members/{text}"),
            format!("/{text}"),
        ] {
            for method in [Method::GET, Method::PUT, Method::DELETE] {
                assert_sane(&alice, method, &path).await;
            }
        }
    }
}

#[tokio::test]
async fn long_patterns_are_refused_and_those_that_are_not_are_searched() {
    let (_app, alice) = TestApp::with_user("alice").await;
    for list in ["notes?search=", "users?name=", "teams?name="] {
        for (length, status) in [(1_000, 200), (1_001, 400), (60_000, 400)] {
            let path = format!("/api/{list}{}", "%25".repeat(length.min(20_000)));
            let path = if length > 20_000 { path + &"a".repeat(200) } else { path };
            assert_eq!(alice.get(&path).await.status.as_u16(), status, "{list} {length}");
        }
    }
}

#[tokio::test]
async fn numbers_beyond_64_bits_are_no_ids() {
    let (_app, alice) = TestApp::with_user("alice").await;
    let huge =
        ["9223372036854775807", "9223372036854775808", "18446744073709551616", "1e400", "-0"];
    for number in huge {
        for (path, body) in [
            ("/api/readinglists", format!("{{\"note_id\": {number}}}")),
            ("/api/readinglists", format!("{{\"note_id\": 1, \"user_id\": {number}}}")),
            ("/api/notes", format!("{{\"content\": {number}}}")),
        ] {
            let answer = alice.send_raw(Method::POST, path, "application/json", body.clone()).await;
            assert!((400..500).contains(&answer.status.as_u16()), "{body}: {}", answer.text);
        }
        assert_sane(&alice, Method::GET, &format!("/api/users/{number}")).await;
        assert_sane(&alice, Method::GET, &format!("/api/notes?user={number}")).await;
        assert_sane(&alice, Method::GET, &format!("/api/users?with_notes={number}")).await;
    }
}

/// Sends bytes as they are, and gives what comes back before the connection rests.
async fn raw(app: &TestApp, bytes: &[u8]) -> String {
    let address = app.address().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let _ = timeout(Duration::from_secs(2), stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn requests_that_are_no_http_do_no_harm() {
    let app = TestApp::start().await;
    let huge_header =
        format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(300_000));
    let many_headers =
        format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{}\r\n", "X: y\r\n".repeat(5_000));
    let long_url = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(70_000));
    let requests: [&[u8]; 8] = [
        huge_header.as_bytes(),
        many_headers.as_bytes(),
        long_url.as_bytes(),
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /api/notes HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/notes HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ];
    for request in requests {
        let answer = raw(&app, request).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    assert_eq!(app.anonymous().get("/healthz").await.status, 200);
}
