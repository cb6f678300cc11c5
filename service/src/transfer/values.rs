//! The values in an export file: what the service would not have written is refused, also where a
//! database would take it.

use chrono::{DateTime, Datelike, Utc};
use entity::membership::Role;
use serde::{Deserialize, Deserializer, Serialize, de::Error};

use crate::{clock, text};

/// Reads an id, which is positive.
pub(super) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    match i64::deserialize(deserializer)? {
        id if id > 0 => Ok(id),
        id => Err(D::Error::custom(format_args!("{id} is no id"))),
    }
}

/// Reads text without NUL.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    text::without_nul(String::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// Reads such text or `null`, one of which must be there.
pub(super) fn optional_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let read = Option::<String>::deserialize(deserializer)?;
    read.map(text::without_nul).transpose().map_err(D::Error::custom)
}

/// Reads a time of the years 1 to 9999, in whole microseconds.
pub(super) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    match clock::in_microseconds(DateTime::deserialize(deserializer)?) {
        time if (1..=9999).contains(&time.year()) => Ok(time),
        time => Err(D::Error::custom(format_args!("{time} is before the year 1 or after 9999"))),
    }
}

/// How a role is spelled.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Role", rename_all = "lowercase")]
pub(super) enum RoleName {
    Owner,
    Member,
}
