//! The parameter `include`: what a resource includes.

use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};

use super::Parameters;
use crate::http::{problem::Problem, schema::string};

/// What a resource can include.
pub(crate) trait Includable: Copy + PartialEq + 'static {
    /// All of them: the names that clients use, and the members that they add.
    const ALL: &[(&str, Self, &[&str])];
    /// What is included unless the client says otherwise.
    const DEFAULT: &[Self];
}

/// What resources include that can't include anything.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nothing {}

impl Includable for Nothing {
    const ALL: &[(&str, Self, &[&str])] = &[];
    const DEFAULT: &[Self] = &[];
}

/// What a resource is to include.
pub(crate) struct Include<I>(Vec<I>);

impl<I: Includable> Include<I> {
    /// Whether this is included.
    pub(crate) fn has(&self, included: I) -> bool {
        self.0.contains(&included)
    }

    /// Includes this too.
    pub(crate) fn add(&mut self, included: I) {
        self.0.push(included);
    }

    /// The members that are missing since they are not included.
    pub(super) fn left_out(&self) -> Vec<&'static str> {
        let left_out = I::ALL.iter().filter(|(_, known, _)| !self.has(*known));
        left_out.flat_map(|(.., members)| members.iter().copied()).collect()
    }

    /// Takes the parameter, if the resource can include anything; elsewhere it is an unknown one.
    pub(super) fn take(parameters: &mut Parameters) -> Result<Self, Problem> {
        if I::ALL.is_empty() {
            return Ok(Self(Vec::new()));
        }
        match parameters.take("include") {
            None => Ok(Self(I::DEFAULT.to_vec())),
            Some(text) => Self::parse(&text).map_err(Problem::BadRequest),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let names = text.split(',').filter(|_| !text.is_empty());
        let find = |name: &str| match I::ALL.iter().find(|(known, ..)| *known == name) {
            Some((_, included, _)) => Ok(*included),
            None => Err(format!("include has an unknown name: {name}; known: {}", known::<I>())),
        };
        names.map(find).collect::<Result<_, _>>().map(Self)
    }
}

fn known<I: Includable>() -> String {
    I::ALL.iter().map(|(name, ..)| *name).collect::<Vec<_>>().join(", ")
}

/// The parameter, if the resource can include anything.
pub(super) fn parameter<I: Includable>() -> Option<Parameter> {
    let (example, ..) = I::ALL.first()?;
    let name = |included: &I| {
        let known = I::ALL.iter().find(|(_, known, _)| known == included);
        known.map_or("", |(name, ..)| *name)
    };
    let default: Vec<&str> = I::DEFAULT.iter().map(name).collect();
    let names: Vec<&str> = I::ALL.iter().map(|(name, ..)| *name).collect();
    let name = format!("({})", names.join("|"));
    let parameter = ParameterBuilder::new()
        .name("include")
        .parameter_in(ParameterIn::Query)
        .description(Some(format!(
            "What to include instead of the default: any of {}, separated by commas. If empty, nothing is \
             included.",
            names.join(", ")
        )))
        .example(Some((*example).into()))
        .schema(Some(
            string()
                .pattern(Some(format!("^({name}(,{name})*)?$")))
                .default(Some(default.join(",").into())),
        ));
    Some(parameter.build())
}
