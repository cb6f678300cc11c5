use std::{collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, Visitor},
};
use serde_json::Value;

/// Reads JSON. An object with a member that comes twice is refused: whoever looked at it on the way
/// here may have taken the other one.
pub(super) fn parse(bytes: &[u8]) -> serde_json::Result<Value> {
    let value: Value = serde_json::from_slice(bytes)?;
    if value.is_object() {
        let Once = serde_json::from_slice(bytes)?;
    }
    Ok(value)
}

/// The members of an object, each of which comes once.
struct Once;

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Once;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Once, A::Error> {
        let mut names = HashSet::new();
        while let Some((name, IgnoredAny)) = members.next_entry::<String, _>()? {
            if names.contains(&name) {
                return Err(de::Error::custom(format_args!("the member {name:?} comes twice")));
            }
            names.insert(name);
        }
        Ok(Once)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_comes_once_however_it_is_spelled() {
        for once in [r#"{}"#, r#"{"a": 1, "A": 2}"#, r#"{"a": {"a": [{"a": 1}]}}"#, "[1, 1]"] {
            assert!(parse(once.as_bytes()).is_ok(), "{once}");
        }
        for twice in [r#"{"a": 1, "a": 1}"#, r#"{"a": 1, "b": {}, "\u0061": null}"#] {
            assert!(parse(twice.as_bytes()).is_err(), "{twice}");
        }
    }
}
