use std::{
    fmt,
    time::{Duration, Instant},
};

use hashlink::LruCache;

use super::{Limits, Quota, Rule};

/// How long wrong attempts are remembered.
const WINDOW: Duration = Duration::from_mins(15);

/// The most tallies, and the most networks that users have logged in from. Beyond that the one that was
/// changed longest ago is forgotten.
pub(super) const MOST: usize = 100_000;

/// When to try again if others are in flight.
const SOON: Duration = Duration::from_secs(1);

/// The least time between two attempts for a user that are slowed down.
const PACE: Duration = Duration::from_secs(1);

/// The attempts of each rule.
pub(super) struct Tallies {
    limits: Limits,
    by_rule: LruCache<Rule, Tally>,
    /// From where users have logged in.
    known: LruCache<Rule, ()>,
}

/// The attempts that count against a rule.
#[derive(Clone, Copy, Debug)]
struct Tally {
    /// Those whose outcome is not known yet.
    in_flight: u32,
    /// Those that were wrong, within a window.
    wrong: u32,
    /// The first of those.
    since: Instant,
    /// The last attempt.
    last: Instant,
}

impl Tally {
    fn new() -> Self {
        let now = Instant::now();
        Self { in_flight: 0, wrong: 0, since: now, last: now }
    }

    /// The same without attempts that are too long ago.
    fn current(self) -> Self {
        let is_over = self.since.elapsed() >= WINDOW;
        Self { wrong: if is_over { 0 } else { self.wrong }, ..self }
    }
}

impl Tallies {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, by_rule: LruCache::new(MOST), known: LruCache::new(MOST) }
    }

    /// Whether one of these rules rejects a further attempt: when to try again, and the quota.
    pub(super) fn refusal(&self, rules: &[Rule]) -> Option<(Duration, Quota)> {
        rules.iter().find_map(|rule| {
            let retry_after = match rule {
                Rule::User(_) => self.pause_of(rule, rules),
                _ => self.refused_for(rule),
            };
            let quota =
                Quota { name: rule.name(), limit: rule.limit(&self.limits), window: WINDOW };
            Some((retry_after?, quota))
        })
    }

    /// For how long the rule rejects attempts, if it is used up.
    fn refused_for(&self, rule: &Rule) -> Option<Duration> {
        let Tally { in_flight, wrong, since, .. } = self.current(rule)?;
        let limit = rule.limit(&self.limits);
        if wrong >= limit {
            return WINDOW.checked_sub(since.elapsed());
        }
        let is_full = wrong + in_flight >= limit || in_flight >= rule.most_in_flight();
        is_full.then_some(SOON)
    }

    /// How long the next attempt for a user has to wait after the last one, if there were too many wrong ones:
    /// the longer, the more of them came from the same network. Where the user has logged in before, not at
    /// all.
    fn pause_of(&self, user: &Rule, rules: &[Rule]) -> Option<Duration> {
        let Tally { in_flight, wrong, last, .. } = self.current(user)?;
        let from = rules.iter().find(|rule| matches!(rule, Rule::UserFromNetwork(..)))?;
        if wrong + in_flight < user.limit(&self.limits) || self.known.contains_key(from) {
            return None;
        }
        let wrong_from_there = self.current(from).map_or(0, |tally| tally.wrong);
        (PACE * (1 + wrong_from_there)).checked_sub(last.elapsed())
    }

    fn current(&self, rule: &Rule) -> Option<Tally> {
        self.by_rule.peek(rule).copied().map(Tally::current)
    }

    /// An attempt begins.
    pub(super) fn begin(&mut self, rule: &Rule) {
        let tally = self.current(rule).unwrap_or_else(Tally::new);
        let begun = Tally { in_flight: tally.in_flight + 1, last: Instant::now(), ..tally };
        self.by_rule.insert(rule.clone(), begun);
    }

    /// An attempt ends.
    pub(super) fn end(&mut self, rule: &Rule, was_wrong: bool) {
        let mut tally = self.current(rule).unwrap_or_else(Tally::new);
        tally.in_flight = tally.in_flight.saturating_sub(1);
        if was_wrong && tally.wrong == 0 {
            tally.since = Instant::now();
        }
        tally.wrong += u32::from(was_wrong);
        if tally.in_flight + tally.wrong == 0 {
            self.by_rule.remove(rule);
        } else {
            self.by_rule.insert(rule.clone(), tally);
        }
    }

    /// Remembers a network that a user has logged in from.
    pub(super) fn remember(&mut self, from: Rule) {
        self.known.insert(from, ());
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.by_rule.len()
    }
}

impl fmt::Debug for Tallies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tallies").field("limits", &self.limits).finish_non_exhaustive()
    }
}
