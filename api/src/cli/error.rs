use std::{
    error::Error as _,
    io::{self, ErrorKind},
};

use service::{BulkError, Error, backup::BackupError, transfer::TransferError};

use crate::server::{StartError, describe};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    #[error("{0}")]
    Start(#[from] StartError),
    #[error("{0}")]
    Service(#[from] Error),
    #[error("{0}")]
    Transfer(#[from] TransferError),
    #[error("{0}")]
    Bulk(#[from] BulkError),
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
    /// Whether standard output was closed by its reader.
    pub(super) fn is_closed_output(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == ErrorKind::BrokenPipe)
    }

    /// What went wrong and why, on one line, with what PostgreSQL adds.
    pub(super) fn describe(&self) -> String {
        let text = match self {
            Self::Output(_) => self.to_string(),
            _ => describe(self.source().unwrap_or(self)),
        };
        match service::details(self) {
            Some(details) => format!("{text} ({details})"),
            None => text,
        }
    }
}
