//! What serves: settings, start-up, connections, the log.

mod application;
pub mod logging;
pub(crate) mod preparation;
pub(crate) mod secret;
pub mod settings;
mod starting;

pub use application::{Application, StartError};
pub use settings::Settings;
