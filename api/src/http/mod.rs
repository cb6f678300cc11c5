//! HTTP: extractors, middleware, failures, replies, the route table and the OpenAPI document. Knows neither
//! the resources of the API nor the server.

pub(crate) mod bounded;
pub(crate) mod connection;
pub(crate) mod connections;
pub(crate) mod cursor;
pub(crate) mod etag;
pub(crate) mod extract;
mod incoming;
pub(crate) mod kept;
pub(crate) mod metrics;
pub(crate) mod middleware;
pub(crate) mod ndjson;
mod network;
pub(crate) mod openapi;
pub(crate) mod permit;
pub(crate) mod problem;
mod process;
mod public_url;
pub(crate) mod reply;
pub mod routing;
pub(crate) mod schema;
pub(crate) mod server_timing;
pub(crate) mod session_cookie;
pub(crate) mod shares;
pub(crate) mod site;
pub(crate) mod state;
mod trace;

pub use metrics::Metrics;
pub use network::Network;
pub use public_url::PublicUrl;
pub(crate) use state::{Readiness, State};
