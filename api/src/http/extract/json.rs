use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

/// Parses JSON. Duplicate members of an object are rejected: a proxy that inspected the body may have read
/// the other one.
///
/// # Errors
/// Why the text is rejected.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, String> {
    match serde_json::from_slice(bytes) {
        Ok(Unambiguous(value)) => Ok(value),
        // The only error that is not one of syntax; without its position.
        Err(error) if error.is_data() => {
            let error = error.to_string();
            Err(error.rsplit_once(" at line ").map_or(error.clone(), |(what, _)| what.to_owned()))
        }
        Err(error) => Err(format!("the request body is not valid JSON: {error}")),
    }
}

/// A value without duplicate members.
struct Unambiguous(Value);

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UnambiguousVisitor).map(Self)
    }
}

struct UnambiguousVisitor;

impl<'de> Visitor<'de> for UnambiguousVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Unambiguous(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Unambiguous(value))) = members.next_entry::<String, _>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(format!("duplicate member {name:?}")));
            }
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicate_members_are_found_however_they_are_escaped() {
        for once in ["{}", r#"{"a": 1, "A": 2}"#, r#"{"a": {"a": [{"a": 1}, {"a": 1}]}}"#, "[1, 1]"]
        {
            assert!(parse(once.as_bytes()).is_ok(), "{once}");
        }
        for twice in [
            r#"{"a": 1, "a": 1}"#,
            r#"{"a": 1, "b": {}, "\u0061": null}"#,
            r#"{"b": [{}, {"c": {"a": 1, "a": 2}}]}"#,
        ] {
            assert_eq!(parse(twice.as_bytes()), Err("duplicate member \"a\"".into()), "{twice}");
        }
    }

    #[test]
    fn values_are_read_as_they_are() {
        let text =
            r#"[null, true, -1, 18446744073709551615, 1.5, "\ud83d\ude80", {"b": [], "a": {}}]"#;
        assert_eq!(parse(text.as_bytes()), Ok(serde_json::from_str(text).unwrap()));
        let error = parse(b"{\"a\": }").unwrap_err();
        assert!(error.starts_with("the request body is not valid JSON: "), "{error}");
    }
}
