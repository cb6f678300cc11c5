//! Endpoints for operators and their tools.

pub(crate) mod docs;
pub(crate) mod health;
pub(crate) mod metrics;
