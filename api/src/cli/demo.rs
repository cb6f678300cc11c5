use clap::Args;
use service::{demo, users::Password};

use super::{
    CommandError, create_database, database, missing_file, output, passwords, progress, with_db,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The number of users; each writes 20 notes, marks 10 and is in up to 2 teams
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    users: u32,
}

pub(super) async fn run(Arguments { users }: Arguments) -> Result<(), CommandError> {
    let text = service::random::text(15)?;
    let password = Password::parse(text.clone())
        .map_err(|why| CommandError::Input(format!("the password {why}")))?;
    let passwords = passwords()?;
    if missing_file(&database()?).is_some() {
        create_database().await?;
    }
    let counts =
        with_db(
            async |db| Ok(demo::fill(db, &passwords, users, password, &progress::bar()).await?),
        )
        .await?;
    output::line(format_args!("created {counts}"))?;
    let names = if users == 1 { "user1".into() } else { format!("user1 to user{users}") };
    output::line(format_args!("usernames: {names}; user1 is an admin; password of all: {text}"))
}
