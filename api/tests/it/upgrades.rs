//! Offers to upgrade are declined: the request is answered as if there were none.

use serde_json::json;
use testkit::TestApp;

use crate::raw;

/// Offers of clients: of browsers, of Java's, and of one that does not say to what.
const OFFERS: [&str; 6] = [
    "Connection: upgrade\r\n",
    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
    "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
    "Upgrade: websocket\r\n",
    "upgrade: TLS/1.0, WebSocket\r\nconnection: UPGRADE\r\n",
    "Upgrade: websocket\r\nUpgrade: h2c\r\nConnection: close-not\r\nConnection: upgrade\r\n",
];

/// Requests of each kind, with a body, with a chunked one, and without; and their statuses.
fn requests(token: &str, offer: &str) -> Vec<(u16, String)> {
    let request = |line: &str, headers: &str, body: &str| {
        format!(
            "{line} HTTP/1.1\r\nHost: x\r\n{offer}Authorization: Bearer {token}\r\n\
             Content-Type: application/json\r\n{headers}\r\n{body}"
        )
    };
    let sized = |line: &str, body: &str| {
        request(line, &format!("Content-Length: {}\r\n", body.len()), body)
    };
    let chunked = |line: &str, body: &str| {
        let chunks = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
        request(line, "Transfer-Encoding: chunked\r\n", &chunks)
    };
    vec![
        (200, request("GET /api/notes", "", "")),
        (201, sized("POST /api/notes", r#"{"content":"Sized"}"#)),
        (201, chunked("POST /api/notes", r#"{"content":"Chunked"}"#)),
        (200, sized("PUT /api/notes/1", r#"{"important":true}"#)),
        (200, sized("PATCH /api/notes/1", r#"{"important":false}"#)),
        (200, sized("PUT /api/teams/1/members/alice", r#"{"role":"owner"}"#)),
        (200, request("PUT /api/teams/1/members/alice", "", "")),
        (204, sized("DELETE /api/notes/1", r#"{"ignored":1}"#)),
        (422, sized("POST /api/notes", "{}")),
        (404, sized("POST /nothing", "{}")),
        (405, chunked("POST /healthz", "{}")),
        (200, sized("GET /healthz", "{}")),
        (413, sized("POST /api/notes", &" ".repeat(300_000))),
    ]
}

async fn app_with_a_team() -> (TestApp, String) {
    let (app, alice) = TestApp::with_user("alice").await;
    alice.post("/api/teams", json!({ "name": "Team" })).await.created();
    alice.post("/api/notes", json!({ "content": "First" })).await.created();
    (app, alice.token.unwrap())
}

#[tokio::test]
async fn a_request_with_an_offer_is_answered_like_any_other() {
    for offer in OFFERS {
        let (app, token) = app_with_a_team().await;
        for (status, request) in requests(&token, offer) {
            let heard = raw::send_for(&app, request.as_bytes(), 1).await;
            assert_eq!(heard.statuses(), [status], "{offer:?} {heard:?}");
            assert!(!heard.text.to_lowercase().contains("upgrade"), "{offer:?} {heard:?}");
            assert!(!heard.is_closed || heard.text.contains("connection: close"), "{heard:?}");
        }
    }
}

#[tokio::test]
async fn the_next_request_on_the_connection_is_answered_too() {
    for offer in OFFERS {
        let (app, token) = app_with_a_team().await;
        let (statuses, requests): (Vec<u16>, Vec<String>) =
            requests(&token, offer).into_iter().filter(|(status, _)| *status != 413).unzip();
        let heard = raw::send_for(&app, requests.concat().as_bytes(), statuses.len()).await;
        assert_eq!(heard.statuses(), statuses, "{offer:?} {heard:?}");
        assert!(!heard.is_closed, "{heard:?}");
    }
}

/// Bodies of notes may not have line breaks as such, so the response tells whether they have arrived.
#[tokio::test]
async fn an_offer_in_a_body_is_left_alone() {
    let (app, token) = app_with_a_team().await;
    let body = "\"\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n";
    let request = format!(
        "POST /api/notes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let heard = raw::send_for(&app, request.repeat(2).as_bytes(), 2).await;
    assert_eq!(heard.statuses(), [400, 400], "{heard:?}");
    assert!(!heard.is_closed, "{heard:?}");
}

#[tokio::test]
async fn a_request_that_arrives_byte_by_byte_is_answered() {
    let (app, token) = app_with_a_team().await;
    let all: Vec<(u16, String)> = requests(&token, OFFERS[2]).into_iter().take(3).collect();
    let bytes: String = all.iter().map(|(_, request)| request.as_str()).collect();
    let heard = raw::send_slowly(&app, bytes.as_bytes()).await;
    assert_eq!(heard.statuses(), [200, 201, 201], "{heard:?}");
}
