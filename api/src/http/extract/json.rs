use std::{collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::Value;

/// Parses JSON. Duplicate members of an object are rejected: a proxy that inspected the body may have read
/// the other one.
///
/// # Errors
/// Why the text is rejected.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, String> {
    let invalid = |error| format!("the request body is not valid JSON: {error}");
    let value: Value = serde_json::from_slice(bytes).map_err(invalid)?;
    if value.is_object() {
        let Members { duplicate } = serde_json::from_slice(bytes).map_err(invalid)?;
        if let Some(name) = duplicate {
            return Err(format!("duplicate member {name:?}"));
        }
    }
    Ok(value)
}

/// The names of an object's members.
struct Members {
    /// One that occurs more than once.
    duplicate: Option<String>,
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Members, A::Error> {
        let mut names = HashSet::new();
        let mut duplicate = None;
        while let Some((name, IgnoredAny)) = members.next_entry::<String, _>()? {
            if let Some(name) = names.replace(name) {
                duplicate.get_or_insert(name);
            }
        }
        Ok(Members { duplicate })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicate_members_are_found_however_they_are_escaped() {
        for once in ["{}", r#"{"a": 1, "A": 2}"#, r#"{"a": {"a": [{"a": 1}]}}"#, "[1, 1]"] {
            assert!(parse(once.as_bytes()).is_ok(), "{once}");
        }
        for twice in [r#"{"a": 1, "a": 1}"#, r#"{"a": 1, "b": {}, "\u0061": null}"#] {
            assert!(parse(twice.as_bytes()).is_err(), "{twice}");
        }
    }
}
