//! What `sea-orm-cli migrate` runs: the same migrations under the same lock as the service's.

use std::{process::ExitCode, time::Duration};

use clap::{Parser, ValueEnum};
use migration::{Command, Lock, LockKind, MigrationError, connect, database_url};

/// Change the schema of a Teamnotes database.
#[derive(Debug, Parser)]
#[command(name = "migration", version)]
struct Arguments {
    /// The database: sqlite:FILE or postgres://…
    #[arg(short = 'u', long, global = true, env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// The PostgreSQL schema that holds the tables
    #[arg(short = 's', long, global = true, env = "DATABASE_SCHEMA")]
    database_schema: Option<String>,
    /// How long to wait for another process that migrates, in seconds
    #[arg(long, global = true, env = "MIGRATION_LOCK_TIMEOUT", default_value = "60", value_parser = seconds)]
    lock_timeout: Duration,
    /// What keeps two processes from migrating at once
    #[arg(long, global = true, env = "MIGRATION_LOCK", default_value = "auto", value_parser = lock_kind)]
    lock: LockKind,
    /// Accepted for sea-orm-cli, and without effect: what is done is always printed
    #[arg(short, long, global = true)]
    verbose: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

/// An empty variable counts as unset.
fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        _ if text.is_empty() => Ok(Lock::default().timeout),
        Ok(seconds @ 1..=3_600) => Ok(Duration::from_secs(seconds)),
        _ => Err("must be an integer from 1 to 3600".into()),
    }
}

/// An empty variable counts as unset.
fn lock_kind(text: &str) -> Result<LockKind, String> {
    if text.is_empty() { Ok(LockKind::Auto) } else { LockKind::from_str(text, false) }
}

#[tokio::main]
async fn main() -> ExitCode {
    let dotenv = dotenvy::dotenv();
    if let Err(error) = dotenv
        && !error.not_found()
    {
        eprintln!("error: .env can't be read: {error}");
        return ExitCode::from(2);
    }
    match run(Arguments::parse()).await {
        Ok(status) => status,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode, MigrationError> {
    let Some(url) = arguments.database_url.filter(|url| !url.is_empty()) else {
        eprintln!("error: DATABASE_URL is not set, and no --database-url is given");
        return Ok(ExitCode::from(2));
    };
    if let Err(why) = database_url::check(&url) {
        eprintln!("error: DATABASE_URL {why}");
        return Ok(ExitCode::from(2));
    }
    let lock = Lock { kind: arguments.lock, timeout: arguments.lock_timeout };
    let schema = arguments.database_schema.filter(|schema| !schema.is_empty());
    let command = arguments.command.unwrap_or(Command::Up { num: None });
    let db = connect(&url, schema.as_deref()).await?;
    command.run(&db, lock).await?;
    Ok(ExitCode::SUCCESS)
}
