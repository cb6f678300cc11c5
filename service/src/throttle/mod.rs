//! Limits the rate of wrong passwords and of sign-ups, in the memory of this process.

mod rule;
mod tallies;

use std::{
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

pub use self::rule::Limits;
pub(crate) use self::rule::Rule;
use self::tallies::Tallies;
use crate::{Error, Result};

/// How many attempts are allowed within a window of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// What is counted.
    pub name: &'static str,
    /// How many are allowed.
    pub limit: u32,
    /// Within which time of the first one.
    pub window: Duration,
}

/// Counts attempts in this process and rejects those beyond the limits.
#[derive(Debug)]
pub struct Throttle(Option<Mutex<Tallies>>);

impl Throttle {
    /// A throttle with these limits.
    pub fn new(limits: Limits) -> Self {
        Self(Some(Mutex::new(Tallies::new(limits))))
    }

    /// A throttle that never rejects.
    pub fn off() -> Self {
        Self(None)
    }

    /// Begins an attempt that counts against each of these rules. Until its outcome is known it is in flight,
    /// so that no more of a burst get through than the limit allows.
    ///
    /// # Errors
    /// [`Error::TooManyAttempts`] if one of them is used up; nothing is counted then.
    pub(crate) fn attempt(&self, rules: Vec<Rule>) -> Result<Attempt<'_>> {
        if let Some(mut tallies) = self.tallies() {
            if let Some((retry_after, quota)) = tallies.refusal(&rules) {
                return Err(Error::TooManyAttempts { retry_after, quota });
            }
            for rule in &rules {
                tallies.begin(rule);
            }
        }
        Ok(Attempt { throttle: self, rules, counts: true })
    }

    /// Remembers that the user has logged in from here, so that wrong passwords from elsewhere do not slow
    /// down the next login.
    pub(crate) fn remember(&self, username: &str, client: Option<IpAddr>) {
        if let (Some(mut tallies), Some(client)) = (self.tallies(), client) {
            tallies.remember(Rule::nearest(username, client));
        }
    }

    fn tallies(&self) -> Option<MutexGuard<'_, Tallies>> {
        let tallies = self.0.as_ref()?;
        Some(tallies.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// An attempt in flight. It counts when it is dropped, unless it is forgiven: also when the client has gone
/// before the outcome was known.
#[derive(Debug)]
#[must_use]
pub(crate) struct Attempt<'a> {
    throttle: &'a Throttle,
    rules: Vec<Rule>,
    counts: bool,
}

impl Attempt<'_> {
    /// The attempt turned out to be legitimate. It remains in flight until it is dropped.
    pub(crate) fn forgive(&mut self) {
        self.counts = false;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if let Some(mut tallies) = self.throttle.tallies() {
            for rule in &self.rules {
                tallies.end(rule, self.counts);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const ALICE: &str = "alice";

    fn throttle() -> Throttle {
        Throttle::new(Limits::default())
    }

    fn address(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(number).into()
    }

    fn sign_up(throttle: &Throttle, client: &str) -> bool {
        throttle.attempt(Rule::sign_up(client.parse().ok())).is_ok()
    }

    /// Whether a login with a wrong password is let in.
    fn is_let_in(throttle: &Throttle, client: IpAddr) -> bool {
        throttle.attempt(Rule::login(Some(ALICE), Some(client))).is_ok()
    }

    #[test]
    fn attempts_beyond_the_limit_are_rejected_for_this_client_only() {
        let throttle = throttle();
        assert!((0..50).all(|_| sign_up(&throttle, "192.0.2.1")));
        assert!(!sign_up(&throttle, "192.0.2.1"));
        assert!(sign_up(&throttle, "192.0.2.2"));
    }

    #[test]
    fn legitimate_attempts_do_not_count_and_leave_nothing_behind() {
        let throttle = throttle();
        for _ in 0..1_000 {
            throttle.attempt(Rule::login(Some(ALICE), Some(address(1)))).unwrap().forgive();
        }
        assert_eq!(throttle.tallies().unwrap().len(), 0);
    }

    #[test]
    fn a_burst_gets_no_further_than_the_limit_and_is_told_to_retry_soon() {
        let throttle = throttle();
        let attempt = || throttle.attempt(Rule::login(Some(ALICE), Some(address(1))));
        let burst: Vec<_> = (0..40).map(|_| attempt().unwrap()).collect();
        let Err(Error::TooManyAttempts { retry_after, .. }) = attempt() else { panic!("let in") };
        assert!(retry_after <= Duration::from_secs(1), "{retry_after:?}");
        for mut attempt in burst {
            attempt.forgive();
        }
        attempt().unwrap().forgive();
    }

    #[test]
    fn a_user_has_few_password_changes_in_flight_and_so_has_a_network() {
        let throttle = throttle();
        let attempt = |user: i64| {
            throttle.attempt(Rule::current_password(user.try_into().unwrap(), Some(address(1))))
        };
        let _two = [attempt(1).unwrap(), attempt(1).unwrap()];
        assert!(attempt(1).is_err());
        let _eight: Vec<_> = (2..10).map(|user| attempt(user).unwrap()).collect();
        assert!(attempt(10).is_err());
    }

    #[test]
    fn smaller_ipv6_networks_share_the_limit_of_the_larger_one() {
        let throttle = throttle();
        let mut let_in = 0;
        for number in 0..0x1_0000 {
            let_in += u32::from(sign_up(&throttle, &format!("2001:db8:1:{number:x}::1")));
        }
        assert_eq!(let_in, 4 * 50);
        assert!(sign_up(&throttle, "2001:db8:2::1"));
    }

    #[test]
    fn wrong_passwords_from_many_addresses_slow_further_ones_down() {
        let throttle = throttle();
        let let_in = (0..10_000).filter(|&number| is_let_in(&throttle, address(number))).count();
        assert!((50..60).contains(&let_in), "{let_in}");
    }

    #[test]
    fn a_user_under_attack_logs_in_from_where_they_did_before() {
        let throttle = throttle();
        let home = address(u32::MAX);
        throttle.remember(ALICE, Some(home));
        for number in 0..10_000 {
            is_let_in(&throttle, address(number));
        }
        for _ in 0..10 {
            throttle.attempt(Rule::login(Some(ALICE), Some(home))).unwrap().forgive();
        }
    }

    #[test]
    fn many_clients_push_out_the_oldest_and_not_all() {
        let throttle = throttle();
        assert!((0..50).all(|_| sign_up(&throttle, "192.0.2.1")));
        for number in 0..50_000 {
            let _ = throttle.attempt(Rule::sign_up(Some(address(number))));
        }
        assert!(!sign_up(&throttle, "192.0.2.1"), "forgotten");
        for number in 0..200_000 {
            let _ = throttle.attempt(Rule::sign_up(Some(address(number))));
        }
        assert_eq!(throttle.tallies().unwrap().len(), tallies::MOST);
        assert!(sign_up(&throttle, "192.0.2.1"), "still remembered");
    }

    #[test]
    fn when_off_it_never_rejects() {
        let throttle = Throttle::off();
        assert!((0..1_000).all(|_| sign_up(&throttle, "192.0.2.1")));
    }
}
