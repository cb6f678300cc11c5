//! No request, however odd, gets a 5xx or ends the process.

use std::fmt::Write;

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client, TestApp};

use crate::{raw, world::World};

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
async fn overlong_patterns_are_rejected_and_all_others_are_searched() {
    let (_app, alice) = TestApp::with_user("alice").await;
    for list in ["notes?search=", "users?name=", "teams?name="] {
        for (length, status) in [(200, 200), (201, 400), (60_000, 400)] {
            let path = format!("/api/{list}{}", "%25".repeat(length.min(20_000)));
            let path = if length > 20_000 { path + &"a".repeat(200) } else { path };
            assert_eq!(alice.get(&path).await.status.as_u16(), status, "{list} {length}");
        }
    }
}

#[tokio::test]
async fn numbers_beyond_64_bits_are_not_ids() {
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

#[tokio::test]
async fn malformed_http_does_no_harm() {
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
        let heard = raw::send(&app, request).await;
        let is_refused = heard.statuses().iter().all(|status| (400..500).contains(status));
        assert!(is_refused && heard.statuses().len() <= 1, "{heard:?}");
    }
    assert_eq!(app.anonymous().get("/healthz").await.status, 200);
}

/// Every body with text members: who sends it, and which members those are.
const TEXTS: [(&str, &str, &str, &[&str]); 9] = [
    ("anonymous", "POST", "/api/login", &["username", "password"]),
    ("anonymous", "POST", "/api/users", &["username", "name", "password"]),
    ("author", "PUT", "/api/users/author", &["name", "password", "current_password"]),
    ("author", "POST", "/api/notes", &["content", "date"]),
    ("author", "PUT", "/api/notes/1", &["content", "date"]),
    ("author", "POST", "/api/teams", &["name"]),
    ("owner", "PUT", "/api/teams/1", &["name"]),
    ("owner", "PUT", "/api/teams/1/members/other", &["role"]),
    ("owner", "PATCH", "/api/teams/1/members/other", &["role"]),
];

/// Sends each of these bodies for each text member of each body; `{}` stands for the member.
async fn send_each(world: &World, bodies: &[&str]) -> Vec<(String, &'static str, Answer)> {
    let mut answers = Vec::new();
    for (caller, method, path, members) in TEXTS {
        for member in members {
            for body in bodies.iter().map(|body| body.replace("{}", member)) {
                let sent = body.clone().into_bytes();
                let method: Method = method.parse().unwrap();
                let client = world.caller(caller);
                let answer = client.send_raw(method, path, "application/json", sent).await;
                answers.push((format!("{path} {body}"), *member, answer));
            }
        }
    }
    answers
}

