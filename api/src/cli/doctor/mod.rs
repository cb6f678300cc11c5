mod exposure;
mod files;

use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};
use service::{
    Db, DbSettings, PasswordCost,
    doctor::{self, Finding, Health},
    settings::Environment,
    sqlite_file,
};

use super::{CommandError, output};
use crate::server::{
    Settings, StartError, describe, secret,
    settings::{MIN_SECRET, SettingsError, listing},
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
    let health = match health {
        Health::Good => "ok",
        Health::Doubtful => "look",
        Health::Bad => "bad",
    };
    json!({ "subject": subject, "health": health, "detail": detail })
}

fn read_settings() -> Result<(Settings, Vec<Finding>), SettingsError> {
    let environment = Environment::load()?;
    let settings = Settings::read(&environment)?;
    let findings = vec![
        what_is_set(&environment),
        exposure::exposure(&settings),
        files::files(&environment, &settings),
    ];
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
    let mut findings = vec![secret(settings), passwords(settings.password_cost)];
    if let Some(missing) = missing_file(settings) {
        findings.push(missing);
        return findings;
    }
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

fn passwords(cost: PasswordCost) -> Finding {
    let PasswordCost { memory, passes } = cost;
    let (health, advice) = match cost.is_recommended() {
        true => (Health::Good, ""),
        false => (Health::Doubtful, ", less than OWASP recommends"),
    };
    Finding::new("passwords", health, format!("hashed in {memory} KiB, passes: {passes}{advice}"))
}

fn secret(settings: &Settings) -> Finding {
    let subject = "secret";
    if let Some(secret) = &settings.secret {
        let detail = format!("{} bytes; at least {MIN_SECRET} are required", secret.0.len());
        return Finding::new(subject, Health::Good, detail);
    }
    let Some(file) = secret::file(settings) else {
        return Finding::new(subject, Health::Doubtful, "regenerated at each start");
    };
    match std::fs::metadata(&file) {
        Ok(kept) if kept.len() >= MIN_SECRET as u64 => {
            Finding::new(subject, Health::Good, format!("kept in {}", file.display()))
        }
        Ok(_) => Finding::new(subject, Health::Bad, format!("{} is too short", file.display())),
        Err(_) => Finding::new(subject, Health::Doubtful, "will be created at the next start"),
    }
}
