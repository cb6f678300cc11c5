use chrono::{DateTime, Utc};
use entity::api_token::{Scope, ScopeList};

use crate::{Rejection, clock, text};

/// An API token to make.
#[derive(Clone, Debug)]
pub struct NewApiToken {
    /// What to call it.
    pub name: TokenName,
    /// What it allows.
    pub scopes: ScopeList,
    /// When it expires; never if omitted.
    pub expires_at: Option<Expiry>,
}

/// The name of an API token: not blank, without control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenName(String);

impl TokenName {
    /// The maximum length in characters (Unicode scalar values).
    pub const MAX_CHARS: usize = 100;

    /// Parses the name of an API token.
    ///
    /// # Errors
    /// Why the text is rejected.
    pub fn parse(text: String) -> Result<Self, Rejection> {
        text::line(text, Self::MAX_CHARS).map(Self)
    }

    /// The text as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Accepts a list of scopes unless it is empty. A repeated one counts once.
///
/// # Errors
/// [`Rejection::Empty`].
pub fn scopes(scopes: Vec<Scope>) -> Result<ScopeList, Rejection> {
    ScopeList::new(scopes).ok_or(Rejection::Empty)
}

/// A time that was in the future when it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry(DateTime<Utc>);

impl Expiry {
    /// Accepts a time in the future.
    ///
    /// # Errors
    /// [`Rejection::Past`].
    pub fn parse(time: DateTime<Utc>) -> Result<Self, Rejection> {
        if time > clock::now() { Ok(Self(time)) } else { Err(Rejection::Past) }
    }

    pub(crate) fn time(self) -> DateTime<Utc> {
        self.0
    }
}
