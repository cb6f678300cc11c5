//! Audit log lines: who logged in, and who changed what about whom. They contain nothing that a client typed.

use std::net::IpAddr;

use entity::UserId;
use log::kv::Value;

use crate::Actor;

/// Logs a login attempt. `user` is omitted if there is no such user.
pub(crate) fn login(outcome: &str, user: Option<UserId>, address: Option<IpAddr>) {
    let address = address.map(|address| address.to_string()).unwrap_or_default();
    match user.map(i64::from) {
        Some(user) => log::info!(outcome, user, address:%; "login"),
        None => log::info!(outcome, address:%; "login"),
    }
}

/// What somebody did to a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// What was done.
    pub(crate) what: String,
    /// The user it was done to.
    pub(crate) user: UserId,
}

impl Change {
    pub(crate) fn log(&self, actor: &Actor) {
        let Self { what, user } = self;
        let by = match actor {
            Actor::Anonymous => Value::from("anonymous"),
            Actor::User(by) => Value::from(i64::from(by.user.id)),
            Actor::Operator => Value::from("operator"),
        };
        log::info!(what, user = i64::from(*user), by; "changed");
    }
}
