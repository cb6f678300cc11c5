use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{Error, Result};

/// How long attempts are remembered.
const WINDOW: Duration = Duration::from_secs(15 * 60);

/// So many callers are remembered at most; past that all are forgotten, which favours the callers.
const MAX_CALLERS: usize = 100_000;

/// What is counted, and for whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Wrong passwords for one username from one address. An attacker elsewhere does not lock the
    /// owner out.
    PasswordOf(String, IpAddr),
    /// Wrong passwords from one address, whatever the username.
    Password(IpAddr),
    /// Users signed up from one address.
    SignUp(IpAddr),
}

impl Rule {
    fn limit(&self) -> u32 {
        match self {
            Self::PasswordOf(..) => 20,
            Self::Password(_) => 100,
            Self::SignUp(_) => 50,
        }
    }
}

/// Counts attempts in this process and refuses those past the limits.
#[derive(Debug)]
pub struct Throttle {
    attempts: Option<Mutex<HashMap<Rule, Attempts>>>,
}

#[derive(Clone, Copy, Debug)]
struct Attempts {
    count: u32,
    since: Instant,
}

impl Throttle {
    /// A throttle that counts, or one that never refuses.
    pub fn new(on: bool) -> Self {
        Self { attempts: on.then(Mutex::default) }
    }

    /// Goes on while none of these rules is used up.
    ///
    /// # Errors
    /// [`Error::TooManyAttempts`].
    pub(crate) fn check(&self, rules: &[Rule]) -> Result<()> {
        let Some(attempts) = &self.attempts else { return Ok(()) };
        let attempts = attempts.lock().unwrap_or_else(PoisonError::into_inner);
        for rule in rules {
            if let Some(Attempts { count, since }) = attempts.get(rule)
                && *count >= rule.limit()
                && let Some(retry_after) = WINDOW.checked_sub(since.elapsed())
            {
                return Err(Error::TooManyAttempts { retry_after });
            }
        }
        Ok(())
    }

    /// Counts one attempt against each of these rules.
    pub(crate) fn count(&self, rules: &[Rule]) {
        let Some(attempts) = &self.attempts else { return };
        let mut attempts = attempts.lock().unwrap_or_else(PoisonError::into_inner);
        if attempts.len() >= MAX_CALLERS {
            attempts.retain(|_, attempts| attempts.since.elapsed() < WINDOW);
        }
        if attempts.len() >= MAX_CALLERS {
            attempts.clear();
        }
        for rule in rules {
            let fresh = Attempts { count: 0, since: Instant::now() };
            let entry = attempts.entry(rule.clone()).or_insert(fresh);
            if entry.since.elapsed() >= WINDOW {
                *entry = fresh;
            }
            entry.count += 1;
        }
    }
}
