//! Audit log lines: who logged in, and who changed what about whom. They contain nothing that a client typed.

use std::net::IpAddr;

use entity::{ApiTokenId, NoteId, TeamId, UserId};
use log::kv::Value;

use crate::Actor;

/// Logs a login attempt. `user` is omitted if there is no such user.
pub(crate) fn login(outcome: &str, user: Option<UserId>, address: Option<IpAddr>) {
    let user = user.map(i64::from);
    let address = address.map(|address| address.to_string());
    log::info!(outcome, user, address; "login");
}

/// Logs that a signed-in user sent a wrong current password.
pub(crate) fn wrong_current_password(user: UserId, address: Option<IpAddr>) {
    let (outcome, user) = ("wrong_credentials", i64::from(user));
    let address = address.map(|address| address.to_string());
    log::info!(outcome, user, address; "password change");
}

/// What somebody did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// What was done.
    pub(crate) what: String,
    /// What it was done to.
    pub(crate) subject: Subject,
}

/// What something was done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A user.
    User(UserId),
    /// A team.
    Team(TeamId),
    /// A member of a team.
    Member(TeamId, UserId),
    /// A note of a user.
    Note(NoteId, UserId),
    /// An API token of a user.
    ApiToken(ApiTokenId, UserId),
}

impl From<UserId> for Subject {
    fn from(user: UserId) -> Self {
        Self::User(user)
    }
}

impl Subject {
    fn user(self) -> Option<i64> {
        match self {
            Self::User(user)
            | Self::Member(_, user)
            | Self::Note(_, user)
            | Self::ApiToken(_, user) => Some(user.into()),
            Self::Team(_) => None,
        }
    }

    fn team(self) -> Option<i64> {
        match self {
            Self::Team(team) | Self::Member(team, _) => Some(team.into()),
            Self::User(_) | Self::Note(..) | Self::ApiToken(..) => None,
        }
    }

    fn note(self) -> Option<i64> {
        match self {
            Self::Note(note, _) => Some(note.into()),
            Self::User(_) | Self::Team(_) | Self::Member(..) | Self::ApiToken(..) => None,
        }
    }

    fn api_token(self) -> Option<i64> {
        match self {
            Self::ApiToken(token, _) => Some(token.into()),
            Self::User(_) | Self::Team(_) | Self::Member(..) | Self::Note(..) => None,
        }
    }
}

impl Change {
    pub(crate) fn log(&self, actor: &Actor) {
        let Self { what, subject } = self;
        let by = match actor {
            Actor::Anonymous => Value::from("anonymous"),
            Actor::User(by) => Value::from(i64::from(by.user.id)),
            Actor::Operator => Value::from("operator"),
        };
        let (user, team, note) = (subject.user(), subject.team(), subject.note());
        let (api_token, by_api_token) = (subject.api_token(), actor.api_token_id().map(i64::from));
        log::info!(what, user, team, note, api_token, by, by_api_token; "changed");
    }
}
