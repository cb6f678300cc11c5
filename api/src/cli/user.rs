use clap::{Args, Subcommand};
use service::{
    Db, PageRequest, Throttle, Viewer,
    users::{self, Change, DisabledFilter, Filter, Name, NewUser, Username},
};

use super::{CommandError, connect, parse_user, password, passwords};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Create a user; prompts for the password, or reads it from standard input
    Create(Create),
    /// List all users
    List,
    /// Let a user log in again
    Enable(Named),
    /// Keep a user from logging in, and reject the user's tokens immediately
    Disable(Named),
    /// Make a user an admin
    Promote(Named),
    /// Make an admin an ordinary user again
    Demote(Named),
    /// Set a user's password and end the user's sessions; prompts for it, or reads it from standard input
    ResetPassword(Named),
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// The username, which is stored in lower case
    username: String,
    /// The user's full name; the username if omitted
    #[arg(long)]
    name: Option<String>,
    /// Make the user an admin
    #[arg(long)]
    admin: bool,
}

#[derive(Debug, Args)]
pub(super) struct Named {
    /// Id or username
    user: String,
}

pub(super) async fn run(command: Command) -> Result<(), CommandError> {
    let (user, change) = match command {
        Command::Create(new) => return create(new).await,
        Command::List => return list(&connect().await?).await,
        Command::Enable(Named { user }) => {
            (user, Change { disabled: Some(false), ..Change::default() })
        }
        Command::Disable(Named { user }) => {
            (user, Change { disabled: Some(true), ..Change::default() })
        }
        Command::Promote(Named { user }) => {
            (user, Change { admin: Some(true), ..Change::default() })
        }
        Command::Demote(Named { user }) => {
            (user, Change { admin: Some(false), ..Change::default() })
        }
        Command::ResetPassword(Named { user }) => {
            (user, Change { password: Some(password::read()?), ..Change::default() })
        }
    };
    update(&connect().await?, &user, change).await
}

async fn create(new: Create) -> Result<(), CommandError> {
    let wrong = |what: &'static str| move |why| CommandError::Input(format!("{what} {why}"));
    let name = new.name.unwrap_or_else(|| new.username.clone());
    let new_user = NewUser {
        username: Username::parse(new.username).map_err(wrong("the username"))?,
        name: Name::parse(name).map_err(wrong("the name"))?,
        password: password::read()?,
    };
    let made = users::create(&connect().await?, &passwords()?, new_user, new.admin).await?;
    print(&made);
    Ok(())
}

async fn update(db: &Db, user: &str, change: Change) -> Result<(), CommandError> {
    let key = parse_user(user)?;
    let changed =
        users::update(db, &passwords()?, &Throttle::new(false), &Viewer::Operator, &key, change)
            .await?;
    print(&changed);
    Ok(())
}

async fn list(db: &Db) -> Result<(), CommandError> {
    let everyone = Filter { disabled: DisabledFilter::Any, ..Filter::default() };
    let mut request = PageRequest { limit: 200, after: None };
    loop {
        let page = users::list(db, &Viewer::Operator, &everyone, request).await?;
        page.items.iter().for_each(|user| print(&user.account));
        match page.next {
            Some(after) => request.after = Some(after),
            None => return Ok(()),
        }
    }
}

fn print(user: &entity::user::Account) {
    let admin = if user.admin { " admin" } else { "" };
    let disabled = if user.disabled { " disabled" } else { "" };
    // A name may contain characters that move a terminal's cursor.
    let name: String = user.name.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    println!("{} {}{admin}{disabled} ({name})", user.id, user.username);
}
