use std::path::Path;

use clap::Args;
use service::backup::{self, Ended, Restored};

use super::{CommandError, database, existing_database, output};

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The copy, made by `teamnotes backup`
    file: std::path::PathBuf,
    /// Keep the sessions, API tokens and invitations of the copy, even those that were ended since it was made
    #[arg(long)]
    keep_sessions: bool,
}

/// Copies the database, whatever its schema: one that is about to be migrated can be copied too.
pub(super) async fn create(file: &Path) -> Result<(), CommandError> {
    let settings = existing_database()?;
    if output::is_standard(file) {
        let (mut copy, rows) = backup::create_unnamed(&settings).await?;
        output::copy(&mut copy)?;
        output::note(format_args!("copied to standard output: {rows}"));
        return Ok(());
    }
    let rows = backup::create(&settings, file).await?;
    output::line(format_args!("copied to {}: {rows}", file.display()))
}

pub(super) async fn restore(Restore { file, keep_sessions }: Restore) -> Result<(), CommandError> {
    let settings = database()?;
    let restored = backup::restore(&settings, &file, keep_sessions).await?;
    let Restored { rows, ended, previous } = restored;
    output::line(format_args!("restored from {}: {rows}", file.display()))?;
    if !keep_sessions {
        let Ended { sessions, api_tokens, invitations } = ended;
        output::line(format_args!("sessions ended: {sessions}"))?;
        output::line(format_args!("API tokens ended: {api_tokens}"))?;
        output::line(format_args!("invitations ended: {invitations}"))?;
    }
    match previous {
        Some(previous) => output::line(format_args!("replaced; kept as {}", previous.display())),
        None => Ok(()),
    }
}
