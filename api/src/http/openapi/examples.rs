use serde_json::{Value, json};
use utoipa::openapi::{KnownFormat, Object, RefOr, Schema, SchemaFormat, Type, schema::SchemaType};

/// Gives an example to each member that has none, if its type says enough.
pub(super) fn complete(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => object.properties.values_mut().for_each(member),
        RefOr::T(Schema::AllOf(all)) => all.items.iter_mut().for_each(complete),
        _ => {}
    }
}

/// Gives an example to a member or to a parameter.
pub(super) fn member(schema: &mut RefOr<Schema>) {
    if let RefOr::T(Schema::Object(object)) = schema
        && object.example.is_none()
        && object.examples.is_empty()
    {
        object.examples.extend(of(object));
    }
}

fn of(object: &Object) -> Option<Value> {
    let is_time = object.format == Some(SchemaFormat::KnownFormat(KnownFormat::DateTime));
    match object.schema_type {
        SchemaType::Type(Type::Boolean) => Some(json!(true)),
        SchemaType::Type(Type::Integer) => Some(json!(3)),
        SchemaType::Type(Type::String) if is_time => Some(json!("2026-11-22T10:00:00Z")),
        _ => None,
    }
}
