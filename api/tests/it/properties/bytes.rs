//! What bytes can do, which `cargo bolero` turns until they reach new code. Those it found are in
//! `__fuzz__/`, and are tried here beside random ones.

use std::panic::AssertUnwindSafe;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bolero::check;
use reqwest::{Method, header::HeaderValue};

use super::{Lab, cursors::LISTS, queries::PATHS, search};

/// So many random inputs.
const INPUTS: usize = 200;

/// What a byte chooses of these.
fn chosen<T>(of: &[T], by: u8) -> &T {
    &of[usize::from(by) % of.len()]
}

/// Bytes that may stand in a query as they are, but for those that may not.
fn query_of(bytes: &[u8]) -> String {
    let may_stand = |byte: u8| byte.is_ascii_graphic() && !b"#\"'<>".contains(&byte);
    let characters = bytes.iter().map(|&byte| match byte {
        byte if may_stand(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02x}"),
    });
    characters.collect()
}

#[test]
fn no_query_of_any_path_is_a_fault() {
    let lab = AssertUnwindSafe(Lab::start());
    check!().with_iterations(INPUTS).for_each(|bytes: &[u8]| {
        let Some((&by, bytes)) = bytes.split_first() else { return };
        let path = format!("{}?{}", chosen(&PATHS, by), query_of(bytes));
        let answer = lab.run(lab.world.caller("admin").get(&path));
        assert!(answer.status.as_u16() < 500, "{path}");
    });
}

#[test]
fn no_cursor_is_a_fault() {
    let lab = AssertUnwindSafe(Lab::start());
    check!().with_iterations(INPUTS).for_each(|bytes: &[u8]| {
        let Some((&by, bytes)) = bytes.split_first() else { return };
        let list = chosen(&LISTS, by);
        let cursor = BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let answer = lab.run(lab.world.caller("admin").get(&format!("{list}?cursor={cursor}")));
        assert!([200, 400].contains(&answer.status.as_u16()), "{list} {cursor}");
    });
}

#[test]
fn no_authorization_is_a_session_but_the_token() {
    let lab = AssertUnwindSafe(Lab::start());
    check!().with_iterations(INPUTS).for_each(|bytes: &[u8]| {
        let path = "/api/sessions/current";
        let Ok(value) = HeaderValue::from_bytes(bytes) else { return };
        let anyone = lab.world.caller("anonymous");
        let request = anyone.request(Method::GET, path).header("Authorization", value);
        let answer = lab.run(anyone.answer(Method::GET, path, request));
        assert_eq!(answer.status, 401);
    });
}

#[test]
fn every_pattern_means_what_the_reference_says() {
    let lab = AssertUnwindSafe(Lab::start());
    check!().with_iterations(INPUTS).for_each(|bytes: &[u8]| {
        let mut texts = bytes.split(|&byte| byte == 0).map(str::from_utf8);
        let (Some(Ok(text)), Some(Ok(pattern)), None) = (texts.next(), texts.next(), texts.next())
        else {
            return;
        };
        let is_name = !text.trim().is_empty() && text.chars().count() <= 100;
        if is_name && pattern.chars().count() <= 100 {
            lab.run(search::assert_found(&lab.world, text, pattern));
        }
    });
}
