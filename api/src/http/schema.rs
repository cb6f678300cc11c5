//! Schemas that take their limits from constants of the code.

use utoipa::openapi::{KnownFormat, ObjectBuilder, SchemaFormat, Type};

/// Describes a type by this schema, under this name.
macro_rules! describe {
    ($type:ty as $name:literal: $schema:expr) => {
        impl utoipa::PartialSchema for $type {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $schema.into()
            }
        }

        impl utoipa::ToSchema for $type {
            fn name() -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Borrowed($name)
            }
        }
    };
}

pub(crate) use describe;

/// A string.
pub(crate) fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// An id: a positive 64-bit integer.
pub(crate) fn id() -> ObjectBuilder {
    integer().format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64))).minimum(Some(1))
}

/// An integer.
pub(crate) fn integer() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer)
}
