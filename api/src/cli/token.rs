use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, Subcommand};
use entity::{
    ApiTokenId,
    api_token::{self, Scope},
};
use serde_json::{Value, json};
use service::{
    Actor, PageRequest,
    api_tokens::{self, Expiry, Issued, NewApiToken, TokenName},
    clock,
};

use super::{CommandError, output, parse_user, with_db};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make an API token for a user, and print it, this once
    Create(Create),
    /// List a user's API tokens, newest first
    List(List),
    /// End API tokens immediately
    Revoke(Revoke),
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// The user's id or username
    user: String,
    /// What the token allows: read, notes:write, readinglist:write, teams:write or users:write; may be repeated
    #[arg(long = "scope", required = true)]
    scopes: Vec<Scope>,
    /// What to call the token
    #[arg(long)]
    name: String,
    /// When the token expires, such as 90d or 12h from now; never if omitted
    #[arg(long, value_parser = lifetime)]
    expires: Option<TimeDelta>,
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// The user's id or username
    user: String,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Revoke {
    /// The id of an API token
    id: Option<ApiTokenId>,
    /// All API tokens of this user (id or username)
    #[arg(long)]
    user: Option<String>,
    /// Those of everyone
    #[arg(long)]
    all: bool,
}

/// Reads a number of days or hours.
fn lifetime(text: &str) -> Result<TimeDelta, &'static str> {
    let split = text.len().saturating_sub(1);
    let lifetime = text.split_at_checked(split).and_then(|(number, unit)| {
        let number = number.parse::<u16>().ok().filter(|number| *number > 0)?;
        match unit {
            "d" => Some(TimeDelta::days(number.into())),
            "h" => Some(TimeDelta::hours(number.into())),
            _ => None,
        }
    });
    lifetime.ok_or("must be a number of days or hours, such as 90d or 12h")
}

pub(super) async fn run(command: Command) -> Result<(), CommandError> {
    match command {
        Command::Create(new) => create(new).await,
        Command::List(List { user, json }) => list(&user, json).await,
        Command::Revoke(Revoke { id: Some(id), .. }) => revoke(id).await,
        Command::Revoke(Revoke { user, .. }) => revoke_all(user).await,
    }
}

async fn create(Create { user, scopes, name, expires }: Create) -> Result<(), CommandError> {
    let wrong = |what: &'static str| move |why| CommandError::Input(format!("{what} {why}"));
    let key = parse_user(&user)?;
    let expires_at = expires.map(|lifetime| Expiry::parse(clock::now() + lifetime)).transpose();
    let new = NewApiToken {
        name: TokenName::parse(name).map_err(wrong("the name"))?,
        scopes: api_tokens::scopes(scopes).map_err(wrong("the scopes"))?,
        expires_at: expires_at.map_err(wrong("the expiry"))?,
    };
    let create = async |work: &_| api_tokens::create(work, &key, &new).await;
    let issued = with_db(async |db| Ok(db.write(&Actor::Operator, create).await?));
    let Issued { secret, token } = issued.await?;
    output::note(format_args!("{}; the token is shown this once:", described(&token)));
    output::line(secret.as_str())
}

async fn list(user: &str, is_json: bool) -> Result<(), CommandError> {
    let key = parse_user(user)?;
    let all = PageRequest { limit: api_tokens::MAX_PER_USER, after: None, is_counted: false };
    let tokens =
        with_db(async |db| Ok(api_tokens::list(db.reader(), &Actor::Operator, &key, &all).await?));
    let tokens = tokens.await?;
    if is_json {
        return output::json(&tokens.items().map(as_json).collect::<Value>());
    }
    tokens.items().try_for_each(|token| output::line(described(token)))
}

async fn revoke(id: ApiTokenId) -> Result<(), CommandError> {
    let revoke = async |work: &_| api_tokens::revoke(work, id).await;
    with_db(async |db| Ok(db.write(&Actor::Operator, revoke).await?)).await?;
    output::line(format_args!("API token {id} has ended"))
}

/// Ends all API tokens of a user, or of everyone.
async fn revoke_all(user: Option<String>) -> Result<(), CommandError> {
    let key = user.map(|user| parse_user(&user)).transpose()?;
    let revoke = async |work: &_| match &key {
        Some(key) => api_tokens::revoke_all_of(work, key).await,
        None => api_tokens::revoke_all(work).await,
    };
    let ended = with_db(async |db| Ok(db.write(&Actor::Operator, revoke).await?)).await?;
    output::line(format_args!("API tokens ended: {ended}"))
}

/// One line per token.
fn described(token: &api_token::Model) -> String {
    let api_token::Model { id, name, scopes, expires_at, last_used_at, .. } = token;
    let expiry = match expires_at {
        None => "does not expire".to_owned(),
        Some(time) if token.is_live(clock::now()) => format!("expires {}", day(*time)),
        Some(time) => format!("expired {}", day(*time)),
    };
    let used =
        last_used_at.map_or("not used yet".to_owned(), |time| format!("last used {}", day(time)));
    format!("{id} {name} ({scopes}), {expiry}, {used}")
}

fn day(time: DateTime<Utc>) -> impl std::fmt::Display {
    time.format("%Y-%m-%d")
}

fn as_json(token: &api_token::Model) -> Value {
    let api_token::Model { id, name, scopes, created_at, last_used_at, expires_at, .. } = token;
    let scopes: Vec<&str> = scopes.iter().map(Scope::name).collect();
    json!({
        "id": id, "name": name, "scopes": scopes, "created_at": created_at,
        "last_used_at": last_used_at, "expires_at": expires_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_a_number_of_days_or_hours() {
        assert_eq!(lifetime("90d"), Ok(TimeDelta::days(90)));
        assert_eq!(lifetime("12h"), Ok(TimeDelta::hours(12)));
        for wrong in ["", "d", "90", "0d", "-1d", "1.5h", "90 d", "90m", "99999d", "9ä"] {
            assert!(lifetime(wrong).is_err(), "{wrong}");
        }
    }
}
