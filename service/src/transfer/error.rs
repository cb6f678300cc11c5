use std::{io, path::PathBuf};

use super::rows::VERSION;
use crate::{Error, bulk::BulkError};

/// Why an export or import failed. Nothing it did remains.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The file can't be created, written or read, or it is not a complete export.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: FileError,
    },
    /// The rows can't be inserted.
    #[error(transparent)]
    Rows(#[from] BulkError),
    /// The database failed.
    #[error("the database failed")]
    Service(#[from] Error),
}

/// What is wrong with an export file, as the rest of a sentence that starts with its name.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It exists already, or its directory can't be written to.
    #[error("can't be created")]
    Create(#[source] io::Error),
    /// The disk is full or failing, for instance.
    #[error("can't be written")]
    Write(#[source] io::Error),
    /// The disk is failing, or compressed data is corrupt, for instance.
    #[error("can't be read")]
    Read(#[source] io::Error),
    /// Its first line is not that of an export.
    #[error("is not an export of Teamnotes")]
    Foreign,
    /// It has another version of the format.
    #[error("has version {0} of the format; this program reads versions up to {VERSION}")]
    Version(u32),
    /// It ends before its last line.
    #[error("was cut off: its last line is missing")]
    Truncated,
    /// A line is longer than any row can be.
    #[error("line {line} is too long")]
    TooLong {
        /// The number of the line, from 1.
        line: u64,
    },
    /// A line is not a row that the service would have written.
    #[error("line {line} is not a valid row")]
    Row {
        /// The number of the line, from 1.
        line: u64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A password hash costs more than those that the service makes.
    #[error(
        "line {line} has a password hash that costs more than PASSWORD_HASH_MEMORY and PASSWORD_HASH_PASSES allow: \
         if the file is yours, raise them"
    )]
    Costly {
        /// The number of the line, from 1.
        line: u64,
    },
    /// A row comes after one that refers to it, or what comes once is repeated.
    #[error("line {line} is in the wrong place")]
    Misplaced {
        /// The number of the line, from 1.
        line: u64,
    },
    /// Its rows do not match the counts and the checksum in its last line.
    #[error("was altered: its rows do not match its last line")]
    Altered,
    /// Something follows its last line.
    #[error("was altered: something follows its last line")]
    Trailing,
}
