//! Migrations, up and down, on whichever database the tests run on.

#![expect(clippy::unwrap_used, reason = "a test that can't continue fails on the spot")]

mod citus;
mod command_line;
mod concurrent;
mod lookalike;
mod rows;
mod schema;

use migration::{Command, Lock, apply, connect};
use testkit::TestDatabase;

/// Changes the schema on a new connection.
async fn migrate(database: &TestDatabase, command: Command) {
    let connection = connect(database.url(), None).await.unwrap();
    apply(&connection, Lock::default(), command).await.unwrap();
    connection.close().await.unwrap();
}

/// Reverts everything from the migration whose name starts like this.
fn down_to_before(name: &str) -> Command {
    let from = testkit::migrations().into_iter().skip_while(|known| !known.starts_with(name));
    Command::Down { num: from.count().try_into().unwrap() }
}

/// The migrations that are applied, oldest first.
async fn applied(database: &TestDatabase) -> Vec<String> {
    let connection = connect(database.url(), None).await.unwrap();
    let status = migration::status(&connection).await.unwrap();
    connection.close().await.unwrap();
    status.into_iter().filter(|step| step.applied).map(|step| step.name).collect()
}
