//! The uses of sessions and API tokens, which are recorded in the background.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use entity::{ApiTokenId, SessionId, api_token, session};

use crate::{Db, clock};

/// The use of a session, or of an API token, is recorded at most this often.
const INTERVAL: TimeDelta = TimeDelta::minutes(1);

/// How long to wait before trying again to record a use.
const RETRY: Duration = Duration::from_mins(1);

/// What was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Used {
    Session(SessionId),
    ApiToken(ApiTokenId),
}

impl fmt::Display for Used {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(id) => write!(f, "session {id}"),
            Self::ApiToken(id) => write!(f, "API token {id}"),
        }
    }
}

/// The latest attempts to record uses. If they were forgotten, each request would start another one that waits and fails
/// while the database takes no changes.
#[derive(Debug, Default)]
pub(crate) struct Uses(Mutex<HashMap<Used, Attempt>>);

#[derive(Debug)]
struct Attempt {
    at: Instant,
    /// The last use that had been recorded before.
    since: Option<DateTime<Utc>>,
}

impl Attempt {
    fn is_recent(&self) -> bool {
        self.at.elapsed() < RETRY
    }
}

impl Uses {
    /// Whether to record a use now. The last use that is recorded was at this time.
    fn begin(&self, used: Used, since: Option<DateTime<Utc>>) -> bool {
        let mut attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if attempts.get(&used).is_some_and(|last| last.since == since && last.is_recent()) {
            return false;
        }
        if attempts.len() == attempts.capacity() {
            attempts.retain(|_, attempt| attempt.is_recent());
        }
        attempts.insert(used, Attempt { at: Instant::now(), since });
        true
    }
}

/// Records a use, if the last one was long enough ago. The request does not wait for it.
pub(crate) fn record(db: &Db, used: Used, last: Option<DateTime<Utc>>) {
    let now = clock::now();
    if last.is_some_and(|last| now - last <= INTERVAL) || !db.uses().begin(used, last) {
        return;
    }
    let db = db.clone();
    tokio::spawn(async move {
        let recorded = match used {
            Used::Session(id) => session::Entity::touch(db.writer(), id, now, INTERVAL).await,
            Used::ApiToken(id) => api_token::Entity::touch(db.writer(), id, now, INTERVAL).await,
        };
        if let Err(error) = recorded {
            log::warn!("can't record the use of {used}: {error}");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(id: i64) -> Used {
        Used::Session(id.try_into().unwrap())
    }

    #[test]
    fn a_use_is_recorded_once_for_each_time_of_the_last_one() {
        let uses = Uses::default();
        let last = Some(DateTime::UNIX_EPOCH);
        assert!(uses.begin(session(1), last) && !uses.begin(session(1), last));
        assert!(uses.begin(session(1), Some(DateTime::UNIX_EPOCH + INTERVAL)));
        assert!(uses.begin(session(2), last));
        let token = Used::ApiToken(1.try_into().unwrap());
        assert!(uses.begin(token, None) && !uses.begin(token, None));
    }

    #[test]
    fn old_attempts_are_forgotten() {
        let uses = Uses::default();
        let Some(at) = Instant::now().checked_sub(RETRY) else { return };
        for id in 1..1_000 {
            uses.begin(session(id), None);
            uses.0.lock().unwrap().values_mut().for_each(|attempt| attempt.at = at);
        }
        assert!(uses.0.lock().unwrap().len() < 10);
    }
}
