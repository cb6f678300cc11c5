//! The parameter `sort`: a key, with `-` before it for the other direction.

use service::{Direction, Sort, SortKey};
use utoipa::openapi::{
    extensions::ExtensionsBuilder,
    path::{Parameter, ParameterBuilder, ParameterIn},
};

use crate::http::schema::string;

/// The order of lists that have only one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OneOrder;

impl SortKey for OneOrder {
    const NAMED: &[(&str, Self)] = &[];
    const DEFAULT: Sort<Self> = Sort { key: Self, direction: Direction::Ascending };
}

/// Reads the parameter.
pub(super) fn parse<K: SortKey>(text: &str) -> Result<Sort<K>, String> {
    let (direction, name) = match text.strip_prefix('-') {
        Some(name) => (Direction::Descending, name),
        None => (Direction::Ascending, text),
    };
    match K::NAMED.iter().find(|(known, _)| *known == name) {
        Some(&(_, key)) => Ok(Sort { key, direction }),
        None => {
            let names: Vec<&str> = K::NAMED.iter().map(|(name, _)| *name).collect();
            let names = names.join(", ");
            Err(format!("must be one of {names}, with - before it for descending order"))
        }
    }
}

/// The parameter, if the list can be sorted.
pub(super) fn parameter<K: SortKey>() -> Option<Parameter> {
    let default = write(K::DEFAULT)?;
    let values = K::NAMED.iter().flat_map(|&(_, key)| {
        [Direction::Ascending, Direction::Descending]
            .map(|direction| write(Sort { key, direction }))
    });
    // A sign can't be part of a constant's name, so generators are told another.
    let names =
        K::NAMED.iter().flat_map(|(name, _)| [(*name).into(), format!("{name}_descending")]);
    let names = ExtensionsBuilder::new().add("x-enum-varnames", names.collect::<Vec<String>>());
    let schema = string()
        .enum_values(Some(values.flatten()))
        .extensions(Some(names.build()))
        .default(Some(default.clone().into()));
    let parameter = ParameterBuilder::new()
        .name("sort")
        .parameter_in(ParameterIn::Query)
        .description(Some(
            "What the list is sorted by; `-` before it for descending order. Items with equal values are \
             sorted by id in the same direction. Names are compared ignoring case, by code point.",
        ))
        .example(Some(default.into()))
        .schema(Some(schema));
    Some(parameter.build())
}

/// The text of an order; `None` if there is no choice.
fn write<K: SortKey>(Sort { key, direction }: Sort<K>) -> Option<String> {
    let (name, _) = K::NAMED.iter().find(|(_, known)| *known == key)?;
    let sign = if direction == Direction::Descending { "-" } else { "" };
    Some(format!("{sign}{name}"))
}
