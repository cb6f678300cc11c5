//! The file of an SQLite database.

use std::{
    fs::{DirBuilder, OpenOptions},
    io::{self, ErrorKind},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use percent_encoding::percent_decode_str;

/// The file that the URL names; `None` for other databases, and for SQLite in memory.
pub fn of(url: &str) -> Option<PathBuf> {
    let file = url.strip_prefix("sqlite:")?;
    let file = file.strip_prefix("//").unwrap_or(file);
    let (path, _) = file.split_once('?').unwrap_or((file, ""));
    if path == ":memory:" {
        return None;
    }
    let path = percent_decode_str(path).decode_utf8_lossy();
    Some(PathBuf::from(path.into_owned()))
}

/// Creates the file and its directory if they are missing, accessible to their owner only, since the file
/// has password hashes.
///
/// # Errors
/// If they can't be created; the error names the file.
pub fn make(url: &str) -> io::Result<()> {
    let Some(file) = of(url) else { return Ok(()) };
    let named = |error: io::Error| {
        io::Error::new(error.kind(), format!("can't create {}: {error}", file.display()))
    };
    make_directory(&file).map_err(named)?;
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(named(error)),
        _ => Ok(()),
    }
}

/// Creates the directory of a file if it is missing, accessible to its owner only.
///
/// # Errors
/// If it can't be created.
pub fn make_directory(file: &Path) -> io::Result<()> {
    match file.parent() {
        Some(directory) => DirBuilder::new().recursive(true).mode(0o700).create(directory),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn urls_with_and_without_slashes_and_options_name_a_file() {
        for (url, file) in [
            ("sqlite:a.db", Some("a.db")),
            ("sqlite://data/a.db?mode=rwc", Some("data/a.db")),
            ("sqlite:///var/a.db", Some("/var/a.db")),
            ("sqlite:my%20notes.db", Some("my notes.db")),
            ("sqlite::memory:", None),
            ("postgres://db/a.db", None),
        ] {
            assert_eq!(of(url), file.map(PathBuf::from), "{url}");
        }
    }

    #[test]
    fn the_file_is_for_its_owner_only_and_an_existing_one_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("data/a.db");
        let url = format!("sqlite://{}", file.display());
        make(&url).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&file, "kept").unwrap();
        make(&url).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "kept");
    }
}
