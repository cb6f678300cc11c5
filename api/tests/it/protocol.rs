//! The ground rules, which hold for every endpoint.

use std::collections::BTreeMap;

use reqwest::{Method, header::HeaderName};
use serde_json::json;
use testkit::{Answer, Client, TestApp};

/// Every operation under `/api`, with ids that may or may not exist.
fn operations() -> Vec<(Method, String)> {
    let fill =
        |path: &str| path.replace("{id}", "1").replace("{team}", "1").replace("{user}", "alice");
    let operations = api::routes::api().operations();
    operations.iter().map(|(method, path)| (method.parse().unwrap(), fill(path))).collect()
}

#[tokio::test]
async fn unknown_and_repeated_parameters_are_rejected_everywhere() {
    let (_app, alice) = TestApp::with_user("alice").await;
    for (method, path) in operations() {
        let unknown = alice.send(method.clone(), &format!("{path}?colour=red"), None).await;
        let error = unknown.problem(400);
        assert!(error.contains("colour"), "{method} {path}: {error}");
        let twice = alice.send(method.clone(), &format!("{path}?limit=1&limit=2"), None).await;
        let error = twice.problem(400);
        assert!(error.contains("limit"), "{method} {path}: {error}");
    }
}

#[tokio::test]
async fn a_bad_token_is_rejected_everywhere_even_where_none_is_needed() {
    let app = TestApp::start().await;
    let mut forger = app.anonymous();
    forger.token = Some("not.a.token".into());
    for (method, path) in operations() {
        let error = forger.send(method, &path, None).await.problem(401);
        assert_eq!(error, "token invalid", "{path}");
    }
}

#[tokio::test]
async fn a_known_path_with_another_method_lists_the_allowed_ones() {
    let (_app, alice) = TestApp::with_user("alice").await;
    let known = operations();
    for (_, path) in &known {
        let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
        let is_known = |method: &Method| known.contains(&(method.clone(), path.clone()));
        for method in methods.iter().filter(|method| !is_known(method)) {
            let refused = alice.send(method.clone(), path, None).await;
            let allow = refused.header("allow").to_owned();
            refused.problem(405);
            let allowed: Vec<&str> = allow.split(", ").filter(|name| *name != "HEAD").collect();
            let mut expected: Vec<&str> =
                methods.iter().filter(|method| is_known(method)).map(Method::as_str).collect();
            expected.sort_by_key(|name| allowed.iter().position(|allowed| allowed == name));
            assert_eq!(allowed, expected, "{path}");
        }
    }
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let (_app, alice) = TestApp::with_user("alice").await;
    let team = alice.post("/api/teams", json!({ "name": "Readers" })).await.created();
    for content in ["Read me", "And me"] {
        let note = alice.post("/api/notes", json!({ "content": content })).await.created();
        alice.post("/api/readinglists", json!({ "note_id": note["id"] })).await.created();
    }
    let tables = [api::routes::api(), api::routes::page(), api::routes::operations()];
    let fill = |path: &str| {
        let path = path.replace("{id}", "1").replace("{user}", "alice");
        let path = path.replace("{team}", &team["id"].to_string());
        let path = path.replace("{username}", "alice").replace("{file}", "nothing");
        path.replace("{kind}", "not-found")
    };
    let paths = tables.iter().flat_map(|table| table.operations());
    let paths = paths.filter(|(method, _)| method == "GET").map(|(_, path)| fill(path));
    let more = ["/api/notes?limit=1", "/api/nothing", "/api/notes/0", "/api/notes?limit=0"];
    for path in paths.chain(more.map(str::to_owned)) {
        let get = alice.get(&path).await;
        let head = alice.send(Method::HEAD, &path, None).await;
        assert_eq!((head.status, head.text.as_str()), (get.status, ""), "{path}");
        assert_eq!(lasting(&head), lasting(&get), "{path}");
    }
}

/// The headers that do not differ from one response to the next.
fn lasting(answer: &Answer) -> BTreeMap<&str, &str> {
    let names = answer.headers.keys().map(HeaderName::as_str);
    let lasting = names.filter(|name| !["date", "x-request-id"].contains(name));
    lasting.map(|name| (name, answer.header(name))).collect()
}

#[tokio::test]
async fn head_is_not_modified_where_get_is_not() {
    let (_app, alice) = TestApp::with_user("alice").await;
    let tag = alice.get("/api/users/alice").await.header("etag").to_owned();
    let head = alice.request(Method::HEAD, "/api/users/alice").header("If-None-Match", &tag);
    let head = alice.answer(Method::HEAD, "/api/users/alice", head).await;
    assert_eq!((head.status.as_u16(), head.header("etag")), (304, tag.as_str()));
}

