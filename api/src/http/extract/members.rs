use chrono::{DateTime, Datelike, Utc};
use serde_json::{Map, Value};
use service::{Error, Violation, clock};

use crate::http::problem::Problem;

/// What a handler takes from a body: each member is read on its own, so that all that is wrong is
/// told at once. Members that are not asked for are ignored.
pub(crate) trait FromBody: Sized {
    /// None only when a violation was noted.
    fn from_body(body: &mut Members) -> Option<Self>;
}

/// The members of the object that came as body, and what is wrong with them.
pub(crate) struct Members {
    object: Map<String, Value>,
    violations: Vec<Violation>,
}

impl Members {
    /// Reads a whole body.
    pub(crate) fn read_body<T: FromBody>(body: Value) -> Result<T, Problem> {
        let Value::Object(object) = body else {
            let violation =
                Violation { pointer: String::new(), detail: "must be an object".into() };
            return Err(Error::Invalid(vec![violation]).into());
        };
        let mut members = Self { object, violations: Vec::new() };
        match T::from_body(&mut members) {
            Some(read) if members.violations.is_empty() => Ok(read),
            _ => Err(Error::Invalid(members.violations).into()),
        }
    }

    /// A member that must be there.
    pub(crate) fn required<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Value) -> Read<T>,
    ) -> Option<T> {
        let read = self.optional(name, read)?;
        if read.is_none() {
            self.violations.push(Violation::of(name, "is missing"));
        }
        read
    }

    /// A member that may be left out: `Some(None)` then.
    #[expect(clippy::option_option, reason = "the outer one tells a wrong member from none")]
    pub(crate) fn optional<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Value) -> Read<T>,
    ) -> Option<Option<T>> {
        let Some(value) = self.object.remove(name) else { return Some(None) };
        match read(value) {
            Ok(read) => Some(Some(read)),
            Err(wrong) => {
                let violation = |Wrong { within, detail }| {
                    Violation::of(format_args!("{name}{within}"), detail)
                };
                self.violations.extend(wrong.into_iter().map(violation));
                None
            }
        }
    }
}

/// The longest list of ids.
const MAX_IDS: usize = 10_000;

/// What a value stands for, or all that is wrong with it.
pub(crate) type Read<T> = Result<T, Vec<Wrong>>;

/// Why a value can't be read, and where inside it.
pub(crate) struct Wrong {
    within: String,
    detail: String,
}

fn wrong<T>(detail: impl Into<String>) -> Read<T> {
    Err(vec![Wrong { within: String::new(), detail: detail.into() }])
}

/// Reads a string, and what it stands for.
pub(crate) fn text<T>(
    parse: impl FnOnce(String) -> Result<T, String>,
) -> impl FnOnce(Value) -> Read<T> {
    |value| match value {
        Value::String(text) => parse(text).or_else(wrong),
        _ => wrong("must be a string"),
    }
}

/// Reads `true` or `false`.
pub(crate) fn boolean(value: Value) -> Read<bool> {
    value.as_bool().map_or_else(|| wrong("must be true or false"), Ok)
}

/// Reads a positive 64-bit integer.
pub(crate) fn id(value: Value) -> Read<i64> {
    let id = value.as_i64().filter(|&id| id > 0);
    id.map_or_else(|| wrong("must be a positive integer"), Ok)
}

/// Reads a list of positive 64-bit integers.
pub(crate) fn ids(value: Value) -> Read<Vec<i64>> {
    let Value::Array(values) = value else { return wrong("must be a list of integers") };
    if values.len() > MAX_IDS {
        return wrong(format!("must have at most {MAX_IDS} entries"));
    }
    let (mut ids, mut all_wrong) = (Vec::new(), Vec::new());
    for (at, value) in values.into_iter().enumerate() {
        match id(value) {
            Ok(id) => ids.push(id),
            Err(wrong) => {
                let at = |wrong| Wrong { within: format!("/{at}"), ..wrong };
                all_wrong.extend(wrong.into_iter().map(at));
            }
        }
    }
    if all_wrong.is_empty() { Ok(ids) } else { Err(all_wrong) }
}

/// Reads a time of RFC 3339, of the years 1 to 9999 in UTC.
pub(crate) fn time(value: Value) -> Read<DateTime<Utc>> {
    let time = value.as_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    match time.map(|time| clock::in_microseconds(time.to_utc())) {
        Some(time) if (1..=9999).contains(&time.year()) => Ok(time),
        _ => wrong("must be a time such as 2026-11-22T10:00:00Z"),
    }
}