#[tokio::test]
async fn nul_is_rejected_in_every_text() {
    let world = World::start().await;
    let long = format!(r#"{{"{{}}": "{}\u0000"}}"#, "walnut-harbour");
    let bodies = [r#"{"{}": "\u0000"}"#, r#"{"{}": "owner\u0000"}"#, &long];
    let before = world.stored().await;
    for (sent, member, answer) in send_each(&world, &bodies).await {
        assert!(answer.pointers().contains(&format!("/{member}")), "{sent}");
    }
    assert_eq!(world.stored().await, before);
}

#[tokio::test]
async fn half_a_surrogate_pair_is_not_valid_json() {
    let world = World::start().await;
    let bodies = [
        r#"{"{}": "\ud800"}"#,
        r#"{"{}": "\udc00 and more"}"#,
        r#"{"{}": "\ud800\ud800"}"#,
        r#"{"{}": "\udc00\ud800"}"#,
        r#"{"{}": "\ud83d\u0041"}"#,
        r#"{"{}": "\ud83"}"#,
        r#"{"{}": "good", "\udfff": 1}"#,
    ];
    for (sent, _, answer) in send_each(&world, &bodies).await {
        assert_eq!(answer.status, 400, "{sent}");
    }
    let whole = r#"{"content": "\ud83d\ude80"}"#;
    let author = world.caller("author");
    let note = author.send_raw(Method::POST, "/api/notes", "application/json", whole).await;
    assert_eq!(note.created()["content"], "🚀");
}

#[tokio::test]
async fn a_duplicate_member_is_rejected_and_sets_nothing() {
    let world = World::start().await;
    let bodies = [
        r#"{"{}": "member", "{}": "owner"}"#,
        r#"{"{}": "member", "other": 1, "{}": "member"}"#,
        r#"{"other": 1, "{}": "member", "other": 1}"#,
    ];
    let before = world.stored().await;
    for (sent, _, answer) in send_each(&world, &bodies).await {
        let error = answer.problem(400);
        assert!(error.starts_with("duplicate member "), "{sent}: {error}");
    }
    let nested = r#"{"content": "New", "other": [{"a": {"b": 1, "b": 1}}]}"#;
    let author = world.caller("author");
    let error = author.send_raw(Method::POST, "/api/notes", "application/json", nested).await;
    assert_eq!(error.problem(400), "duplicate member \"b\"");
    let body = r#"{"name": "New", "\u006eame": "Other"}"#;
    let owner = world.caller("owner");
    let error = owner.send_raw(Method::PUT, "/api/teams/1", "application/json", body).await;
    assert_eq!(error.problem(400), "duplicate member \"name\"");
    assert_eq!(world.stored().await, before);
}

#[tokio::test]
async fn bytes_that_are_not_utf_8_are_not_valid_json() {
    let (_app, alice) = TestApp::with_user("alice").await;
    let not_utf_8: [&[u8]; 8] = [
        b"\x80",
        b"\xff",
        b"\xc0\x80",
        b"\xe2\x82",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xf8\x88\x80\x80\x80",
        b"a\xccb",
    ];
    for bytes in not_utf_8 {
        for body in [
            [br#"{"content": ""#, bytes, br#""}"#].concat(),
            [br#"{"content": "good", ""#, bytes, br#"": 1}"#].concat(),
        ] {
            let answer = alice.send_raw(Method::POST, "/api/notes", "application/json", body).await;
            assert_eq!(answer.status, 400, "{bytes:?}");
        }
    }
    let utf_16: Vec<u8> =
        "\u{feff}{\"content\":\"a\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    alice.send_raw(Method::POST, "/api/notes", "application/json", utf_16).await.problem(400);
    assert_eq!(alice.get("/api/notes").await.ok(), json!([]));
}

#[tokio::test]
async fn a_number_that_is_not_a_positive_64_bit_integer_is_not_an_id() {
    let world = World::start().await;
    let is_json = ["0", "-1", "-0", "1.0", "1.5", "1e0", "1E2", "1e-400", "9223372036854775808"];
    let is_json =
        [&is_json[..], &["-9223372036854775809", "18446744073709551616", "1e308"]].concat();
    let is_no_json =
        ["1e400", "-1e400", "01", "+1", "0x1", "1.", ".5", "NaN", "Infinity", "1_0", "１"];
    for (caller, method, path, body, pointer) in [
        ("other", Method::POST, "/api/readinglists", r#"{"note_id": {}}"#, "/note_id"),
        (
            "other",
            Method::POST,
            "/api/readinglists",
            r#"{"note_id": 1, "user_id": {}}"#,
            "/user_id",
        ),
        ("owner", Method::PUT, "/api/teams/1/members", r#"{"user_ids": [3, {}]}"#, "/user_ids/1"),
    ] {
        for (numbers, status) in [(&is_json[..], 422), (&is_no_json[..], 400)] {
            for number in numbers {
                let body = body.replace("{}", number);
                let caller = world.caller(caller);
                let answer =
                    caller.send_raw(method.clone(), path, "application/json", body.clone()).await;
                assert_eq!(answer.status.as_u16(), status, "{body}: {}", answer.text);
                if status == 422 {
                    assert_eq!(answer.pointers(), [pointer], "{body}");
                }
            }
        }
    }
    let body = r#"{"content": "good", "other": 1e400}"#;
    let author = world.caller("author");
    author.send_raw(Method::POST, "/api/notes", "application/json", body).await.problem(400);
}

#[tokio::test]
async fn ignored_members_can_be_nested_a_hundred_deep_but_not_endlessly() {
    let (_app, alice) = TestApp::with_user("alice").await;
    let nested = |open: &str, close: &str, depth: usize| {
        let value = open.repeat(depth) + "1" + &close.repeat(depth);
        format!(r#"{{"content": "good", "other": {value}}}"#)
    };
    for (depth, status) in [(100, 201), (200, 400), (20_000, 400)] {
        for body in [nested("[", "]", depth), nested(r#"{"a":"#, "}", depth)] {
            let answer = alice.send_raw(Method::POST, "/api/notes", "application/json", body).await;
            assert_eq!(answer.status.as_u16(), status, "{depth}");
        }
    }
}

#[tokio::test]
async fn a_set_of_members_has_at_most_1_000_ids() {
    let world = World::start().await;
    let owner = world.caller("owner");
    for (count, status) in [(1_000, 200), (1_001, 422), (60_000, 422)] {
        let members = json!({ "user_ids": vec![3; count] });
        let answer = owner.put("/api/teams/1/members", members).await;
        assert_eq!(answer.status.as_u16(), status, "{count}");
        if status == 422 {
            assert_eq!(answer.pointers(), ["/user_ids"], "{count}");
        }
    }
}

#[tokio::test]
async fn a_chunked_body_has_at_most_256_kib() {
    let (app, alice) = TestApp::with_user("alice").await;
    let request = |path: &str, size: usize| {
        let token = alice.token.as_deref().unwrap();
        let mut request = format!(
            "PUT {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n"
        );
        let mut left = size - 2;
        while left > 0 {
            let length = left.min(10_000);
            write!(request, "{length:x}\r\n{}\r\n", " ".repeat(length)).unwrap();
            left -= length;
        }
        request + "0\r\n\r\n"
    };
    for (path, status) in [("/api/users/alice", 200), ("/api/teams/1/members/alice", 404)] {
        for (size, status) in [(256 * 1024, status), (256 * 1024 + 1, 413), (1024 * 1024, 413)] {
            let heard = raw::send(&app, request(path, size).as_bytes()).await;
            assert_eq!(heard.statuses(), [status], "{path} {size}: {heard:?}");
        }
    }
}

#[tokio::test]
async fn a_head_has_at_most_96_headers_and_128_kib_and_a_url_64() {
    let app = TestApp::start().await;
    let get = |url: &str, headers: &str| {
        format!("GET {url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n")
    };
    let many = |count: usize| get("/healthz", &"X: y\r\n".repeat(count));
    let long = |size: usize| get("/healthz", &format!("X: {}\r\n", "y".repeat(size)));
    let url = |size: usize| get(&format!("/api/notes?search={}", "y".repeat(size)), "");
    for (request, status) in [
        (many(94), 200),
        (many(95), 431),
        (many(5_000), 431),
        (long(120 * 1024), 200),
        (long(130 * 1024), 431),
        (long(1024 * 1024), 431),
        (url(200), 200),
        (url(60 * 1024), 400),
        (url(70 * 1024), 400),
        (url(1024 * 1024), 431),
    ] {
        let heard = raw::send(&app, request.as_bytes()).await;
        assert_eq!(heard.statuses(), [status], "{} bytes: {heard:?}", request.len());
    }
}

/// The routes with parameters, except `/docs/{file}`.
const NAMED: [&str; 9] = [
    "/api/sessions/{}",
    "/api/users/{}",
    "/api/notes/{}",
    "/api/readinglists/{}",
    "/api/teams/{}",
    "/api/teams/{}/members",
    "/api/teams/{}/members/owner",
    "/api/teams/1/members/{}",
    "/api/teams/{}/members/{}",
];

#[tokio::test]
async fn a_badly_encoded_path_is_not_found() {
    let world = World::start().await;
    let wrong = [
        "%00",
        "1%00",
        "%001",
        "author%00",
        "%",
        "%2",
        "%zz",
        "%ff",
        "1%ff",
        "%c0%80",
        "%ed%a0%80",
    ];
    let wrong =
        [&wrong[..], &["%2e%2e", "%2f", "1%2f", "%5c", "1%0d%0a", "%2500", "%25zz"]].concat();
    for path in NAMED {
        for segment in &wrong {
            let path = path.replace("{}", segment);
            for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE] {
                let body = (method != Method::GET).then(|| json!({}));
                let answer = world.caller("admin").send(method.clone(), &path, body).await;
                let is_nothing = matches!(answer.status.as_u16(), 404 | 405);
                assert!(is_nothing, "{method} {path}: {} {}", answer.status, answer.text);
            }
        }
    }
}

#[tokio::test]
async fn a_query_is_utf_8_without_nul_and_may_have_a_lone_percent_sign() {
    let world = World::start().await;
    let author = world.caller("author");
    author.post("/api/notes", json!({ "content": "100%zz and 5%" })).await.created();
    for wrong in ["%00", "a%00b", "%ff", "%c0%80", "%ed%a0%80", "%e2%82"] {
        for path in
            ["notes?search=", "notes?user=", "users?name=", "teams?name=", "users/author?teams="]
        {
            author.get(&format!("/api/{path}{wrong}")).await.problem(400);
        }
        for path in ["notes", "notes/1", "users/author", "readinglists", "sessions/current"] {
            author.get(&format!("/api/{path}?{wrong}=1")).await.problem(400);
        }
    }
    let found = async |query: &str| -> Value { author.get(query).await.ok() };
    for literal in ["%zz", "0%z", "5%", "%25zz", "100%%7A"] {
        let notes = found(&format!("/api/notes?search={literal}")).await;
        assert_eq!(notes.as_array().unwrap().len(), 1, "{literal}");
    }
    assert_eq!(found("/api/users?name=%uth%&limit=9").await[0]["username"], "author");
}
