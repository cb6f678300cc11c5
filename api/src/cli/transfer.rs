use std::{fs::File, io, os::fd::AsFd, path::Path};

use service::transfer::{self, Transferred};

use super::{
    CommandError, create_database, database, existing_database, output, password_cost, progress,
    with_db,
};

pub(super) async fn export(file: &Path) -> Result<(), CommandError> {
    if output::is_standard(file) {
        return export_to_standard_output().await;
    }
    let exported =
        with_db(async |db| Ok(transfer::export(db, file, &progress::bar()).await?)).await?;
    report("exported to", file, &exported).into_iter().try_for_each(output::line)
}

async fn export_to_standard_output() -> Result<(), CommandError> {
    let name = Path::new("standard output");
    let out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let exported =
        with_db(async |db| Ok(transfer::export_to(db, out, name, &progress::bar()).await?)).await?;
    report("exported to", name, &exported).into_iter().for_each(output::note);
    Ok(())
}

pub(super) async fn import(file: &Path, create: bool) -> Result<(), CommandError> {
    if create {
        database()?
    } else {
        existing_database()?
    };
    let (name, input) = match output::is_standard(file) {
        true => {
            (Path::new("standard input"), transfer::spool(io::stdin().lock()).map_err(not_kept)?)
        }
        false => (file, transfer::open(file)?),
    };
    let cost = password_cost()?;
    if create {
        // No database is created for a file that can't be imported.
        transfer::verify_from(&input, name, cost)?;
        create_database().await?;
    }
    let imported = with_db(async |db| {
        Ok(transfer::import_from(db, &input, name, cost, &progress::bar()).await?)
    });
    report("imported from", name, &imported.await?).into_iter().try_for_each(output::line)
}

fn not_kept(error: io::Error) -> CommandError {
    CommandError::Input(format!("can't keep standard input in a temporary file: {error}"))
}

fn report(done: &str, name: &Path, Transferred { counts, sha256 }: &Transferred) -> [String; 2] {
    [format!("{done} {}: {counts}", name.display()), format!("SHA-256 of the rows: {sha256}")]
}
