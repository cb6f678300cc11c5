//! The secret that signs tokens. If none is set, one is created and kept next to the SQLite file.

use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use service::sqlite_file;

use super::{Settings, StartError, settings::MIN_SECRET};

/// The key that signs tokens: the one in the settings, or one that is kept next to the SQLite file, or a
/// new one if there is no such file.
pub(super) fn load(settings: &Settings) -> Result<Vec<u8>, StartError> {
    if let Some(secret) = &settings.secret {
        return Ok(secret.0.clone());
    }
    match file(settings) {
        Some(path) => {
            read_or_create(&path).map_err(|source| StartError::SecretFile { path, source })
        }
        None => service::random::text(48).map(String::into_bytes).map_err(StartError::Random),
    }
}

/// Where the secret is kept if none is set: next to the SQLite file, if there is one.
pub(crate) fn file(settings: &Settings) -> Option<PathBuf> {
    let mut file = sqlite_file::of(&settings.database.url)?;
    file.as_mut_os_string().push(".secret");
    Some(file)
}

/// Reads the secret from this file, which is created with mode 0600 if missing. Processes that start at
/// the same time all get the same one.
fn read_or_create(path: &Path) -> io::Result<Vec<u8>> {
    if !path.exists() {
        create(path)?;
    }
    let secret = fs::read(path)?;
    if secret.len() < MIN_SECRET {
        let why = format!("it has fewer than {MIN_SECRET} bytes; remove it to get a new one");
        return Err(io::Error::new(ErrorKind::InvalidData, why));
    }
    Ok(secret)
}

/// Creates the file under another name first, so that no other process reads half of it.
fn create(path: &Path) -> io::Result<()> {
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
    fn the_secret_is_created_once_and_readable_by_its_owner_only() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("teamnotes.db.secret");
        let created = read_or_create(&path).unwrap();
        assert!(created.len() >= 32);
        assert_eq!(read_or_create(&path).unwrap(), created);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        fs::write(&path, "").unwrap();
        assert!(read_or_create(&path).is_err());
    }
}
