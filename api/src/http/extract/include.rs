use deserr::{Deserr, IntoValue, MergeWithError, Value, ValuePointerRef, take_cf_content};

use super::BadParameter;

/// What a resource can include.
pub(crate) trait Includable: Copy + PartialEq + 'static {
    /// All of them, by the names that clients use.
    const ALL: &[(&str, Self)];
}

/// The parameter `include`: a comma-separated list of what a resource includes.
#[derive(Clone)]
pub(crate) struct Include<T>(Vec<T>);

impl<T> Default for Include<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Includable> Include<T> {
    /// Whether this was requested.
    pub(crate) fn has(&self, included: T) -> bool {
        self.0.contains(&included)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let names = text.split(',').filter(|_| !text.is_empty());
        let find = |name: &str| T::ALL.iter().find(|(known, _)| *known == name);
        let found: Option<Vec<T>> =
            names.map(|name| find(name).map(|(_, included)| *included)).collect();
        found.map(Self).ok_or_else(|| {
            let known: Vec<&str> = T::ALL.iter().map(|(name, _)| *name).collect();
            format!("must be a comma-separated list of: {}", known.join(", "))
        })
    }
}

impl<T: Includable> Deserr<BadParameter> for Include<T> {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, BadParameter> {
        let text = String::deserialize_from_value(value, at)?;
        let rejected = |why| take_cf_content(BadParameter::merge(None, why, at));
        Self::parse(&text).map_err(rejected)
    }
}
