//! What `sea-orm-cli migrate` runs: the same migrations under the same lock as the service's.

use std::process::ExitCode;

use clap::Parser;
use migration::{Command, connect};

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
    /// Accepted for sea-orm-cli; the log is set by RUST_LOG
    #[arg(short, long, global = true)]
    verbose: bool,
    #[command(subcommand)]
    command: Option<Command>,
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
    let arguments = Arguments::parse();
    let Some(url) = arguments.database_url else {
        eprintln!("error: DATABASE_URL is not set, and no --database-url is given");
        return ExitCode::from(2);
    };
    let command = arguments.command.unwrap_or(Command::Up { num: None });
    let done = async {
        let db = connect(&url, arguments.database_schema.as_deref()).await?;
        command.run(&db).await
    };
    match done.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
