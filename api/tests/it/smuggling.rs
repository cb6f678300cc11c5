//! Requests whose end is given in two ways, or in a way that others may interpret differently. What
//! follows such a request must never be answered as a request.

use futures_util::future::join_all;
use testkit::TestApp;

use crate::raw;

/// The request that an attacker would smuggle.
const SMUGGLED: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: smuggled\r\n\r\n";

/// A login request with these headers, and what follows them.
fn post(headers: &str, rest: &str) -> String {
    format!(
        "POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{headers}\r\n{rest}"
    )
}

/// Malformed chunks: the size line of the first one, which contains `{}`.
const BAD_SIZES: [&str; 15] = [
    "",
    "-2\r\n",
    "+2\r\n",
    " 2\r\n",
    "\t2\r\n",
    "0x2\r\n",
    "0_2\r\n",
    "2h\r\n",
    "2.0\r\n",
    "1\r\n",
    "2\n",
    "2\r",
    "2;a\n\r\n",
    "10000000000000002\r\n",
    "1000000000000000000000000000000002\r\n",
];

/// Headers that by at least one interpretation mean a body that is empty or `{}`.
const BAD_HEADERS: [&str; 29] = [
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
    "X: a\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    "Content-Length: 5\r\nContent-Length: 80\r\n",
    "Content-Length: 5\r\nContent-Length: 5\r\n",
    "Content-Length: 0\r\nContent-Length: 5\r\n",
    "Content-Length: 5, 5\r\n",
    "Content-Length: +5\r\n",
    "Content-Length: -5\r\n",
    "Content-Length: 0x5\r\n",
    "Content-Length: 5e0\r\n",
    "Content-Length: 5.0\r\n",
    "Content-Length:\r\n",
    "Content-Length: 18446744073709551621\r\n",
    "Content-Length : 5\r\n",
    "Transfer-Encoding: chunked, identity\r\n",
    "Transfer-Encoding: identity, chunked\r\n",
    "Transfer-Encoding: identity\r\nContent-Length: 5\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Transfer-Encoding: xchunked\r\n",
    "Transfer-Encoding: \"chunked\"\r\n",
    "Transfer-Encoding: \x0bchunked\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding : chunked\r\n",
    "Transfer-Encoding:\r\n chunked\r\n",
    "X: a\r\n Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    "X: a\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n",
];

/// Sends all of them concurrently: most of the time is spent waiting for what must not come.
async fn answers(requests: Vec<String>) -> Vec<(String, raw::Heard)> {
    let app = TestApp::start().await;
    let heard = join_all(requests.iter().map(|request| raw::send(&app, request.as_bytes()))).await;
    requests.into_iter().zip(heard).collect()
}

#[tokio::test]
async fn an_ambiguous_request_is_rejected_and_its_connection_closed() {
    let with_headers =
        BAD_HEADERS.iter().map(|headers| post(headers, &format!("0\r\n\r\n{SMUGGLED}")));
    let with_sizes = BAD_SIZES.iter().map(|size| {
        let chunks = format!("{size}{{}}\r\n0\r\n\r\n{SMUGGLED}");
        post("Transfer-Encoding: chunked\r\n", &chunks)
    });
    let behind_chunk = post(
        "Transfer-Encoding: chunked\r\n",
        &format!("2\r\n{{}}{SMUGGLED}\r\n0\r\n\r\n{SMUGGLED}"),
    );
    let old = format!(
        "POST /api/login HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{SMUGGLED}"
    );
    let without_host = format!("GET /healthz HTTP/1.1\r\n\r\n{SMUGGLED}");
    let two_hosts = format!("GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n{SMUGGLED}");
    let bare =
        ["GET /healthz HTTP/1.1\nHost: x\n\n", "GET /healthz HTTP/1.1\r\nHost: x\nX: y\r\n\r\n"];
    let bare = bare.iter().map(|head| format!("{head}{SMUGGLED}"));
    let bare = bare.chain([
        post("Content-Length: 2\r\n", &format!("{{}}{SMUGGLED}")).replacen("\r\n", "\n", 1)
    ]);
    let others = [behind_chunk, old, without_host, two_hosts].into_iter().chain(bare);
    for (request, heard) in answers(with_headers.chain(with_sizes).chain(others).collect()).await {
        assert_eq!(heard.statuses(), [400], "{request:?}: {heard:?}");
        assert!(heard.is_closed && !heard.text.contains("smuggled"), "{request:?}: {heard:?}");
    }
}

