use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use entity::UserId;

use crate::{Error, Result};

/// How long attempts are remembered.
const WINDOW: Duration = Duration::from_mins(15);

/// The most callers that are remembered; beyond that all are forgotten, in the callers' favour.
const MAX_CALLERS: usize = 100_000;

/// How many attempts are allowed within a window of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// What is counted.
    pub name: &'static str,
    /// How many are allowed.
    pub limit: u32,
    /// Within which time of the first attempt.
    pub window: Duration,
}

/// The client's address, or its /64 for IPv6: one client usually has all of that.
fn network_of(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !(u128::MAX >> 64)).into(),
    }
}

/// What is counted, and for whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Rule {
    /// Wrong passwords for one username from one address, so that attackers elsewhere do not lock the
    /// user out.
    PasswordOf(String, IpAddr),
    /// Wrong passwords from one address, whatever the username.
    Password(IpAddr),
    /// Wrong current passwords of a signed-in user who is setting a new one.
    OwnPassword(UserId),
    /// Sign-ups from one address.
    SignUp(IpAddr),
}

impl Rule {
    /// Wrong passwords for this username from this client.
    pub(crate) fn password_of(username: String, client: IpAddr) -> Self {
        Self::PasswordOf(username, network_of(client))
    }

    /// Wrong passwords from this client.
    pub(crate) fn password(client: IpAddr) -> Self {
        Self::Password(network_of(client))
    }

    /// Sign-ups from this client.
    pub(crate) fn sign_up(client: IpAddr) -> Self {
        Self::SignUp(network_of(client))
    }

    fn name(&self) -> &'static str {
        match self {
            Self::PasswordOf(..) => "login-of-user",
            Self::Password(_) => "login",
            Self::OwnPassword(_) => "own-password",
            Self::SignUp(_) => "sign-up",
        }
    }

    fn limit(&self) -> u32 {
        match self {
            Self::PasswordOf(..) => 40,
            Self::OwnPassword(_) => 10,
            Self::Password(_) => 100,
            Self::SignUp(_) => 50,
        }
    }
}

/// Counts attempts in this process and rejects those beyond the limits.
#[derive(Debug)]
pub struct Throttle {
    attempts: Option<Mutex<Attempts>>,
}

impl Throttle {
    /// A throttle that counts, or, if off, one that never rejects.
    pub fn new(on: bool) -> Self {
        Self { attempts: on.then(Mutex::default) }
    }

    /// Counts an attempt against each of these rules, before its outcome is known, so that no more of a
    /// burst get through than the limit allows.
    ///
    /// # Errors
    /// [`Error::TooManyAttempts`] if one of them is used up; nothing is counted then.
    pub(crate) fn attempt(&self, rules: &[Rule]) -> Result<()> {
        let Some(attempts) = &self.attempts else { return Ok(()) };
        let mut attempts = attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.forget_if_full();
        for rule in rules {
            if let Some(retry_after) = attempts.refused_for(rule) {
                let quota = Quota { name: rule.name(), limit: rule.limit(), window: WINDOW };
                return Err(Error::TooManyAttempts { retry_after, quota });
            }
        }
        for rule in rules {
            attempts.count(rule);
        }
        Ok(())
    }

    /// Uncounts an attempt that turned out to be legitimate.
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

    /// For how long the rule rejects attempts, if it is used up.
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
        [Rule::sign_up(Ipv4Addr::new(127, 0, 0, last).into())]
    }

    #[test]
    fn attempts_beyond_the_limit_are_rejected_for_this_caller_only() {
        let throttle = Throttle::new(true);
        for _ in 0..50 {
            throttle.attempt(&sign_ups_from(1)).unwrap();
        }
        assert!(throttle.attempt(&sign_ups_from(1)).is_err());
        assert!(throttle.attempt(&sign_ups_from(2)).is_ok());
    }

    #[test]
    fn legitimate_attempts_do_not_count() {
        let throttle = Throttle::new(true);
        for _ in 0..1_000 {
            throttle.attempt(&sign_ups_from(1)).unwrap();
            throttle.forgive(&sign_ups_from(1));
        }
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_client() {
        let sign_up = |address: &str| [Rule::sign_up(address.parse().unwrap())];
        let throttle = Throttle::new(true);
        for number in 0..50 {
            throttle.attempt(&sign_up(&format!("2001:db8::{number:x}"))).unwrap();
        }
        assert!(throttle.attempt(&sign_up("2001:db8::ffff:1")).is_err());
        assert!(throttle.attempt(&sign_up("2001:db8:0:1::1")).is_ok());
    }

    #[test]
    fn a_million_callers_are_not_all_remembered() {
        let throttle = Throttle::new(true);
        for number in 0..1_000_000_u32 {
            throttle.attempt(&[Rule::sign_up(Ipv4Addr::from_bits(number).into())]).unwrap();
        }
        let remembered = throttle.attempts.unwrap().into_inner().unwrap().0.len();
        assert!((1..=MAX_CALLERS).contains(&remembered), "{remembered}");
    }

    #[test]
    fn when_off_it_never_rejects() {
        let throttle = Throttle::new(false);
        assert!((0..1_000).all(|_| throttle.attempt(&sign_ups_from(1)).is_ok()));
    }
}
