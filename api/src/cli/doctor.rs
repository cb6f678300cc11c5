use service::{
    Db, PasswordCost,
    doctor::{self, Finding, Health},
    sqlite_file,
};

use super::CommandError;
use crate::{
    server::Settings, server::config::MIN_SECRET, server::preparation::cause, server::secret,
};

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
    let understood = Finding::new("settings", Health::Good, "all understood");
    let mut findings = vec![understood, secret(settings), passwords(settings.password_cost)];
    if let Some(missing) = missing_file(settings) {
        findings.push(missing);
        return findings;
    }
    match Db::connect(&settings.database).await {
        Ok(db) => findings.extend(doctor::examine(&db, &settings.database).await),
        Err(error) => findings.push(Finding::new("database", Health::Bad, cause(&error))),
    }
    findings
}

/// Connecting would make an SQLite file that is not there.
fn missing_file(settings: &Settings) -> Option<Finding> {
    let file = sqlite_file::of(&settings.database.url).filter(|file| !file.exists())?;
    let detail = format!("{} is not there; the service makes it at its start", file.display());
    Some(Finding::new("database", Health::Bad, detail))
}

fn passwords(cost: PasswordCost) -> Finding {
    let PasswordCost { memory, passes } = cost;
    let (health, advice) = match cost.is_recommended() {
        true => (Health::Good, ""),
        false => (Health::Doubtful, ", which is less than OWASP recommends"),
    };
    Finding::new("passwords", health, format!("hashed in {memory} KiB, passes: {passes}{advice}"))
}

fn secret(settings: &Settings) -> Finding {
    let subject = "secret";
    if let Some(secret) = &settings.secret {
        let detail = format!("{} bytes of {MIN_SECRET} at least", secret.0.len());
        return Finding::new(subject, Health::Good, detail);
    }
    let Some(file) = secret::file(settings) else {
        return Finding::new(subject, Health::Doubtful, "made anew at each start");
    };
    match std::fs::metadata(&file) {
        Ok(kept) if kept.len() >= MIN_SECRET as u64 => {
            Finding::new(subject, Health::Good, format!("kept in {}", file.display()))
        }
        Ok(_) => Finding::new(subject, Health::Bad, format!("{} is too short", file.display())),
        Err(_) => Finding::new(subject, Health::Doubtful, "made at the next start"),
    }
}
