//! The command line.

mod demo;
mod doctor;
mod error;
mod healthcheck;
mod migrate;
mod output;
mod password;
mod progress;
mod settings;
mod transfer;
mod user;

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use error::CommandError;
use service::{Db, Passwords, Viewer, backup, sessions, users::UserKey};
use tokio::signal::unix::{SignalKind, signal};

use crate::{routes, server::Application, server::Settings, server::StartError, server::logging};

/// Teamnotes: notes, teams and reading lists over HTTP.
///
/// Settings come from the environment and from .env; `teamnotes settings` lists them.
#[derive(Debug, Parser)]
#[command(name = "teamnotes", version)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve requests until SIGTERM or SIGINT (the default command)
    Serve,
    /// Change the database schema
    Migrate(migrate::Arguments),
    /// Manage users
    #[command(subcommand)]
    User(user::Command),
    /// Manage sessions
    #[command(subcommand)]
    Sessions(SessionsCommand),
    /// Copy an SQLite database into a new file while the service runs
    Backup {
        /// The file to create
        file: PathBuf,
    },
    /// Write everything except sessions to one file
    ///
    /// The service may be running. If the file's name ends in .zst, it is compressed.
    Export {
        /// The file to create
        file: PathBuf,
    },
    /// Import an exported file into a database that has no users: all of it or nothing
    Import {
        /// The file to import, compressed or not
        file: PathBuf,
    },
    /// Fill a database that has no users with made-up data, for a demonstration or a benchmark
    Demo(demo::Arguments),
    /// Check the settings and the database, one line per check; exit status 1 if something is wrong
    Doctor,
    /// List the settings, with their defaults and valid values
    Settings(settings::Arguments),
    /// Print the OpenAPI document
    Openapi,
    /// Check that the service on this machine is up; exit status 0 if it is
    Healthcheck,
}

#[derive(Debug, Subcommand)]
enum SessionsCommand {
    /// End sessions immediately
    #[command(group = clap::ArgGroup::new("whose").required(true))]
    Revoke {
        /// The sessions of this user (id or username)
        #[arg(long, group = "whose")]
        user: Option<String>,
        /// The sessions of everyone
        #[arg(long, group = "whose")]
        all: bool,
    },
}

impl Arguments {
    /// Runs the command. The exit status is 1 if it fails, 2 if the settings are invalid.
    pub async fn run(self) -> ExitCode {
        let done = match self.command.unwrap_or(Command::Serve) {
            Command::Serve => serve().await,
            Command::Migrate(arguments) => migrate::run(arguments).await,
            Command::User(command) => user::run(command).await,
            Command::Sessions(SessionsCommand::Revoke { user, all: _ }) => revoke(user).await,
            Command::Backup { file } => back_up(&file).await,
            Command::Export { file } => transfer::export(&file).await,
            Command::Import { file } => transfer::import(&file).await,
            Command::Demo(arguments) => demo::run(arguments).await,
            Command::Doctor => doctor::run().await,
            Command::Healthcheck => healthcheck::run(),
            Command::Settings(arguments) => settings::run(&arguments),
            Command::Openapi => output::print(routes::document_json()),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            // The reader of the output has seen enough.
            Err(CommandError::Output(error)) if error.kind() == ErrorKind::BrokenPipe => {
                ExitCode::SUCCESS
            }
            Err(error) => {
                output::note(format_args!("error: {}", error.describe()));
                let is_settings = matches!(error, CommandError::Start(StartError::Settings(_)));
                ExitCode::from(if is_settings { 2 } else { 1 })
            }
        }
    }
}

async fn serve() -> Result<(), CommandError> {
    let settings = read_settings()?;
    logging::start(settings.log_format, settings.log_filter.as_deref());
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut told_to_stop = Box::pin(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    });
    let application = tokio::select! {
        built = Application::build(settings) => built?,
        () = &mut told_to_stop => {
            log::info!("stopping before startup has finished");
            return Ok(());
        }
    };
    println!("Teamnotes listens at http://{}", application.address());
    let handle = application.handle();
    tokio::spawn(async move {
        told_to_stop.await;
        log::info!("stopping: finishing requests in flight, accepting no new ones");
        handle.stop(true).await;
    });
    Ok(application.run().await?)
}

fn read_settings() -> Result<Settings, CommandError> {
    Ok(Settings::from_environment().map_err(StartError::from)?)
}

fn database() -> Result<service::DbSettings, CommandError> {
    Ok(Settings::database_from_environment().map_err(StartError::from)?)
}

fn passwords() -> Result<Passwords, CommandError> {
    let cost = Settings::password_cost_from_environment().map_err(StartError::from)?;
    Ok(Passwords::new(cost)?)
}

async fn connect() -> Result<Db, CommandError> {
    let db = Db::connect(&database()?).await?;
    db.require_schema().await.map_err(StartError::Schema)?;
    Ok(db)
}

async fn back_up(file: &Path) -> Result<(), CommandError> {
    // A database that is about to be migrated can be copied too.
    backup::create(&Db::connect(&database()?).await?, file).await?;
    output::line(format_args!("{} is made", file.display()))
}

async fn revoke(user: Option<String>) -> Result<(), CommandError> {
    let key = user.map(|user| parse_user(&user)).transpose()?;
    let db = connect().await?;
    let ended = match key {
        Some(key) => sessions::revoke(&db, &Viewer::Operator, &key).await?,
        None => sessions::revoke_all(&db, &Viewer::Operator).await?,
    };
    output::line(format_args!("{ended} sessions ended"))
}

fn parse_user(user: &str) -> Result<UserKey, CommandError> {
    UserKey::parse(user)
        .ok_or_else(|| CommandError::Input(format!("{user} is not a valid user id or username")))
}
