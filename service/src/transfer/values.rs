//! The values in an export file: those that the service would not have written are rejected, even if the
//! database would accept them.

use std::fmt;

use chrono::{DateTime, Datelike, Utc};
use entity::{membership::Role, note::Visibility, user::PasswordHash};
use serde::{Deserialize, Deserializer, Serialize, de::Error};

use crate::{
    clock,
    notes::Content,
    password,
    teams::TeamName,
    text,
    users::{Name, Username},
};

/// The largest id that JSON readers without integers still represent exactly (RFC 8259, section 6). It
/// leaves room for the ids of new rows.
const MAX_ID: i64 = 1 << 53;

/// Reads an id.
pub(super) fn id<'de, D, Id>(deserializer: D) -> Result<Id, D::Error>
where
    D: Deserializer<'de>,
    Id: TryFrom<i64>,
{
    let id = i64::deserialize(deserializer)?;
    let in_range = if id <= MAX_ID { Id::try_from(id).ok() } else { None };
    in_range.ok_or_else(|| D::Error::custom(format_args!("{id} is not an id")))
}

/// Reads the last id that a table gave, or 0.
pub(super) fn last_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let id = i64::deserialize(deserializer)?;
    match (0..=MAX_ID).contains(&id) {
        true => Ok(id),
        false => Err(D::Error::custom(format_args!("{id} is not an id or 0"))),
    }
}

/// The version of rows in files from before there were versions.
pub(super) fn first_version() -> i64 {
    1
}

/// Reads the version of a row.
pub(super) fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let version = i64::deserialize(deserializer)?;
    let in_range = (1..=MAX_ID).contains(&version);
    in_range.then_some(version).ok_or_else(|| wrong("the version", "must be a positive number"))
}

/// Reads a username as it is stored: in lower case.
pub(super) fn username<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let username = Username::parse(text.clone()).map_err(|why| wrong("the username", why))?;
    if username.as_str() == text {
        Ok(text)
    } else {
        Err(wrong("the username", "must be in lower case"))
    }
}

/// Reads the name of a user.
pub(super) fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    stored(deserializer, "the name", Name::MAX_CHARS)
}

/// Reads the name of a team.
pub(super) fn team_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    stored(deserializer, "the name", TeamName::MAX_CHARS)
}

/// Reads the content of a note.
pub(super) fn content<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    stored(deserializer, "the content", Content::MAX_CHARS)
}

/// Reads a hash that passwords can be verified against, or `null`; the member must be present.
pub(super) fn password_hash<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<PasswordHash>, D::Error> {
    let hash = Option::<PasswordHash>::deserialize(deserializer)?;
    match &hash {
        Some(PasswordHash(text)) if !password::is_hash(text) => {
            Err(wrong("the password_hash", "must be an argon2 hash with a cost within the limits"))
        }
        _ => Ok(hash),
    }
}

/// Reads text that an earlier version may have stored: control characters are accepted.
fn stored<'de, D: Deserializer<'de>>(
    deserializer: D,
    what: &str,
    max_chars: usize,
) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    text::stored(text, max_chars).map_err(|why| wrong(what, why))
}

fn wrong<E: Error>(what: &str, why: impl fmt::Display) -> E {
    E::custom(format_args!("{what} {why}"))
}

/// Reads a time in the years 1 to 9999, truncated to microseconds.
pub(super) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    match clock::in_microseconds(DateTime::deserialize(deserializer)?) {
        time if (1..=9999).contains(&time.year()) => Ok(time),
        time => Err(D::Error::custom(format_args!("{time} is before the year 1 or after 9999"))),
    }
}

/// The representation of a role.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Role", rename_all = "lowercase")]
pub(super) enum RoleName {
    Owner,
    Member,
}

/// The visibility of notes in files from before there was any.
pub(super) fn public() -> Visibility {
    Visibility::Public
}

/// The representation of a visibility.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Visibility", rename_all = "lowercase")]
pub(super) enum VisibilityName {
    Public,
    Team,
    Private,
}
