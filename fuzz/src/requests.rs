use std::{panic::AssertUnwindSafe, sync::LazyLock};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bolero::check;
use reqwest::{Method, header::HeaderValue};
use testkit::{Answer, Client, TestApp};
use tokio::runtime::{Builder, Runtime};

/// The number of random inputs.
const INPUTS: usize = 200;

/// Every path that can be read, with the names of its parameters.
static PATHS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let tables = [
        api::routes::api(),
        api::routes::page(),
        api::routes::operations(),
        api::routes::metrics(),
    ];
    let operations = tables.iter().flat_map(|table| table.operations());
    operations.filter(|(method, _)| method == "GET").map(|(_, path)| path.to_owned()).collect()
});

const LISTS: [&str; 5] =
    ["/api/notes", "/api/users", "/api/teams", "/api/readinglists", "/api/sessions"];

/// The running service, its admin, and a runtime.
struct Service {
    app: TestApp,
    admin: Client,
    runtime: Runtime,
}

impl Service {
    fn start() -> AssertUnwindSafe<Self> {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let app = runtime.block_on(TestApp::start());
        let admin = runtime.block_on(app.admin());
        AssertUnwindSafe(Self { app, admin, runtime })
    }

    /// The response that the admin gets.
    fn get(&self, path: &str) -> Answer {
        // They are not needed here, and there may be millions.
        drop(self.app.statements());
        self.runtime.block_on(self.admin.get(path))
    }
}

/// The one of these that a byte selects.
fn chosen<T>(of: &[T], by: u8) -> &T {
    &of[usize::from(by) % of.len()]
}

/// Bytes encoded for a URL, except those that are `is_plain`.
fn encoded(bytes: &[u8], is_plain: impl Fn(u8) -> bool) -> String {
    let one = |&byte: &u8| match is_plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02x}"),
    };
    bytes.iter().map(one).collect()
}

/// A byte for the path, its parameters up to a zero byte, then the query.
#[test]
fn no_path_or_query_is_a_5xx() {
    let service = Service::start();
    check!().with_iterations(INPUTS).for_each(|bytes: &[u8]| {
        let Some((&by, bytes)) = bytes.split_first() else { return };
        let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
        let (parameter, query) = bytes.split_at(end);
        let parameter = encoded(parameter, |byte| byte.is_ascii_alphanumeric());
        let query = encoded(query.get(1..).unwrap_or_default(), |byte| {
            byte.is_ascii_graphic() && !b"#\"'<>".contains(&byte)
        });
        let path = ["{id}", "{user}", "{file}"]
            .iter()
            .fold(chosen(&PATHS, by).clone(), |path, name| path.replace(name, &parameter));
        let answer = service.get(&format!("{path}?{query}"));
        assert!(answer.status.as_u16() < 500, "{path}?{query}");
    });
}

/// A byte for the list, then the decoded cursor.
#[test]
fn a_cursor_is_accepted_or_rejected() {
    let service = Service::start();
    check!().with_iterations(INPUTS).for_each(|bytes: &[u8]| {
        let Some((&by, bytes)) = bytes.split_first() else { return };
        let cursor = BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let answer = service.get(&format!("{}?cursor={cursor}", chosen(&LISTS, by)));
        assert!([200, 400].contains(&answer.status.as_u16()), "{cursor}");
    });
}

/// A byte for the parameter, then the pattern.
#[test]
fn a_pattern_is_accepted_or_rejected() {
    const PARAMETERS: [&str; 3] = ["/api/users?name=", "/api/teams?name=", "/api/notes?search="];
    let service = Service::start();
    check!().with_iterations(INPUTS).for_each(|bytes: &[u8]| {
        let Some((&by, bytes)) = bytes.split_first() else { return };
        let pattern = encoded(bytes, |byte| byte.is_ascii_alphanumeric());
        let answer = service.get(&format!("{}{pattern}", chosen(&PARAMETERS, by)));
        assert!([200, 400].contains(&answer.status.as_u16()), "{pattern}");
    });
}

/// Any valid header value.
#[test]
fn an_authorization_is_no_session_without_a_token() {
    let service = Service::start();
    let path = "/api/sessions/current";
    check!().with_iterations(INPUTS).for_each(|bytes: &[u8]| {
        let Ok(value) = HeaderValue::from_bytes(bytes) else { return };
        let anyone = service.app.anonymous();
        let request = anyone.request(Method::GET, path).header("Authorization", value);
        let answer = service.runtime.block_on(anyone.answer(Method::GET, path, request));
        assert_eq!(answer.status, 401);
    });
}
