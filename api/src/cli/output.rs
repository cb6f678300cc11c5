//! Writing to standard output, which may be closed or full.

use std::{
    fmt::Display,
    io::{self, Write},
};

use super::CommandError;

/// Prints a line.
pub(super) fn line(text: impl Display) -> Result<(), CommandError> {
    print(format_args!("{text}\n"))
}

/// Prints text that includes its line breaks.
pub(super) fn print(text: impl Display) -> Result<(), CommandError> {
    let mut out = io::stdout().lock();
    write!(out, "{text}").and_then(|()| out.flush()).map_err(CommandError::Output)
}

/// Prints a line to standard error. There is nowhere to report a failure of that.
pub(super) fn note(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}
