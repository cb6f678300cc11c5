//! The parameter `fields`: which members an answer is to have.

use std::{collections::BTreeMap, marker::PhantomData};

use serde::{
    Serialize, Serializer,
    ser::{Error, SerializeMap},
};
use serde_json::{Value, to_value};
use utoipa::{
    ToSchema,
    openapi::{
        RefOr, Schema,
        path::{Parameter, ParameterBuilder, ParameterIn},
        schema::ArrayItems,
    },
};

use crate::http::schema::string;

/// Which members an answer with bodies of type `T` is to have; all, unless some are named.
pub(crate) struct Fields<T> {
    selection: Option<Selection>,
    body: PhantomData<fn(&T)>,
}

/// Members, in the order in which they were named; `None` selects all of a member.
#[derive(Debug, Default, PartialEq, Eq)]
struct Selection(Vec<(String, Option<Selection>)>);

/// The members of a type, and theirs.
#[derive(Default)]
struct Members(BTreeMap<String, Members>);

impl<T: ToSchema> Fields<T> {
    /// Reads the parameter. These members of `T` are not included.
    pub(super) fn parse(text: Option<&str>, left_out: &[&str]) -> Result<Self, String> {
        let selection = text.map(|text| Selection::parse(text, &Members::of::<T>(), left_out));
        Ok(Self { selection: selection.transpose()?, body: PhantomData })
    }
}

impl<T: Serialize> Fields<T> {
    /// The body as it is to be sent.
    pub(crate) fn of<'a>(&'a self, body: &'a T) -> impl Serialize + use<'a, T> {
        Selected { selection: self.selection.as_ref(), body }
    }
}

impl Members {
    fn of<T: ToSchema>() -> Self {
        let mut schemas = Vec::new();
        T::schemas(&mut schemas);
        Self::in_schema(&T::schema(), &schemas.into_iter().collect())
    }

    fn in_schema(schema: &RefOr<Schema>, named: &BTreeMap<String, RefOr<Schema>>) -> Self {
        let schema = match schema {
            RefOr::T(schema) => schema,
            RefOr::Ref(reference) => {
                let name = reference.ref_location.rsplit('/').next().unwrap_or_default();
                let found = named.get(name).map(|schema| Self::in_schema(schema, named));
                return found.unwrap_or_default();
            }
        };
        let of_all = |parts: &[RefOr<Schema>]| {
            Self(parts.iter().flat_map(|part| Self::in_schema(part, named).0).collect())
        };
        match schema {
            Schema::Object(object) => {
                let member = |(name, of): (&String, _)| (name.clone(), Self::in_schema(of, named));
                Self(object.properties.iter().map(member).collect())
            }
            Schema::Array(array) => match &array.items {
                ArrayItems::RefOrSchema(items) => Self::in_schema(items, named),
                ArrayItems::False => Self::default(),
            },
            Schema::AllOf(all) => of_all(&all.items),
            Schema::OneOf(one) => of_all(&one.items),
            Schema::AnyOf(any) => of_all(&any.items),
            _ => Self::default(),
        }
    }
}

impl Selection {
    fn parse(text: &str, members: &Members, left_out: &[&str]) -> Result<Self, String> {
        let mut selection = Self::default();
        for path in text.split(',') {
            let names: Vec<&str> = path.split('.').collect();
            let known = names.iter().try_fold(members, |members, name| members.0.get(*name));
            if known.is_none() {
                return Err(format!("has an unknown member: {path}"));
            }
            if names.first().is_some_and(|name| left_out.contains(name)) {
                return Err(format!("has a member that is not included: {path}"));
            }
            selection.add(&names);
        }
        Ok(selection)
    }

