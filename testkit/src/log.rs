//! Checks that the services under test never log secrets, at any level.

use std::sync::{Mutex, Once, PoisonError};

use api::server::logging::{self, LogFormat};
use log::{LevelFilter, Metadata, Record};

use crate::PASSWORD;

/// The start of every token (`{"typ":"JWT"`) and of every password hash, and everybody's password.
const SECRETS: [&str; 3] = ["eyJ0eXAiOiJKV1Qi", "$argon2", PASSWORD];

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
        if SECRETS.iter().any(|secret| line.contains(secret)) {
            LEAKS.lock().unwrap_or_else(PoisonError::into_inner).push(line.into_owned());
        }
    }

    fn flush(&self) {}
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
