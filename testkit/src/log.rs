//! What the services under test write to their logs, at the lowest level: nothing that is nobody's
//! business.

use std::sync::{Mutex, Once, PoisonError};

use api::server::logging::{self, LogFormat};
use log::{LevelFilter, Metadata, Record};

use crate::PASSWORD;

/// What every token starts with (`{"typ":"JWT"`), and every password hash; everybody's password.
const SECRETS: [&str; 3] = ["eyJ0eXAiOiJKV1Qi", "$argon2", PASSWORD];

/// Lines that told one.
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

/// From now on every line is looked at.
pub(crate) fn watch() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        log::set_logger(&Watch).expect("nobody else logs");
        log::set_max_level(LevelFilter::Trace);
    });
}

/// Fails when a line so far told a secret, in whichever test.
pub(crate) fn assert_nothing_told() {
    let leaks = LEAKS.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(leaks.is_empty(), "in the log: {leaks:?}");
}