    fn add(&mut self, names: &[&str]) {
        let Some((name, rest)) = names.split_first() else { return };
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, whole @ Some(_))) if rest.is_empty() => *whole = None,
            Some((_, Some(part))) => part.add(rest),
            Some((_, None)) => {}
            None => {
                let part = (!rest.is_empty()).then(|| {
                    let mut part = Self::default();
                    part.add(rest);
                    part
                });
                self.0.push(((*name).to_owned(), part));
            }
        }
    }
}

struct Selected<'a, T> {
    selection: Option<&'a Selection>,
    body: &'a T,
}

impl<T: Serialize> Serialize for Selected<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(selection) = self.selection else { return self.body.serialize(serializer) };
        let value = to_value(self.body).map_err(S::Error::custom)?;
        Part { selection, value: &value }.serialize(serializer)
    }
}

/// The selected members of a value, or of each item of a list.
struct Part<'a> {
    selection: &'a Selection,
    value: &'a Value,
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { selection, value } = self;
        match value {
            Value::Array(items) => {
                serializer.collect_seq(items.iter().map(|value| Self { selection, value }))
            }
            Value::Object(members) => {
                let mut object = serializer.serialize_map(None)?;
                for (name, part) in &selection.0 {
                    match (members.get(name), part) {
                        (Some(value), None) => object.serialize_entry(name, value)?,
                        (Some(value), Some(selection)) => {
                            object.serialize_entry(name, &Part { selection, value })?;
                        }
                        (None, _) => {}
                    }
                }
                object.end()
            }
            other => other.serialize(serializer),
        }
    }
}

/// The parameter.
pub(super) fn parameter<T: ToSchema>() -> Parameter {
    let first = Members::of::<T>().0.into_keys().next();
    ParameterBuilder::new()
        .name("fields")
        .parameter_in(ParameterIn::Query)
        .description(Some(
            "The members to return, separated by commas, with a dot before each nested one, as in `user.name`. \
             All others are left out, even those that the schema requires.",
        ))
        .example(first.map(Into::into))
        .schema(Some(string().min_length(Some(1))))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(names: &[(&str, &[&str])]) -> Members {
        let nested = |names: &[&str]| {
            Members(names.iter().map(|name| ((*name).to_owned(), Members::default())).collect())
        };
        Members(names.iter().map(|(name, of)| ((*name).to_owned(), nested(of))).collect())
    }

    fn selected(text: &str, value: &Value) -> Result<String, String> {
        let known = members(&[("id", &[]), ("user", &["id", "name"]), ("notes", &["id"])]);
        let selection = Selection::parse(text, &known, &["notes"])?;
        Ok(serde_json::to_string(&Part { selection: &selection, value }).unwrap())
    }

    #[test]
    fn members_are_selected_in_the_order_in_which_they_are_named() {
        let value = serde_json::json!({ "id": 1, "user": { "id": 2, "name": "A" } });
        for (text, expected) in [
            ("user,id", r#"{"user":{"id":2,"name":"A"},"id":1}"#),
            ("user.name,user.id", r#"{"user":{"name":"A","id":2}}"#),
            ("user.name,user", r#"{"user":{"id":2,"name":"A"}}"#),
            ("user,user.name,id,id", r#"{"user":{"id":2,"name":"A"},"id":1}"#),
        ] {
            assert_eq!(selected(text, &value).as_deref(), Ok(expected), "{text}");
        }
        let list = serde_json::json!([{ "id": 1, "user": null }]);
        assert_eq!(selected("user.id", &list).as_deref(), Ok(r#"[{"user":null}]"#));
    }

    #[test]
    fn unknown_members_and_those_that_are_not_included_are_named() {
        for text in ["", "x", "id.x", "user.x", "user.", ".user", "id,", " id", "Id"] {
            let path = text.split(',').next_back().unwrap();
            let error = selected(text, &Value::Null).unwrap_err();
            assert_eq!(error, format!("has an unknown member: {path}"));
        }
        let error = selected("id,notes.id", &Value::Null).unwrap_err();
        assert_eq!(error, "has a member that is not included: notes.id");
    }
}
