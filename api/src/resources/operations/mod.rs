//! Endpoints for operators and their tools.

pub(crate) mod docs;
pub(crate) mod health;
pub(crate) mod metrics;
pub(crate) mod page;
pub(crate) mod problems;
pub(crate) mod start;
