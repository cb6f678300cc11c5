use std::sync::LazyLock;

use futures_util::future::join_all;
use proptest::{arbitrary::any, collection::vec, prop_oneof, sample::select, strategy::Strategy};

use super::Lab;
use crate::{raw, world::World};

/// Every path that is read.
static PATHS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let tables = [
        api::routes::api(),
        api::routes::page(),
        api::routes::operations(),
        api::routes::metrics(),
    ];
    let fill = |path: &str| {
        let path = path.replace("{id}", "1").replace("{user}", "member");
        path.replace("{file}", "favicon-32x32.png")
    };
    let operations = tables.iter().flat_map(|table| table.operations());
    operations.filter(|(method, _)| method == "GET").map(|(_, path)| fill(path)).collect()
});

/// Parts of queries and paths, valid and invalid.
const PARTS: [&str; 53] = [
    "limit=",
    "cursor=",
    "name=",
    "search=",
    "user=",
    "important=",
    "admin=",
    "with_notes=",
    "disabled=",
    "read=",
    "teams=",
    "sort=",
    "-id",
    "-name",
    "date",
    "created_at",
    "true",
    "false",
    "any",
    "0",
    "1",
    "200",
    "9223372036854775808",
    "-1",
    "&",
    "&",
    "&",
    "=",
    "?",
    "/",
    "/",
    "//",
    ".",
    "..",
    "#",
    "+",
    ";",
    "%",
    "%2",
    "%00",
    "%0a",
    "%2f",
    "%5c",
    "%25",
    "%ff",
    "api",
    "notes",
    "users",
    "teams",
    "members",
    "sessions",
    "docs",
    "readinglists",
];

/// Parts and bytes, raw or encoded. Some are not valid HTTP.
fn targets() -> impl Strategy<Value = Vec<u8>> {
    let part = select(&PARTS).prop_map(|part| part.as_bytes().to_vec());
    let byte = prop_oneof![0x21..=0x7e_u8, 0x80..=0xff_u8].prop_map(|byte| vec![byte]);
    let encoded = any::<u8>().prop_map(|byte| format!("%{byte:02X}").into_bytes());
    let long = (0x21..=0x7e_u8, 0..1_100_usize).prop_map(|(byte, count)| vec![byte; count]);
    vec(prop_oneof![8 => part, 4 => byte, 4 => encoded, 1 => long], 0..20)
        .prop_map(|parts| parts.concat())
}

/// Sends this as the author of the world, who must get a response that is not a 5xx.
async fn assert_sane(world: &World, target: &[u8]) {
    let token = world.caller("author").token.as_deref().unwrap();
    let headers = format!("Host: x\r\nConnection: close\r\nAuthorization: Bearer {token}");
    let request = [b"GET ", target, b" HTTP/1.1\r\n", headers.as_bytes(), b"\r\n\r\n"].concat();
    let heard = raw::exchange(&world.app, &request).await;
    assert!(heard.statuses()[0] < 500, "{}: {heard:?}", String::from_utf8_lossy(target));
}

#[test]
fn every_query_is_answered_and_none_with_a_5xx() {
    Lab::start().try_on(60, targets(), async |world, query| {
        let targets: Vec<Vec<u8>> =
            PATHS.iter().map(|path| [path.as_bytes(), b"?", &query].concat()).collect();
        join_all(targets.iter().map(|target| assert_sane(world, target))).await;
    });
}

#[test]
fn every_path_is_answered_and_none_with_a_5xx() {
    Lab::start().try_on(60, targets(), async |world, path| {
        let targets: Vec<Vec<u8>> =
            ["/", "/api/", "/api/users/", "/api/notes/", "/api/teams/1/members/", "/docs/"]
                .iter()
                .map(|start| [start.as_bytes(), &path].concat())
                .collect();
        join_all(targets.iter().map(|target| assert_sane(world, target))).await;
    });
}
