//! The only source of time, so that all times have the same precision.

use chrono::{DateTime, Utc};

/// Now, in whole microseconds: the precision of both databases.
#[expect(clippy::disallowed_methods, reason = "the only place that reads the clock")]
pub fn now() -> DateTime<Utc> {
    in_microseconds(Utc::now())
}

/// Truncates to microseconds, and turns a leap second into an ordinary one.
pub fn in_microseconds(time: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(time.timestamp_micros()).unwrap_or(time)
}