#[tokio::test]
async fn an_unknown_path_is_not_found() {
    let (_app, alice) = TestApp::with_user("alice").await;
    for path in ["/api", "/api/", "/api/nothing", "/api/notes/", "/api/notes/1/x", "/nothing"] {
        assert_eq!(alice.get(path).await.problem(404), "not found", "{path}");
    }
}

#[tokio::test]
async fn a_path_id_that_is_not_a_positive_64_bit_integer_is_not_found() {
    let (_app, alice) = TestApp::with_user("alice").await;
    let ids =
        ["0", "-1", "1.0", "abc", "+1", "9223372036854775808", "1e3", "%00", "%ff", "１", "1%2F2"];
    for id in ids {
        for path in ["notes", "teams"] {
            assert_eq!(alice.get(&format!("/api/{path}/{id}")).await.problem(404), "not found");
        }
        alice.delete(&format!("/api/sessions/{id}")).await.problem(404);
        alice.put(&format!("/api/readinglists/{id}"), json!({})).await.problem(404);
        alice.get(&format!("/api/users/{id}")).await.problem(404);
    }
}

#[tokio::test]
async fn every_response_has_a_request_id_which_may_be_the_clients() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let with_id = |id: &str| anyone.request(Method::GET, "/api/notes").header("X-Request-Id", id);
    let longest = "x".repeat(128);
    for kept in ["abc-123", "~!\"#", longest.as_str()] {
        let answer = with_id(kept).send().await.unwrap();
        assert_eq!(answer.headers()["x-request-id"], kept);
    }
    let too_long = "x".repeat(129);
    for replaced in ["", "a b", too_long.as_str()] {
        let answer = with_id(replaced).send().await.unwrap();
        let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        assert!(id != replaced && !id.is_empty(), "{id}");
    }
    let [one, other] = [anyone.get("/nothing").await, anyone.get("/nothing").await];
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
}

