use std::{error::Error as StdError, io};

use service::{Error, backup::BackupError};

use crate::server::StartError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    #[error("{0}")]
    Start(#[from] StartError),
    #[error("{0}")]
    Service(#[from] Error),
    #[error("{0}")]
    Backup(#[from] BackupError),
    #[error("{0}")]
    Input(String),
    #[error("can't write to standard output: {0}")]
    Output(#[source] io::Error),
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl CommandError {
    /// What went wrong and why, on one line.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Output(_) => self.to_string(),
            _ => describe(self.source().unwrap_or(self)),
        }
    }
}

/// The error and what caused it, on one line. A cause that the text before it has already named is
/// left out, and so are the words that only tell clients of the API as little as possible.
pub(super) fn describe(error: &(dyn StdError + 'static)) -> String {
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
    fn causes_follow_what_they_caused_and_vague_words_are_left_out() {
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