#[tokio::test]
async fn a_body_is_not_read_as_another_request() {
    let length = SMUGGLED.len();
    let call = |line: &str, headers: &str, body: &str| {
        format!("{line} HTTP/1.1\r\nHost: x\r\n{headers}\r\n{body}")
    };
    let sized = format!("Content-Length: {length}\r\n");
    let chunks = format!("{length:x}\r\n{SMUGGLED}\r\n0\r\n\r\n");
    let requests = [
        (400, post(&sized, SMUGGLED)),
        (400, post(&format!("Connection: Content-Length\r\n{sized}"), SMUGGLED)),
        (400, post("Transfer-Encoding: chunked\r\n", &chunks)),
        (422, post("Transfer-Encoding: chunked\r\n", &format!("2\r\n{{}}\r\n0\r\n{SMUGGLED}"))),
        (413, post("Content-Length: 300000\r\n", SMUGGLED)),
        (413, post("Content-Length: 18446744073709551615\r\n", SMUGGLED)),
        (401, call("POST /api/notes", &sized, SMUGGLED)),
        (401, call("DELETE /api/notes/1", &sized, SMUGGLED)),
        (401, call("PUT /api/teams/1/members/admin", &sized, SMUGGLED)),
        (415, call("POST /api/login", &sized, SMUGGLED)),
        (404, call("POST /nothing", &sized, SMUGGLED)),
        (405, call("POST /healthz", &sized, SMUGGLED)),
        (200, call("GET /healthz", &sized, SMUGGLED)),
        (200, call("HEAD /healthz", &sized, SMUGGLED)),
        (200, call("GET /healthz", "Transfer-Encoding: chunked\r\n", &chunks)),
        (404, call("CONNECT x:80", "", SMUGGLED)),
    ];
    let (expected, requests): (Vec<u16>, Vec<String>) = requests.into_iter().unzip();
    for (expected, (request, heard)) in expected.into_iter().zip(answers(requests).await) {
        assert_eq!(heard.statuses(), [expected], "{request:?}: {heard:?}");
        assert!(!heard.text.contains("smuggled"), "{request:?}: {heard:?}");
    }
}

#[tokio::test]
async fn a_request_following_a_complete_one_is_answered() {
    let requests = [
        format!("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n{SMUGGLED}"),
        post("Content-Length: 2\r\n", &format!("{{}}{SMUGGLED}")),
        post("Transfer-Encoding: chunked\r\n", &format!("2\r\n{{}}\r\n0\r\n\r\n{SMUGGLED}")),
    ];
    for (request, heard) in answers(requests.into()).await {
        assert_eq!(heard.statuses().len(), 2, "{request:?}: {heard:?}");
        assert!(heard.text.contains("x-request-id: smuggled"), "{request:?}: {heard:?}");
    }
}

#[tokio::test]
async fn an_endless_chunk_is_rejected() {
    let app = TestApp::start().await;
    for size in ["ffffffffffffffff", "7fffffffffffffff"] {
        let body = format!("{size}\r\n{}{SMUGGLED}", " ".repeat(256 * 1024));
        let request = post("Transfer-Encoding: chunked\r\n", &body);
        let heard = raw::send(&app, request.as_bytes()).await;
        assert_eq!(heard.statuses(), [413], "{heard:?}");
        assert!(!heard.text.contains("smuggled"), "{heard:?}");
    }
}
