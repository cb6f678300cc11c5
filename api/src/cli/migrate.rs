use std::io::{self, BufRead, IsTerminal, Write};

use clap::{Args, Subcommand};
use service::schema::{self, Loss};

use super::{CommandError, database};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Do not ask before losing data
    #[arg(long, global = true)]
    yes: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Run(schema::Command),
    /// Print the SQL that a command would run, without running it
    #[command(subcommand)]
    Plan(schema::Command),
}

pub(super) async fn run(arguments: Arguments) -> Result<(), CommandError> {
    let settings = database()?;
    match arguments.command {
        Command::Plan(command) => {
            for sql in schema::plan(&settings, command).await? {
                println!("{sql};");
            }
        }
        Command::Run(command) => {
            if command.may_lose_data() && !arguments.yes {
                let losses = schema::losses(&settings, command).await?;
                if !losses.is_empty() {
                    confirm(&losses)?;
                }
            }
            for migration in schema::run(&settings, command).await? {
                println!("{migration}");
            }
        }
    }
    Ok(())
}

/// Continues only if somebody at a terminal types `yes`.
fn confirm(losses: &[Loss]) -> Result<(), CommandError> {
    eprintln!("This will permanently delete:");
    for Loss { what, rows } in losses {
        eprintln!("  {what} ({rows} rows)");
    }
    if !io::stdin().is_terminal() {
        return Err(CommandError::Input("nothing was changed: add --yes to proceed".into()));
    }
    eprint!("Type yes to proceed: ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    match answer.trim() {
        "yes" => Ok(()),
        _ => Err(CommandError::Input("nothing was changed".into())),
    }
}
