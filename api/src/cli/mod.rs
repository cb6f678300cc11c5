//! The command line.

mod backup;
mod demo;
mod doctor;
mod error;
mod healthcheck;
mod migrate;
mod output;
mod password;
mod progress;
mod serve;
mod settings;
mod shell;
mod token;
mod transfer;
mod user;
mod version;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use clap_complete::Shell;
use error::CommandError;
use service::{
    Actor, Db, DbSettings, PasswordCost, Passwords, schema, sessions, sqlite_file, users::UserKey,
};

use crate::{
    routes,
    server::{Settings, StartError, logging},
};

/// Teamnotes: notes, teams and reading lists over HTTP
///
/// Settings come from the environment and from .env in the working directory; `teamnotes settings` lists
/// them.
#[derive(Debug, Parser)]
#[command(name = "teamnotes", version, long_version = version::LONG.as_str())]
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
    /// Manage API tokens
    #[command(subcommand)]
    Token(token::Command),
    /// Copy an SQLite database to a new file while the service runs
    Backup {
        /// The file to create; - for standard output
        file: PathBuf,
    },
    /// Replace an SQLite database by a copy, while the service does not run, and end all sessions, API tokens and invitations
    Restore(backup::Restore),
    /// Write everything except sessions, API tokens and invitations to one file, while the service runs
    Export {
        /// The file to create; it is compressed if its name ends in .zst; - for standard output
        file: PathBuf,
    },
    /// Import an exported file into a database that has no users: all of it or nothing
    Import {
        /// The file to import, compressed or not; - for standard input
        file: PathBuf,
        /// Create the database first, or migrate an existing one
        #[arg(long)]
        create: bool,
    },
    /// Fill a database that has no users except admins with made-up data, for a demonstration or a benchmark
    Demo(demo::Arguments),
    /// Check the settings and the database, one line per check; exit status 1 if something is wrong
    Doctor(doctor::Arguments),
    /// List the settings, with their defaults and valid values
    Settings(settings::Arguments),
    /// Print the OpenAPI document
    Openapi,
    /// Check that the service on this machine is up; exit status 0 if it is
    Healthcheck,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page
    Man,
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
        let command = self.command.unwrap_or(Command::Serve);
        if !matches!(command, Command::Serve) {
            logging::start_for_command();
        }
        match command.run().await {
            Ok(()) => ExitCode::SUCCESS,
            // The reader of the output has seen enough.
            Err(error) if error.is_closed_output() => ExitCode::SUCCESS,
            Err(error) => {
                output::note(format_args!("error: {}", error.describe()));
                let is_settings = matches!(error, CommandError::Start(StartError::Settings(_)));
                ExitCode::from(if is_settings { 2 } else { 1 })
            }
        }
    }
}

impl Command {
    async fn run(self) -> Result<(), CommandError> {
        match self {
            Self::Serve => serve::run().await,
            Self::Migrate(arguments) => migrate::run(arguments).await,
            Self::User(command) => user::run(command).await,
            Self::Sessions(SessionsCommand::Revoke { user, all: _ }) => revoke(user).await,
            Self::Token(command) => token::run(command).await,
            Self::Backup { file } => backup::create(&file).await,
            Self::Restore(arguments) => backup::restore(arguments).await,
            Self::Export { file } => transfer::export(&file).await,
            Self::Import { file, create } => transfer::import(&file, create).await,
            Self::Demo(arguments) => demo::run(arguments).await,
            Self::Doctor(arguments) => doctor::run(arguments).await,
            Self::Settings(arguments) => settings::run(&arguments),
            Self::Openapi => output::print(routes::document_json()),
            Self::Healthcheck => healthcheck::run(),
            Self::Completions { shell } => shell::completions(shell),
            Self::Man => shell::manual(),
        }
    }
}

fn read_settings() -> Result<Settings, CommandError> {
    Ok(Settings::from_environment().map_err(StartError::from)?)
}

/// The settings of a database that outlives this command.
fn database() -> Result<DbSettings, CommandError> {
    let settings = Settings::database_from_environment().map_err(StartError::from)?;
    if settings.is_in_memory() {
        let why = "the database is in memory, where only the process that serves it can use it";
        return Err(CommandError::Input(why.into()));
    }
    Ok(settings)
}

/// The settings of a database that exists: connecting would create a missing SQLite file.
fn existing_database() -> Result<DbSettings, CommandError> {
    let settings = database()?;
    match missing_file(&settings) {
        Some(file) => Err(CommandError::Input(format!(
            "{} does not exist: run `teamnotes migrate up` to create it",
            file.display()
        ))),
        None => Ok(settings),
    }
}

/// The SQLite file, if it does not exist.
fn missing_file(settings: &DbSettings) -> Option<PathBuf> {
    sqlite_file::of(&settings.url).filter(|file| !file.exists())
}

fn passwords() -> Result<Passwords, CommandError> {
    Ok(Passwords::new(password_cost()?)?)
}

fn password_cost() -> Result<PasswordCost, CommandError> {
    Ok(Settings::password_cost_from_environment().map_err(StartError::from)?)
}

/// Does this work on an existing database with the schema of this version, and closes the database.
async fn with_db<T>(
    work: impl AsyncFnOnce(&Db) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let settings = existing_database()?;
    let db = Db::connect(&settings).await.map_err(StartError::database(&settings))?;
    let done = match db.require_schema().await {
        Ok(()) => work(&db).await,
        Err(error) => Err(StartError::Schema(error).into()),
    };
    let closed = db.close().await.map_err(StartError::database(&settings));
    let done = done?;
    closed?;
    Ok(done)
}

/// Creates the database if its SQLite file is missing, and applies the pending migrations.
async fn create_database() -> Result<(), CommandError> {
    let settings = database()?;
    Ok(schema::bring_up_to_date(&settings).await.map_err(StartError::Migrate)?)
}

async fn revoke(user: Option<String>) -> Result<(), CommandError> {
    let key = user.map(|user| parse_user(&user)).transpose()?;
    let ended = with_db(async |db| {
        Ok(match key {
            Some(key) => {
                db.write(&Actor::Operator, async |work| sessions::revoke(work, &key).await).await?
            }
            None => {
                db.write(&Actor::Operator, async |work| sessions::revoke_all(work).await).await?
            }
        })
    })
    .await?;
    output::line(format_args!("sessions ended: {ended}"))
}

fn parse_user(user: &str) -> Result<UserKey, CommandError> {
    UserKey::parse(user)
        .ok_or_else(|| CommandError::Input(format!("{user} is not a valid user id or username")))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn check(command: &clap::Command) {
        let name = command.get_name();
        assert!(command.get_about().is_some(), "{name} has no help");
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{name}: {} has no help", argument.get_id());
        }
        command.get_subcommands().for_each(check);
    }

    #[test]
    fn every_command_and_argument_has_help() {
        let mut command = Arguments::command();
        command.build();
        check(&command);
    }
}
