use std::{error::Error as StdError, io, path::PathBuf};

use service::{DbSettings, Error, settings::SettingsError, sqlite_file};

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings are invalid.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The file that keeps the secret can't be created or read.
    #[error("can't use the secret in {}", .path.display())]
    SecretFile {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The system can't provide random bytes.
    #[error("can't generate a secret")]
    Random(#[source] Error),
    /// An address can't be bound.
    #[error("can't listen on {address}")]
    Bind {
        /// The address.
        address: String,
        /// The cause.
        source: io::Error,
    },
    /// The database can't be migrated.
    #[error("can't migrate the database")]
    Migrate(#[source] Error),
    /// The schema is not the one that this version needs.
    #[error("the database's schema does not match this version")]
    Schema(#[source] Error),
    /// The database accepts no changes.
    #[error("can't write to the database")]
    ReadOnly(#[source] Error),
    /// The threads that hash passwords can't be started.
    #[error("can't hash passwords")]
    Passwords(#[source] Error),
    /// A metric is not declared correctly.
    #[error("can't count metrics")]
    Metrics(#[source] prometheus::Error),
    /// The database can't be reached or read.
    #[error("can't use {database}")]
    Database {
        /// The SQLite file, if it is one.
        database: String,
        /// The cause.
        source: Error,
    },
}

impl StartError {
    /// Converts an error of this database.
    pub(crate) fn database(settings: &DbSettings) -> impl FnOnce(Error) -> Self {
        let file = sqlite_file::of(&settings.url);
        let database = file.map_or("the database".into(), |file| file.display().to_string());
        |source| Self::Database { database, source }
    }
}

/// The error and its causes, on one line. Omits causes that are already named, and the deliberately vague
/// messages for clients of the API.
pub(crate) fn describe(error: &(dyn StdError + 'static)) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        next = error.source();
        let cause = error.to_string();
        let is_vague = matches!(
            error.downcast_ref(),
            Some(Error::Unavailable(_) | Error::Internal(_)) if next.is_some()
        );
        if is_vague || text.contains(&cause) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] Error);

    #[test]
    fn causes_follow_their_errors_and_vague_messages_are_left_out() {
        let error = Outer(Error::unavailable(io::Error::other("connection lost")));
        assert_eq!(describe(&error), "outer: connection lost");
        assert_eq!(describe(&Error::internal("disk on fire")), "disk on fire");
        assert_eq!(describe(&Error::NotFound), "not found");
    }

    #[test]
    fn a_cause_that_is_already_named_is_not_repeated() {
        #[derive(Debug, thiserror::Error)]
        #[error("outer: {0}")]
        struct Repeating(#[source] io::Error);
        assert_eq!(describe(&Repeating(io::Error::other("inner"))), "outer: inner");
    }
}
