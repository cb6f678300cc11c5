//! What `sea-orm-cli migrate` runs: the same migrations, under the same lock, as the service's.

use std::{
    io::{self, ErrorKind, Write},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::Parser;
use log::LevelFilter;
use migration::{
    Command, Lock, LockKind, MigrationError, connect,
    settings::{self, Environment, Reader, SettingsError},
    sqlite_file,
};

/// Change the schema of a Teamnotes database
///
/// The settings come from the environment and from .env in the working directory; the options
/// override them.
#[derive(Debug, Parser)]
#[command(name = "migration", version)]
struct Arguments {
    /// The database: sqlite:FILE or postgres://… [env: DATABASE_URL, DATABASE_URL_FILE]
    #[arg(short = 'u', long, global = true)]
    database_url: Option<String>,
    /// The PostgreSQL schema that holds the tables [env: DATABASE_SCHEMA]
    #[arg(short = 's', long, global = true)]
    database_schema: Option<String>,
    /// Seconds to wait for another process that is migrating [env: MIGRATION_LOCK_TIMEOUT]
    #[arg(long, global = true, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    lock_timeout: Option<u64>,
    /// What keeps two processes from migrating at once [env: MIGRATION_LOCK]
    #[arg(long, global = true)]
    lock: Option<LockKind>,
    /// Has no effect: what was done is always printed. sea-orm-cli passes it
    #[arg(short, long, global = true)]
    verbose: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

/// The combination of options and settings.
struct Plan {
    url: String,
    schema: Option<String>,
    lock: Lock,
    command: Command,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("{} does not exist: `up` creates it", .0.display())]
    Missing(PathBuf),
    #[error(transparent)]
    Migration(#[from] MigrationError),
    #[error("can't write to standard output: {0}")]
    Output(#[from] io::Error),
}

#[tokio::main]
async fn main() -> ExitCode {
    env_logger::Builder::new()
        .filter_level(LevelFilter::Warn)
        .format(|out, record| writeln!(out, "warning: {}", record.args()))
        .init();
    match run(Arguments::parse()).await {
        // The reader of the output has seen enough.
        Err(Failure::Output(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // There is nowhere to report that standard error can't be written to.
            let _ = match migration::details(&failure) {
                None => writeln!(io::stderr(), "error: {failure}"),
                Some(details) => writeln!(io::stderr(), "error: {failure} ({details})"),
            };
            ExitCode::from(if matches!(failure, Failure::Settings(_)) { 2 } else { 1 })
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Plan { url, schema, lock, command } = plan(arguments)?;
    if let Some(file) = sqlite_file::of(&url).filter(|file| !file.exists())
        && !command.creates_database()
    {
        return Err(Failure::Missing(file));
    }
    let db = connect(&url, schema.as_deref()).await?;
    let done = command.run(&db, lock).await;
    let closed = db.close().await;
    let migrations = done?;
    closed.map_err(MigrationError::from)?;
    let mut out = io::stdout().lock();
    for migration in migrations {
        writeln!(out, "{migration}")?;
    }
    Ok(out.flush()?)
}

fn plan(arguments: Arguments) -> Result<Plan, SettingsError> {
    let mut environment = Environment::load()?;
    if let Some(url) = arguments.database_url.filter(|url| !url.is_empty()) {
        environment.set(&settings::DATABASE_URL, url);
    }
    let mut reader = Reader::new(&environment);
    let url = reader.database_url();
    if !environment.has(&settings::DATABASE_URL) {
        reader.reject(&settings::DATABASE_URL, "is not set, and no --database-url is given");
    }
    let mut lock = reader.migration_lock();
    lock.kind = arguments.lock.unwrap_or(lock.kind);
    lock.timeout = arguments.lock_timeout.map_or(lock.timeout, Duration::from_secs);
    let schema = environment.get("DATABASE_SCHEMA").map(|name| name.to_string_lossy().into_owned());
    let schema = arguments.database_schema.or(schema).filter(|name| !name.is_empty());
    let command = arguments.command.unwrap_or(Command::Up { num: None });
    reader.finish(Plan { url, schema, lock, command })
}