#[tokio::test]
async fn what_is_read_may_be_kept_by_its_reader_and_nothing_else_by_anyone() {
    let (app, alice) = TestApp::with_user("alice").await;
    let note = alice.post("/api/notes", json!({ "content": "Hello" })).await;
    assert_eq!(note.header("cache-control"), "no-store");
    for (client, path, caching) in [
        (&alice, "/api/notes", "private, no-cache"),
        (&app.anonymous(), "/api/notes/1", "private, no-cache"),
        (&alice, "/api/openapi.json", "private, no-cache"),
        (&alice, "/api/notes/0", "no-store"),
        (&alice, "/healthz", "no-store"),
    ] {
        let answer = client.get(path).await;
        assert_eq!(answer.header("cache-control"), caching, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        let tag = answer.header("etag").to_owned();
        let again = client.request(Method::GET, path).header("If-None-Match", tag);
        let again = client.answer(Method::GET, path, again).await;
        assert_eq!(again.header("cache-control"), caching, "{path}");
        assert_eq!(again.header("vary"), answer.header("vary"), "{path}");
    }
}

#[tokio::test]
async fn every_response_names_the_headers_that_it_depends_on() {
    let admitted = "https://notes.example.org".to_owned();
    for (origins, more) in [(vec![], ""), (vec![admitted], ", Origin")] {
        let app = TestApp::start_with(|settings| settings.network.cors_origins = origins).await;
        let alice = app.user("alice").await;
        let mut forger = app.anonymous();
        forger.token = Some("not.a.token".into());
        let of_token = format!("Authorization, Cookie{more}");
        for (client, path, vary) in [
            (&alice, "/api/notes", of_token.as_str()),
            (&app.anonymous(), "/api/notes", &of_token),
            (&forger, "/api/notes", &of_token),
            (&alice, "/api/nothing", &of_token),
            (&alice, "/api/notes?limit=0", &of_token),
            (&alice, "/", &format!("accept{more}")),
            (&alice, "/healthz", more.trim_start_matches(", ")),
        ] {
            let answer = client.get(path).await;
            assert!(answer.header("vary").starts_with(vary), "{path}: {:?}", answer.headers);
            assert_eq!(answer.header("vary").is_empty(), vary.is_empty(), "{path}");
        }
    }
}

async fn post_raw(client: &Client, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
    client.send_raw(Method::POST, "/api/notes", content_type, body).await
}

#[tokio::test]
async fn a_body_must_be_declared_as_json() {
    let (_app, alice) = TestApp::with_user("alice").await;
    let note = r#"{ "content": "Hello" }"#;
    for refused in [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/problem+json",
        "nonsense",
    ] {
        post_raw(&alice, refused, note).await.problem(415);
    }
    for taken in ["application/json", "application/json; charset=utf-8", "Application/JSON"] {
        post_raw(&alice, taken, note).await.created();
    }
    let encoded = async |coding: &str| {
        let request = alice.request(Method::POST, "/api/notes").header("Content-Encoding", coding);
        let request = request.header("Content-Type", "application/json").body(note);
        alice.answer(Method::POST, "/api/notes", request).await
    };
    for coding in ["gzip", "identity, br", "x"] {
        let refused = encoded(coding).await;
        assert_eq!(refused.header("accept-encoding"), "identity", "{coding}");
        let error = refused.problem(415);
        assert!(error.contains(coding.rsplit(' ').next().unwrap()), "{coding}: {error}");
    }
    encoded("identity").await.created();
}

#[tokio::test]
async fn a_patch_may_be_declared_as_a_merge_patch() {
    let (_app, alice) = TestApp::with_user("alice").await;
    alice.post("/api/notes", json!({ "content": "Hello" })).await.created();
    let send = async |method, body: &str| {
        alice.send_raw(method, "/api/notes/1", "application/merge-patch+json", body).await
    };
    assert_eq!(send(Method::PATCH, r#"{"important":true}"#).await.ok()["important"], true);
    assert_eq!(send(Method::PATCH, r#"{"content":null}"#).await.pointers(), ["/content"]);
    send(Method::PUT, "{}").await.problem(415);
}

#[tokio::test]
async fn options_lists_the_methods_of_a_path() {
    let (app, alice) = TestApp::with_user("alice").await;
    for client in [alice, app.anonymous()] {
        let answer = client.send(Method::OPTIONS, "/api/notes", None).await;
        assert_eq!(answer.header("allow"), "GET, HEAD, POST");
        answer.no_content();
        client.send(Method::OPTIONS, "/api/nothing", None).await.problem(404);
    }
}

#[tokio::test]
async fn a_body_that_is_not_valid_json_is_a_bad_request() {
    let (_app, alice) = TestApp::with_user("alice").await;
    let nested = "[".repeat(10_000) + &"]".repeat(10_000);
    let nested_objects = "{\"content\":".repeat(10_000);
    let no_json: [&[u8]; 9] = [
        b"",
        b"{",
        b"{\"content\": \"Hello\"",
        b"{'content': 1}",
        b"{\"content\": \"\xff\xfe\"}",
        br#"{"content": "\ud800"}"#,
        b"\xef\xbb\xbf{}",
        nested.as_bytes(),
        nested_objects.as_bytes(),
    ];
    for body in no_json {
        post_raw(&alice, "application/json", body).await.problem(400);
    }
}

#[tokio::test]
async fn a_json_body_that_is_not_an_object_is_a_violation_at_the_root() {
    let (_app, alice) = TestApp::with_user("alice").await;
    for body in ["[]", "null", "1", "\"content\"", "true"] {
        assert_eq!(post_raw(&alice, "application/json", body).await.pointers(), [""], "{body}");
    }
}

#[tokio::test]
async fn a_body_can_have_256_kib_and_not_a_byte_more() {
    let (_app, alice) = TestApp::with_user("alice").await;
    let padded = |size: usize| {
        let note = r#"{ "content": "Hello" "#;
        note.to_owned() + &" ".repeat(size - note.len() - 1) + "}"
    };
    post_raw(&alice, "application/json", padded(256 * 1024)).await.created();
    post_raw(&alice, "application/json", padded(256 * 1024 + 1)).await.problem(413);
    post_raw(&alice, "application/json", padded(2 * 1024 * 1024)).await.problem(413);
    alice.post("/api/notes", json!({ "content": "The connection goes on" })).await.created();
}

#[tokio::test]
async fn text_responses_declare_their_charset() {
    let app = TestApp::start().await;
    let files = ["docs.css", "docs.js"].map(|file| format!("/docs/{file}"));
    let paths = ["/healthz", "/readyz", "/metrics", "/docs"].map(str::to_owned);
    for path in paths.into_iter().chain(files) {
        let answer = app.anonymous().get(&path).await;
        let content_type = answer.header("content-type");
        assert!(content_type.starts_with("text/"), "{path} {content_type}");
        assert!(content_type.ends_with("; charset=utf-8"), "{path} {content_type}");
    }
}
