//! What serves: settings, start-up, connections, the log.

mod application;
pub mod config;
pub mod logging;
pub(crate) mod preparation;
pub(crate) mod secret;
mod starting;

pub use application::{Application, StartError};
pub use config::Settings;
