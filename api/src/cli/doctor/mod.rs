mod files;

use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};
use service::{
    Db, DbSettings,
    doctor::{self, Finding, Health},
    settings::Environment,
    sqlite_file,
};

use super::{CommandError, output};
use crate::server::{
    Settings, StartError, describe, findings,
    settings::{SettingsError, listing},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Print a JSON array
    #[arg(long)]
    json: bool,
    /// Correct wrong note counts and make missing search indexes, before the checks
    #[arg(long)]
    repair: bool,
}

/// Checks the settings and the database, and prints one line per check. Fails if something does not work.
pub(super) async fn run(arguments: Arguments) -> Result<(), CommandError> {
    let findings = match read_settings() {
        Err(error) => vec![Finding::new("settings", Health::Bad, error.to_string())],
        Ok((settings, findings)) => [findings, examine(&settings, arguments.repair).await].concat(),
    };
    print(&findings, arguments.json)?;
    if findings.iter().any(|finding| finding.health == Health::Bad) {
        return Err(CommandError::Input("something does not work".into()));
    }
    Ok(())
}

fn print(findings: &[Finding], is_json: bool) -> Result<(), CommandError> {
    if is_json {
        return output::json(&findings.iter().map(as_json).collect::<Value>());
    }
    findings.iter().try_for_each(|Finding { subject, health, detail }| {
        let word = match health {
            Health::Good => "ok  ",
            Health::Doubtful => "look",
            Health::Bad => "BAD ",
        };
        output::line(format_args!("{word}  {subject}: {detail}"))
    })
}

fn as_json(Finding { subject, health, detail }: &Finding) -> Value {
    json!({ "subject": subject, "health": health.word(), "detail": detail })
}

fn read_settings() -> Result<(Settings, Vec<Finding>), SettingsError> {
    let environment = Environment::load()?;
    let settings = Settings::read(&environment)?;
    let of_host = [what_is_set(&environment), files::files(&environment, &settings)];
    let findings = of_host.into_iter().chain(findings::of(&settings)).collect();
    Ok((settings, findings))
}

/// Which settings are set, and which names in `.env` are unknown: a mistyped name has no effect.
fn what_is_set(environment: &Environment) -> Finding {
    let set: Vec<&str> = listing::all()
        .filter(|setting| environment.has(setting))
        .map(|setting| setting.name)
        .collect();
    let is_known = |name: &str| {
        listing::all().any(|known| {
            known.name == name || known.file_variant().is_some_and(|file| file == name)
        })
    };
    let unknown: Vec<&str> = environment
        .names_in_file()
        .iter()
        .map(String::as_str)
        .filter(|name| !is_known(name))
        .collect();
    let set = if set.is_empty() { "none set".into() } else { format!("set: {}", set.join(", ")) };
    match unknown.as_slice() {
        [] => Finding::new("settings", Health::Good, format!("all valid; {set}")),
        unknown => {
            let unknown = unknown.join(", ");
            let detail = format!("all valid; {set}; unknown in .env: {unknown}");
            Finding::new("settings", Health::Doubtful, detail)
        }
    }
}

async fn examine(settings: &Settings, repair: bool) -> Vec<Finding> {
    if let Some(missing) = missing_file(settings) {
        return vec![missing];
    }
    let mut findings = Vec::new();
    match connect(&settings.database).await {
        Ok(db) => {
            if repair {
                findings.extend(doctor::repair(&db, &settings.database).await);
            }
            findings.extend(doctor::examine(&db, &settings.database).await);
            if let Err(error) = db.close().await {
                findings.push(Finding::new("database", Health::Bad, describe(&error)));
            }
        }
        Err(error) => {
            let error = StartError::database(&settings.database)(error);
            findings.push(Finding::new("database", Health::Bad, describe(&error)));
            findings.extend(doctor::examine_unopened(&settings.database));
        }
    }
    findings
}

/// With the limits of the service on PostgreSQL, to see whether they arrive there, and without any on SQLite,
/// where all of the file is read.
async fn connect(settings: &DbSettings) -> service::Result<Db> {
    match settings.is_sqlite() {
        true => Db::connect(settings).await,
        false => Db::connect_observed(settings, Arc::new(|_, _| {})).await,
    }
}

/// Connecting would create a missing SQLite file.
fn missing_file(settings: &Settings) -> Option<Finding> {
    let file = sqlite_file::of(&settings.database.url).filter(|file| !file.exists())?;
    let detail = format!("{} does not exist; the service creates it at startup", file.display());
    Some(Finding::new("database", Health::Bad, detail))
}
