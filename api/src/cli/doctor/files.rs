use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use service::{
    doctor::{Finding, Health},
    settings::Environment,
    sqlite_file,
};

use crate::server::{Settings, secret, settings::listing};

/// Whether files with secrets or data can be read by every user of this machine.
pub(super) fn files(environment: &Environment, settings: &Settings) -> Finding {
    let subject = "files";
    let open: Vec<String> = sensitive(environment, settings)
        .into_iter()
        .filter(is_open)
        .map(|file| file.display().to_string())
        .collect();
    if open.is_empty() {
        return Finding::new(subject, Health::Good, "none with secrets can be read by everyone");
    }
    let detail = format!("readable by every user of this machine: {}", open.join(", "));
    Finding::new(subject, Health::Doubtful, detail)
}

/// The files of settings, the database and the secret that signs tokens; some may not exist.
fn sensitive(environment: &Environment, settings: &Settings) -> Vec<PathBuf> {
    let variants = listing::all().filter_map(|setting| setting.file_variant());
    let of_settings = variants.filter_map(|name| environment.get(&name).map(PathBuf::from));
    let database = sqlite_file::of(&settings.database.url);
    let log = database.clone().map(|mut file| {
        file.as_mut_os_string().push("-wal");
        file
    });
    [PathBuf::from(".env")]
        .into_iter()
        .chain(of_settings)
        .chain(database)
        .chain(log)
        .chain(secret::file(settings))
        .collect()
}

fn is_open(file: &PathBuf) -> bool {
    const READ_BY_OTHERS: u32 = 0o004;
    fs::metadata(file).is_ok_and(|found| found.permissions().mode() & READ_BY_OTHERS != 0)
}
