use std::path::Path;

use service::transfer::{self, Transferred};

use super::{CommandError, output, progress, with_db};

pub(super) async fn export(file: &Path) -> Result<(), CommandError> {
    let exported =
        with_db(async |db| Ok(transfer::export(db, file, &progress::bar()).await?)).await?;
    report("exported to", file, &exported)
}

pub(super) async fn import(file: &Path) -> Result<(), CommandError> {
    let imported =
        with_db(async |db| Ok(transfer::import(db, file, &progress::bar()).await?)).await?;
    report("imported from", file, &imported)
}

fn report(done: &str, file: &Path, transferred: &Transferred) -> Result<(), CommandError> {
    let Transferred { counts, sha256 } = transferred;
    output::line(format_args!("{done} {}: {counts}", file.display()))?;
    output::line(format_args!("SHA-256 of the rows: {sha256}"))
}
