use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use migration::sqlite_file;

use crate::{Error, Result};

/// An SQLite file that is open. If it is deleted or replaced, SQLite goes on writing to what nobody can open
/// any more: what was acknowledged would be lost with the process.
#[derive(Clone, Debug)]
pub(super) struct OpenFile {
    path: PathBuf,
    identity: Identity,
}

/// The device and the inode.
type Identity = (u64, u64);

impl OpenFile {
    /// The file that a URL names, if it does, which is created if it is missing.
    ///
    /// # Errors
    /// If it can't be created.
    pub(super) fn make(url: &str) -> io::Result<Option<Self>> {
        sqlite_file::make(url)?;
        let Some(path) = sqlite_file::of(url) else { return Ok(None) };
        Ok(Some(Self { identity: identity(&path)?, path }))
    }

    /// The path that it was opened with.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Requires that the file is still at its path.
    ///
    /// # Errors
    /// [`Error::Unavailable`] otherwise.
    pub(super) fn require_in_place(&self) -> Result<()> {
        let path = self.path.display();
        match identity(&self.path) {
            Ok(found) if found == self.identity => Ok(()),
            Ok(_) => Err(Error::unavailable(format!(
                "{path} has been replaced since it was opened: restart the service"
            ))),
            Err(error) => Err(Error::unavailable(format!("{path} is gone: {error}"))),
        }
    }
}

fn identity(path: &Path) -> io::Result<Identity> {
    fs::metadata(path).map(|metadata| (metadata.dev(), metadata.ino()))
}
