//! The time comes from here, so that it has one precision.

use chrono::{DateTime, Utc};

/// Now, in whole microseconds: what both databases keep.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn now() -> DateTime<Utc> {
    in_microseconds(Utc::now())
}

/// Cuts off what is finer than a microsecond, and makes a leap second an ordinary one.
pub fn in_microseconds(time: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(time.timestamp_micros()).unwrap_or(time)
}
