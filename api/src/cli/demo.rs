use clap::Args;
use service::{demo, users::Password};

use super::{CommandError, connect, passwords, progress};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The number of users; each writes 20 notes, marks 10 and is in up to 2 teams
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    users: u32,
}

pub(super) async fn run(arguments: Arguments) -> Result<(), CommandError> {
    let db = connect().await?;
    let text = service::random::text(15)?;
    let password = Password::parse(text.clone())
        .map_err(|why| CommandError::Input(format!("the password {why}")))?;
    let users = arguments.users;
    let counts = demo::fill(&db, &passwords()?, users, password, &progress::bar()).await?;
    println!("made: {counts}");
    println!("The users are user1 (an admin) to user{users}, all with the password {text}");
    Ok(())
}
