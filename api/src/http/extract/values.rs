//! Values in bodies that are not types of the domain.

use std::fmt::Display;

use chrono::{DateTime, Datelike, Utc};
use deserr::{Deserr, IntoValue, MergeWithError, Value, ValuePointerRef, take_cf_content};
use serde_json::json;
use service::clock;
use utoipa::openapi::schema::ArrayBuilder;

use super::Violations;
use crate::http::schema::{self, describe};

/// How many ids a body may list.
const MAX_IDS: usize = 1_000;

/// Reads a value of type `T`, then parses it.
pub(crate) fn parsed<T, U, V, E>(
    value: Value<V>,
    at: ValuePointerRef<'_>,
    parse: impl FnOnce(T) -> Result<U, E>,
) -> Result<U, Violations>
where
    T: Deserr<Violations>,
    V: IntoValue,
    E: Display,
{
    let value = T::deserialize_from_value(value, at)?;
    parse(value).map_err(|error| take_cf_content(Violations::merge(None, error, at)))
}

/// A time in RFC 3339, from the year 1 to 9999 in UTC.
impl Deserr<Violations> for DateTime<Utc> {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Violations> {
        parsed(value, at, |text: String| {
            DateTime::parse_from_rfc3339(&text)
                .map(|time| clock::in_microseconds(time.to_utc()))
                .ok()
                .filter(|time| (1..=9999).contains(&time.year()))
                .ok_or("must be an RFC 3339 time, such as 2026-11-22T10:00:00Z")
        })
    }
}

/// Accepts a list of at most [`MAX_IDS`] ids.
pub(crate) fn id_list<T>(ids: Vec<T>) -> Result<Vec<T>, String> {
    if ids.len() > MAX_IDS { Err(format!("must have at most {MAX_IDS} entries")) } else { Ok(ids) }
}

/// How many ids a call on many rows at once may list.
const MAX_BULK_IDS: usize = 500;

/// Accepts a list of 1 to [`MAX_BULK_IDS`] ids.
pub(crate) fn bulk_ids<T>(ids: Vec<T>) -> Result<Option<Vec<T>>, String> {
    match ids.len() {
        1..=MAX_BULK_IDS => Ok(Some(ids)),
        _ => Err(format!("must have 1 to {MAX_BULK_IDS} entries")),
    }
}

/// The schema of such a list.
pub(crate) struct BulkIds;

describe!(BulkIds as "BulkIds": ArrayBuilder::new()
    .items(schema::id())
    .description(Some("Ids; a repeated one counts once."))
    .examples([json!([7, 8])])
    .min_items(Some(1))
    .max_items(Some(MAX_BULK_IDS)));

/// The schema of a list of ids.
pub(crate) struct IdList;

describe!(IdList as "IdList": ArrayBuilder::new()
    .items(schema::id())
    .description(Some("Ids; a repeated one counts once."))
    .examples([json!([7, 8])])
    .max_items(Some(MAX_IDS)));
