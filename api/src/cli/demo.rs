use clap::Args;
use indicatif::ProgressBar;
use service::{PasswordCost, Passwords, demo, users::Password};

use super::{CommandError, connect};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// How many; each writes 20 notes, marks 10 and is in up to 2 teams
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    users: u32,
}

pub(super) async fn run(arguments: Arguments) -> Result<(), CommandError> {
    let db = connect().await?;
    let text = service::random::text(15)?;
    let password = Password::parse(text.clone())
        .map_err(|why| CommandError::Input(format!("the password {why}")))?;
    let passwords = Passwords::new(PasswordCost::default())?;
    let bar = ProgressBar::new(0);
    let progress = |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    };
    let filled = demo::fill(&db, &passwords, arguments.users as usize, password, &progress).await?;
    bar.finish_and_clear();
    let demo::Filled { users, teams, notes, marks } = filled;
    println!("{users} users, {teams} teams, {notes} notes and {marks} marks are made");
    println!("The users are user1 (an admin) to user{users}; all have the password {text}");
    Ok(())
}
