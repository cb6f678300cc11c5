//! Checks of the settings.

mod exposure;

use service::{
    PasswordCost,
    doctor::{Finding, Health},
};

use super::{Settings, secret, settings::MIN_SECRET};

/// What is to say about these settings.
pub(crate) fn of(settings: &Settings) -> Vec<Finding> {
    vec![exposure::exposure(settings), secret(settings), passwords(settings.password_cost)]
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
