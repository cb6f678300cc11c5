//! Standard output that may be closed or full.

use std::{
    fmt::Display,
    io::{self, Write},
};

use super::CommandError;

/// Prints a line.
pub(super) fn line(text: impl Display) -> Result<(), CommandError> {
    print(format_args!("{text}\n"))
}

/// Prints text that brings its own line breaks.
pub(super) fn print(text: impl Display) -> Result<(), CommandError> {
    let mut out = io::stdout().lock();
    write!(out, "{text}").and_then(|()| out.flush()).map_err(CommandError::Output)
}

/// Prints a line on standard error. Nobody can be told when that fails.
pub(super) fn note(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}
