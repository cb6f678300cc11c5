//! Running the service: settings, startup, the HTTP servers, the log.

mod acceptor;
mod application;
mod database;
mod error;
pub(crate) mod findings;
mod first_admin;
mod http_server;
mod log_writer;
pub mod logging;
pub(crate) mod secret;
pub mod settings;
mod sockets;
mod visible;

pub use application::Application;
pub use error::StartError;
pub(crate) use error::describe;
pub use settings::Settings;
pub(crate) use visible::{is_invisible, visible};
