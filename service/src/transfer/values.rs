//! The values in an export file: what the service would not have written is refused, also where a
//! database would take it.

use chrono::{DateTime, Datelike, Utc};
use entity::membership::Role;
use serde::{Deserialize, Deserializer, Serialize, de::Error};

use crate::{
    clock,
    notes::Content,
    password,
    teams::TeamName,
    users::{Name, Username},
};

/// The largest id: what JSON readers that know no integers still tell apart (RFC 8259, section 6). Above
/// it there is room for those that come.
const MAX_ID: i64 = 1 << 53;

/// Reads an id.
pub(super) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    match i64::deserialize(deserializer)? {
        id if (1..=MAX_ID).contains(&id) => Ok(id),
        id => Err(D::Error::custom(format_args!("{id} is no id"))),
    }
}

/// Reads a username as it is kept: in lower case.
pub(super) fn username<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let username = Username::parse(text.clone()).map_err(|why| wrong("the username", &why))?;
    if username.as_str() == text {
        Ok(text)
    } else {
        Err(wrong("the username", "must be in lower case"))
    }
}

/// Reads the name of a person.
pub(super) fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    parsed(deserializer, "the name", Name::parse)
}

/// Reads the name of a team.
pub(super) fn team_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    parsed(deserializer, "the name", TeamName::parse)
}

/// Reads the content of a note.
pub(super) fn content<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    parsed(deserializer, "the content", Content::parse)
}

/// Reads a hash that passwords can be checked against, or `null`; one of which must be there.
pub(super) fn password_hash<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let hash = Option::<String>::deserialize(deserializer)?;
    match &hash {
        Some(text) if !password::is_hash(text) => {
            Err(wrong("the password_hash", "must be one of argon2, at a cost that can be set"))
        }
        _ => Ok(hash),
    }
}

fn parsed<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    what: &str,
    parse: impl Fn(String) -> Result<T, String>,
) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    match parse(text.clone()) {
        Ok(_) => Ok(text),
        Err(why) => Err(wrong(what, &why)),
    }
}

fn wrong<E: Error>(what: &str, why: &str) -> E {
    E::custom(format_args!("{what} {why}"))
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
