use std::path::Path;

use service::transfer::{self, Transferred};

use super::{CommandError, connect, progress};

pub(super) async fn export(file: &Path) -> Result<(), CommandError> {
    let db = connect().await?;
    let exported = transfer::export(&db, file, &progress::bar()).await?;
    tell(&format!("{} is made", file.display()), &exported);
    Ok(())
}

pub(super) async fn import(file: &Path) -> Result<(), CommandError> {
    let db = connect().await?;
    let imported = transfer::import(&db, file, &progress::bar()).await?;
    tell(&format!("{} is imported", file.display()), &imported);
    Ok(())
}

fn tell(done: &str, Transferred { counts, sha256 }: &Transferred) {
    println!("{done}: {counts}");
    println!("sha256 of its rows: {sha256}");
}
