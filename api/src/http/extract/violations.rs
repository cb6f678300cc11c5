use std::{fmt::Display, ops::ControlFlow};

use deserr::{
    DeserializeError, Deserr, ErrorKind, IntoValue, MergeWithError, ValueKind, ValuePointerRef,
};
use serde_json::Value;
use service::{Error, Violation};
use utoipa::{
    PartialSchema,
    openapi::{RefOr, Schema},
};

use crate::http::problem::{MAX_VIOLATIONS, Problem};

/// Everything wrong with a body: reading continues after a violation, so that all are reported at once.
#[derive(Debug)]
pub(crate) struct Violations(Vec<Violation>);

/// Reads a JSON value. Unknown members are ignored; violations come in the order of the schema.
pub(super) fn read<T: Deserr<Violations> + PartialSchema>(json: Value) -> Result<T, Problem> {
    deserr::deserialize(json).map_err(|Violations(mut violations)| {
        let schema = T::schema();
        violations.sort_by_key(|Violation { pointer, .. }| position(&schema, pointer));
        Error::Invalid(violations).into()
    })
}

/// The position in the schema of the member that this points into.
fn position(schema: &RefOr<Schema>, pointer: &str) -> Option<usize> {
    let RefOr::T(Schema::Object(object)) = schema else { return None };
    object.properties.get_index_of(pointer.split('/').nth(1)?)
}

impl Violations {
    fn with(
        known: Option<Self>,
        at: ValuePointerRef<'_>,
        detail: String,
    ) -> ControlFlow<Self, Self> {
        let violation = Violation { pointer: pointer(&at), detail };
        Self::merge(known, Self(vec![violation]), at)
    }
}

impl DeserializeError for Violations {
    fn error<V: IntoValue>(
        known: Option<Self>,
        error: ErrorKind<'_, V>,
        at: ValuePointerRef<'_>,
    ) -> ControlFlow<Self, Self> {
        let detail = match error {
            ErrorKind::MissingField { field } => {
                return Self::with(known, at.push_key(field), "is missing".into());
            }
            ErrorKind::IncorrectValueKind { accepted, .. } => expected(accepted).into(),
            ErrorKind::UnknownValue { accepted, .. } => {
                format!("must be {}", accepted.join(" or "))
            }
            ErrorKind::BadSequenceLen { expected, .. } => format!("must have {expected} entries"),
            ErrorKind::UnknownKey { key, .. } => format!("has the unknown member {key:?}"),
            ErrorKind::Unexpected { msg } => msg,
        };
        Self::with(known, at, detail)
    }
}

impl MergeWithError<Self> for Violations {
    fn merge(
        known: Option<Self>,
        Self(more): Self,
        _: ValuePointerRef<'_>,
    ) -> ControlFlow<Self, Self> {
        let mut all = known.map(|Self(known)| known).unwrap_or_default();
        all.extend(more);
        if all.len() < MAX_VIOLATIONS {
            return ControlFlow::Continue(Self(all));
        }
        all.truncate(MAX_VIOLATIONS);
        ControlFlow::Break(Self(all))
    }
}

/// The error of a `parse` function of the domain.
impl<E: Display> MergeWithError<E> for Violations {
    fn merge(known: Option<Self>, error: E, at: ValuePointerRef<'_>) -> ControlFlow<Self, Self> {
        Self::with(known, at, error.to_string())
    }
}

/// The location as a JSON pointer (RFC 6901).
fn pointer(at: &ValuePointerRef<'_>) -> String {
    match at {
        ValuePointerRef::Origin => String::new(),
        ValuePointerRef::Key { key, prev } => format!("{}/{key}", pointer(prev)),
        ValuePointerRef::Index { index, prev } => format!("{}/{index}", pointer(prev)),
    }
}

fn expected(accepted: &[ValueKind]) -> &'static str {
    match accepted.first() {
        Some(ValueKind::Boolean) => "must be true or false",
        Some(ValueKind::Integer | ValueKind::NegativeInteger) => "must be an integer",
        Some(ValueKind::Float) => "must be a number",
        Some(ValueKind::String) => "must be a string",
        Some(ValueKind::Sequence) => "must be an array",
        Some(ValueKind::Map) => "must be an object",
        Some(ValueKind::Null) | None => "must not be given",
    }
}
