//! What operators and their tools ask for.

pub(crate) mod docs;
pub(crate) mod health;
pub(crate) mod metrics;
