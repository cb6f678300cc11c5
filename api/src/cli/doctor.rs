use service::{
    Db,
    doctor::{self, Finding, Health},
};

use super::CommandError;
use crate::{Settings, application::cause, config::MIN_SECRET};

/// Says how the settings and the database are, a line each. Fails when something does not work.
pub(super) async fn run() -> Result<(), CommandError> {
    let findings = match Settings::from_environment() {
        Err(error) => vec![Finding::new("settings", Health::Bad, error.to_string())],
        Ok(settings) => examine(&settings).await,
    };
    for Finding { subject, health, detail } in &findings {
        let word = match health {
            Health::Good => "ok  ",
            Health::Doubtful => "look",
            Health::Bad => "BAD ",
        };
        println!("{word}  {subject}: {detail}");
    }
    if findings.iter().any(|finding| finding.health == Health::Bad) {
        return Err(CommandError::Input("something does not work".into()));
    }
    Ok(())
}

async fn examine(settings: &Settings) -> Vec<Finding> {
    let mut findings =
        vec![Finding::new("settings", Health::Good, "all understood"), secret(settings)];
    match Db::connect(&settings.database).await {
        Ok(db) => findings.extend(doctor::examine(&db, &settings.database).await),
        Err(error) => findings.push(Finding::new("database", Health::Bad, cause(&error))),
    }
    findings
}

fn secret(settings: &Settings) -> Finding {
    let detail = match &settings.secret {
        Some(secret) => format!("{} bytes of {MIN_SECRET} at least", secret.0.len()),
        None => "kept beside the database".into(),
    };
    Finding::new("secret", Health::Good, detail)
}
