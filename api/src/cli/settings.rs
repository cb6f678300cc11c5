use clap::{Args, ValueEnum};

use super::{CommandError, output};
use crate::server::settings::listing;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// Plain text
    #[default]
    Text,
    /// The README's table
    Markdown,
    /// The file .env.example
    Env,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), CommandError> {
    output::print(&match arguments.format {
        Format::Text => listing::text(),
        Format::Markdown => listing::markdown(),
        Format::Env => listing::example(),
    })
}
