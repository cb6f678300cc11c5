//! What speaks HTTP: extractors, middleware, failures, replies.

pub(crate) mod connection;
pub(crate) mod extract;
pub(crate) mod metrics;
pub(crate) mod middleware;
mod network;
pub mod openapi;
pub(crate) mod problem;
pub mod routing;
pub(crate) mod state;

pub use metrics::Metrics;
pub use network::Network;
pub(crate) use state::{Readiness, State};
