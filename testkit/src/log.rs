//! Checks that the services under test never log secrets, at any level.

use std::sync::{Mutex, Once, PoisonError};

use api::server::logging::{self, LogFormat};
use log::{LevelFilter, Metadata, Record};

use crate::PASSWORD;

/// The start of every token (`{"typ":"JWT"`) and of every password hash, and everybody's password.
const SECRETS: [&str; 3] = ["eyJ0eXAiOiJKV1Qi", "$argon2", PASSWORD];

/// What an API token begins with, and how many letters and digits follow.
const API_TOKEN: (&str, usize) = ("tn_", 49);

/// Lines that leaked one.
static LEAKS: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Watch;

impl log::Log for Watch {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let mut line = Vec::new();
        logging::write(&mut line, LogFormat::Json, record).expect("writes to memory");
        let line = String::from_utf8_lossy(&line);
        if SECRETS.iter().any(|secret| line.contains(secret)) || has_api_token(&line) {
            LEAKS.lock().unwrap_or_else(PoisonError::into_inner).push(line.into_owned());
        }
    }

    fn flush(&self) {}
}

fn has_api_token(line: &str) -> bool {
    let (start, length) = API_TOKEN;
    line.split(start).skip(1).any(|rest| {
        let digits = rest.bytes().take_while(u8::is_ascii_alphanumeric);
        digits.count() >= length
    })
}

/// Starts checking every line.
pub(crate) fn watch() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        log::set_logger(&Watch).expect("nobody else logs");
        log::set_max_level(LevelFilter::Trace);
    });
}

/// Fails if any line so far leaked a secret, in any test.
pub(crate) fn assert_no_leaks() {
    let leaks = LEAKS.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(leaks.is_empty(), "in the log: {leaks:?}");
}
