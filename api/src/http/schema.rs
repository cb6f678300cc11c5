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
    integer()
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(1))
        .maximum(Some(i64::MAX))
        .examples([7])
}

/// A string without NUL, which no text may have.
pub(crate) fn text() -> ObjectBuilder {
    string().pattern(Some(r"^[^\u0000]*$"))
}

/// A string without control characters.
pub(crate) fn line() -> ObjectBuilder {
    string().pattern(Some(r"^[^\u0000-\u001F\u007F-\u009F]*$"))
}

/// A string without control characters, except for tabs and line breaks.
pub(crate) fn lines() -> ObjectBuilder {
    string().pattern(Some(r"^[^\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]*$"))
}

/// An integer.
pub(crate) fn integer() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer)
}
