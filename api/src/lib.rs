//! The HTTP interface of Teamnotes: [`Application`] serves the routes of [`routes`]; each resource
//! has a module with its bodies and its handlers.

mod application;
pub mod cli;
pub mod config;
mod connection;
mod docs;
mod extract;
mod health;
pub mod logging;
mod metrics;
mod middleware;
mod notes;
pub mod openapi;
mod preparation;
mod problem;
mod reading_list;
pub mod routes;
mod routing;
mod secret;
mod sessions;
mod starting;
mod state;
mod teams;
mod users;

pub use application::{Application, StartError};
pub use config::Settings;
pub use metrics::Metrics;
pub use state::State;
