//! The query: each parameter once, and none that is unknown.

use std::{fmt::Display, ops::ControlFlow};

use deserr::{
    DeserializeError, Deserr, ErrorKind, IntoValue, MergeWithError, ValuePointerRef,
    take_cf_content,
};
use percent_encoding::percent_decode;
use serde_json::{Map, Value};

use crate::http::{
    problem::Problem,
    schema::{describe, text},
};

/// More parameters than any endpoint has.
const MAX_PARAMETERS: usize = 16;

/// The parameters of a query, each of which is given once.
pub(crate) struct Parameters(Map<String, Value>);

impl Parameters {
    /// Parses a query string.
    pub(crate) fn parse(query: &str) -> Result<Self, Problem> {
        let mut parameters = Map::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name).ok_or_else(|| bad("parameter name", "is not UTF-8"))?;
            let value = decode(value).ok_or_else(|| bad(&name, "is not UTF-8"))?;
            if value.contains('\0') {
                return Err(bad(&name, "must not contain NUL"));
            }
            if parameters.len() == MAX_PARAMETERS {
                return Err(Problem::BadRequest("too many query parameters".into()));
            }
            if parameters.contains_key(&name) {
                return Err(Problem::BadRequest(format!("duplicate query parameter: {name}")));
            }
            parameters.insert(name, Value::String(value));
        }
        Ok(Self(parameters))
    }

    /// Removes and returns the parameters with these names.
    pub(super) fn split_off(&mut self, names: &[&str]) -> Self {
        Self(names.iter().filter_map(|name| self.0.remove_entry(*name)).collect())
    }

    /// Removes the parameter with this name and returns its value.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        match self.0.remove(name) {
            Some(Value::String(value)) => Some(value),
            _ => None,
        }
    }

    /// These parameters and others.
    pub(super) fn and(&self, others: &Self) -> Self {
        Self(self.0.clone().into_iter().chain(others.0.clone()).collect())
    }

    /// A query string of the parameters, ordered by name.
    pub(super) fn encode(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.0 {
            query.append_pair(name, value.as_str().unwrap_or_default());
        }
        query.finish()
    }

    /// Reads all of them.
    pub(crate) fn read<T: Deserr<BadParameter>>(self) -> Result<T, Problem> {
        deserr::deserialize(Value::Object(self.0))
            .map_err(|BadParameter(detail)| Problem::BadRequest(detail))
    }

    /// Rejects any parameter.
    pub(crate) fn require_none(self) -> Result<(), Problem> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => Err(Problem::BadRequest(unknown(name))),
        }
    }
}

/// Decodes form encoding; `None` if the result is not UTF-8.
fn decode(text: &str) -> Option<String> {
    let with_spaces = text.replace('+', " ");
    percent_decode(with_spaces.as_bytes()).decode_utf8().ok().map(String::from)
}

fn bad(name: &str, detail: &str) -> Problem {
    Problem::BadRequest(format!("{name} {detail}"))
}

fn unknown(name: &str) -> String {
    format!("unknown query parameter: {name}")
}

/// Why a parameter is rejected, with its name; reading stops at the first.
#[derive(Debug)]
pub(crate) struct BadParameter(String);

impl DeserializeError for BadParameter {
    fn error<V: IntoValue>(
        _: Option<Self>,
        error: ErrorKind<'_, V>,
        at: ValuePointerRef<'_>,
    ) -> ControlFlow<Self, Self> {
        let detail = match error {
            ErrorKind::UnknownKey { key, .. } => return ControlFlow::Break(Self(unknown(key))),
            ErrorKind::MissingField { field } => format!("{field} is missing"),
            ErrorKind::UnknownValue { accepted, .. } => {
                format!("must be {}", accepted.join(" or "))
            }
            ErrorKind::Unexpected { msg } => msg,
            ErrorKind::IncorrectValueKind { .. } | ErrorKind::BadSequenceLen { .. } => {
                "has the wrong type".into()
            }
        };
        Self::merge(None, detail, at)
    }
}

impl MergeWithError<Self> for BadParameter {
    fn merge(_: Option<Self>, error: Self, _: ValuePointerRef<'_>) -> ControlFlow<Self, Self> {
        ControlFlow::Break(error)
    }
}

impl<E: Display> MergeWithError<E> for BadParameter {
    fn merge(_: Option<Self>, error: E, at: ValuePointerRef<'_>) -> ControlFlow<Self, Self> {
        let name = at.last_field().unwrap_or_default();
        ControlFlow::Break(Self(format!("{name} {error}").trim().to_owned()))
    }
}

/// Reads `true` or `false`.
pub(crate) fn flag(text: String) -> Result<Option<bool>, &'static str> {
    text.parse().map(Some).map_err(|_parse| "must be true or false")
}

/// Reads a plain decimal number.
pub(crate) fn number(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// Text to search for, ignoring case.
#[derive(Clone, Debug)]
pub(crate) struct SearchText(pub(crate) String);

impl SearchText {
    /// The maximum length in characters.
    pub(crate) const MAX_CHARS: usize = 200;

    fn parse(text: String) -> Result<Self, String> {
        if text.chars().count() > Self::MAX_CHARS {
            return Err(format!("must be at most {} characters long", Self::MAX_CHARS));
        }
        Ok(Self(text))
    }
}

impl Deserr<BadParameter> for SearchText {
    fn deserialize_from_value<V: IntoValue>(
        value: deserr::Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, BadParameter> {
        let text = String::deserialize_from_value(value, at)?;
        Self::parse(text).map_err(|error| take_cf_content(BadParameter::merge(None, error, at)))
    }
}

describe!(SearchText as "SearchText": text()
    .max_length(Some(SearchText::MAX_CHARS))
    .examples(["backup"]));
