//! The schema of the database, as commands and the start of the service change it.

pub use migration::Command;

use crate::{DbSettings, Error, Result};

/// Does what the command says, under the lock that all processes take, and prints the state of each
/// migration after it.
///
/// # Errors
/// When the database can't be reached, a migration fails (nothing is changed then), or the database
/// has one that this binary does not know.
pub async fn run(settings: &DbSettings, command: Command) -> Result<()> {
    let connection = migration::connect(&settings.url, None).await.map_err(Error::internal)?;
    command.run(&connection).await.map_err(Error::internal)?;
    connection.close().await.map_err(Error::internal)
}

/// Applies what is pending.
///
/// # Errors
/// As [`run`].
pub async fn bring_up_to_date(settings: &DbSettings) -> Result<()> {
    let connection = migration::connect(&settings.url, None).await.map_err(Error::internal)?;
    let up = Command::Up { num: None };
    migration::apply(&connection, up).await.map_err(Error::internal)?;
    connection.close().await.map_err(Error::internal)
}
