use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use super::{Arguments, CommandError, output};

/// Prints the completion script for this shell.
pub(super) fn completions(shell: Shell) -> Result<(), CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "teamnotes", &mut script);
    output::print(&String::from_utf8_lossy(&script))
}

/// Prints the manual page, in roff.
pub(super) fn manual() -> Result<(), CommandError> {
    let mut page = Vec::new();
    Man::new(Arguments::command()).render(&mut page)?;
    output::print(&String::from_utf8_lossy(&page))
}
