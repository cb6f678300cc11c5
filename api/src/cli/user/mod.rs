mod list;

use clap::{Args, Subcommand};
use entity::user;
use service::{
    Actor, Expected, Throttle,
    invitations::{self, Invited, NewInvitation},
    users::{self, Name, NewUser, UserChange, Username},
};

use super::{CommandError, output, parse_user, password, passwords, with_db};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Create a user; prompts for the password, or reads it from standard input
    Create(Create),
    /// Invite a user, who sets the first password: print the token for that, valid once and for seven days
    Invite(Invite),
    /// List all users
    List(List),
    /// Let a user log in again
    Enable(Named),
    /// Keep a user from logging in, and reject the user's tokens immediately
    Disable(Named),
    /// Make a user an admin
    Promote(Named),
    /// Make an admin an ordinary user again
    Demote(Named),
    /// Set a user's password and end the user's sessions; prompts for it, or reads it from standard input
    ResetPassword(ResetPassword),
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
pub(super) struct Invite {
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
pub(super) struct List {
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ResetPassword {
    /// The user's id or username
    user: String,
    /// End the user's API tokens too
    #[arg(long)]
    end_tokens: bool,
}

#[derive(Debug, Args)]
pub(super) struct Named {
    /// The user's id or username
    user: String,
}

pub(super) async fn run(command: Command) -> Result<(), CommandError> {
    let (user, change) = match command {
        Command::Create(new) => return create(new).await,
        Command::Invite(new) => return invite(new).await,
        Command::List(List { json }) => return with_db(async |db| list::run(db, json).await).await,
        Command::Enable(Named { user }) => {
            (user, UserChange { disabled: Some(false), ..UserChange::default() })
        }
        Command::Disable(Named { user }) => {
            (user, UserChange { disabled: Some(true), ..UserChange::default() })
        }
        Command::Promote(Named { user }) => {
            (user, UserChange { admin: Some(true), ..UserChange::default() })
        }
        Command::Demote(Named { user }) => {
            (user, UserChange { admin: Some(false), ..UserChange::default() })
        }
        Command::ResetPassword(ResetPassword { user, end_tokens }) => {
            let password = Some(password::read()?);
            (user, UserChange { password, end_tokens, ..UserChange::default() })
        }
    };
    update(&user, change).await
}

async fn create(new: Create) -> Result<(), CommandError> {
    let wrong = |what: &'static str| move |why| CommandError::Input(format!("{what} {why}"));
    let name = new.name.unwrap_or_else(|| new.username.clone());
    let new_user = NewUser {
        username: Username::parse(new.username).map_err(wrong("the username"))?,
        name: Name::parse(name).map_err(wrong("the name"))?,
        password: password::read()?,
    };
    let new = users::hash(&passwords()?, new_user, new.admin).await?;
    let created = with_db(async |db| {
        Ok(db.write(&Actor::Operator, async |work| users::create(work, &new).await).await?)
    });
    print(&created.await?)
}

async fn invite(Invite { username, name, admin }: Invite) -> Result<(), CommandError> {
    let wrong = |what: &'static str| move |why| CommandError::Input(format!("{what} {why}"));
    let name = name.unwrap_or_else(|| username.clone());
    let new = NewInvitation {
        username: Username::parse(username).map_err(wrong("the username"))?,
        name: Name::parse(name).map_err(wrong("the name"))?,
        admin,
    };
    let create = async |work: &_| invitations::create(work, &new).await;
    let invited = with_db(async |db| Ok(db.write(&Actor::Operator, create).await?)).await?;
    let Invited { token, invitation, user } = invited;
    let until = invitation.expires_at.format("%Y-%m-%d %H:%M UTC");
    output::note(format_args!(
        "{}, invited until {until}; the token is shown this once:",
        described(&user)
    ));
    output::line(token)
}

async fn update(user: &str, change: UserChange) -> Result<(), CommandError> {
    let key = parse_user(user)?;
    let (passwords, throttle) = (passwords()?, Throttle::off());
    let operator = &Actor::Operator;
    let changed = with_db(async |db| {
        let reader = db.reader();
        let change =
            users::prepare_change(reader, &passwords, &throttle, operator, &key, change).await?;
        Ok(db
            .write(operator, async |work| users::update(work, &change, &Expected::Unstated).await)
            .await?)
    });
    print(&changed.await?)
}

/// One line per user.
fn print(user: &user::Model) -> Result<(), CommandError> {
    output::line(described(user))
}

fn described(user: &user::Model) -> String {
    let admin = if user.admin { " admin" } else { "" };
    let disabled = if user.disabled { " disabled" } else { "" };
    format!("{} {}{admin}{disabled} ({})", user.id, user.username, user.name)
}
