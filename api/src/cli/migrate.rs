use std::io::{self, BufRead, IsTerminal, Write};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use service::schema::{self, Applied, Loss, Planned};

use super::{CommandError, database, existing_database, output};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Do not ask before losing data
    #[arg(long, global = true)]
    yes: bool,
    /// Print the migrations as a JSON array
    #[arg(long, global = true)]
    json: bool,
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
    let settings = match arguments.command {
        Command::Run(command) if command.creates_database() => database()?,
        Command::Run(_) | Command::Plan(_) => existing_database()?,
    };
    match arguments.command {
        Command::Plan(command) => print_plan(&schema::plan(&settings, command).await?),
        Command::Run(command) => {
            if command.may_lose_data() && !arguments.yes {
                let losses = schema::losses(&settings, command).await?;
                if !losses.is_empty() {
                    confirm(&losses)?;
                }
            }
            print(&schema::run(&settings, command).await?, arguments.json)
        }
    }
}

/// Prints SQL, with comments.
fn print_plan(planned: &[Planned]) -> Result<(), CommandError> {
    if planned.is_empty() {
        return output::line("-- nothing to do");
    }
    planned.iter().try_for_each(|Planned { migration, statements }| {
        if let Some(name) = migration {
            output::line(format_args!("-- {name}"))?;
        }
        statements.iter().try_for_each(|sql| output::line(format_args!("{sql};")))
    })
}

fn print(migrations: &[Applied], is_json: bool) -> Result<(), CommandError> {
    if is_json {
        let as_json =
            |Applied { name, applied }: &Applied| json!({ "name": name, "applied": applied });
        return output::json(&migrations.iter().map(as_json).collect::<Value>());
    }
    migrations.iter().try_for_each(output::line)
}

/// Continues only if somebody at a terminal types `yes`.
fn confirm(losses: &[Loss]) -> Result<(), CommandError> {
    output::note("This will permanently delete:");
    for Loss { what, rows } in losses {
        output::note(format_args!("  {what} ({rows} rows)"));
    }
    if !io::stdin().is_terminal() {
        return Err(CommandError::Input("nothing was changed: add --yes to proceed".into()));
    }
    let mut prompt = io::stderr();
    prompt.write_all(b"Type yes to proceed: ")?;
    prompt.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    match answer.trim() {
        "yes" => Ok(()),
        _ => Err(CommandError::Input("nothing was changed".into())),
    }
}
