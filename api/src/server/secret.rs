//! The secret that signs tokens, when none is set: made once, and kept beside the SQLite file.

use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use service::sqlite_file;

use crate::{server::Settings, server::settings::MIN_SECRET};

/// Where the secret is kept, when none is set: beside the SQLite file, if there is one.
pub(crate) fn file(settings: &Settings) -> Option<PathBuf> {
    let mut file = sqlite_file::of(&settings.database.url)?;
    file.as_mut_os_string().push(".secret");
    Some(file)
}

/// Reads the secret of this file, which is made (mode 0600) when it is missing. Of several
/// processes that start at once, all get the same.
pub(crate) fn read_or_make(path: &Path) -> io::Result<Vec<u8>> {
    if !path.exists() {
        make(path)?;
    }
    let secret = fs::read(path)?;
    if secret.len() < MIN_SECRET {
        let why = format!("it has fewer than {MIN_SECRET} bytes; remove it, and a new one is made");
        return Err(io::Error::new(ErrorKind::InvalidData, why));
    }
    Ok(secret)
}

/// Written whole under another name first, so that no other process reads half of it.
fn make(path: &Path) -> io::Result<()> {
    let secret = service::random::text(48).map_err(io::Error::other)?;
    let draft = path.with_extension(service::random::text(6).map_err(io::Error::other)?);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(secret.as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_secret_is_made_once_and_for_the_owner_only() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("teamnotes.db.secret");
        let made = read_or_make(&path).unwrap();
        assert!(made.len() >= 32);
        assert_eq!(read_or_make(&path).unwrap(), made);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        fs::write(&path, "").unwrap();
        assert!(read_or_make(&path).is_err());
    }
}
