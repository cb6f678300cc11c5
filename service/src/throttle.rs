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
pub(crate) enum Rule {
    /// Wrong passwords for one username from one address. An attacker elsewhere does not lock the
    /// owner out.
    PasswordOf(String, IpAddr),
    /// Wrong passwords from one address, whatever the username.
    Password(IpAddr),
    /// Wrong passwords of a user who is signed in and wants another.
    OwnPassword(i64),
    /// Users signed up from one address.
    SignUp(IpAddr),
}

impl Rule {
    fn limit(&self) -> u32 {
        match self {
            Self::PasswordOf(..) => 40,
            Self::OwnPassword(_) => 10,
            Self::Password(_) => 100,
            Self::SignUp(_) => 50,
        }
    }
}

/// Counts attempts in this process and refuses those past the limits.
#[derive(Debug)]
pub struct Throttle {
    attempts: Option<Mutex<Attempts>>,
}

impl Throttle {
    /// A throttle that counts, or one that never refuses.
    pub fn new(on: bool) -> Self {
        Self { attempts: on.then(Mutex::default) }
    }

    /// Counts one attempt against each of these rules, before it is known how it ends: of a burst no
    /// more get through than the limit.
    ///
    /// # Errors
    /// [`Error::TooManyAttempts`] when one of them is used up; nothing is counted then.
    pub(crate) fn attempt(&self, rules: &[Rule]) -> Result<()> {
        let Some(attempts) = &self.attempts else { return Ok(()) };
        let mut attempts = attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.forget_if_full();
        for rule in rules {
            if let Some(retry_after) = attempts.refused_for(rule) {
                return Err(Error::TooManyAttempts { retry_after });
            }
        }
        rules.iter().for_each(|rule| attempts.count(rule));
        Ok(())
    }

    /// Takes one attempt back that turned out to be right.
    pub(crate) fn forgive(&self, rules: &[Rule]) {
        let Some(attempts) = &self.attempts else { return };
        let mut attempts = attempts.lock().unwrap_or_else(PoisonError::into_inner);
        for rule in rules {
            if let Some(counted) = attempts.0.get_mut(rule) {
                counted.count = counted.count.saturating_sub(1);
            }
        }
    }
}

/// The attempts of each caller within the window.
#[derive(Debug, Default)]
struct Attempts(HashMap<Rule, Counted>);

#[derive(Clone, Copy, Debug)]
struct Counted {
    count: u32,
    since: Instant,
}

impl Attempts {
    fn forget_if_full(&mut self) {
        if self.0.len() >= MAX_CALLERS {
            self.0.retain(|_, counted| counted.since.elapsed() < WINDOW);
        }
        if self.0.len() >= MAX_CALLERS {
            self.0.clear();
        }
    }

    /// For how long, if the rule is used up.
    fn refused_for(&self, rule: &Rule) -> Option<Duration> {
        let counted = self.0.get(rule).filter(|counted| counted.count >= rule.limit())?;
        WINDOW.checked_sub(counted.since.elapsed())
    }

    fn count(&mut self, rule: &Rule) {
        let fresh = Counted { count: 0, since: Instant::now() };
        let counted = self.0.entry(rule.clone()).or_insert(fresh);
        if counted.since.elapsed() >= WINDOW {
            *counted = fresh;
        }
        counted.count += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn sign_ups_from(last: u8) -> [Rule; 1] {
        [Rule::SignUp(Ipv4Addr::new(127, 0, 0, last).into())]
    }

    #[test]
    fn attempts_past_the_limit_are_refused_for_this_caller_alone() {
        let throttle = Throttle::new(true);
        for _ in 0..50 {
            throttle.attempt(&sign_ups_from(1)).unwrap();
        }
        assert!(throttle.attempt(&sign_ups_from(1)).is_err());
        assert!(throttle.attempt(&sign_ups_from(2)).is_ok());
    }

    #[test]
    fn right_attempts_are_not_held_against_anyone() {
        let throttle = Throttle::new(true);
        for _ in 0..1_000 {
            throttle.attempt(&sign_ups_from(1)).unwrap();
            throttle.forgive(&sign_ups_from(1));
        }
    }

    #[test]
    fn switched_off_it_never_refuses() {
        let throttle = Throttle::new(false);
        assert!((0..1_000).all(|_| throttle.attempt(&sign_ups_from(1)).is_ok()));
    }
}
