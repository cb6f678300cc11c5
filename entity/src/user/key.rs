use sea_orm::{ColumnTrait, sea_query::Expr};

use super::{COLUMN, Column, Model};
use crate::UserId;

/// How a caller identifies a user: by id or by username.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserKey {
    /// The user's id.
    Id(UserId),
    /// The username in lower case, as [`UserKey::parse`] makes it.
    Username(String),
}

impl UserKey {
    /// Reads digits as an id and anything else as a username. `None` when the digits are not a
    /// positive 64-bit integer, which identifies nobody.
    pub fn parse(key: &str) -> Option<Self> {
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self::Username(key.to_ascii_lowercase()));
        }
        key.parse().ok().map(Self::Id)
    }

    /// Whether this identifies the user.
    pub fn identifies(&self, user: &Model) -> bool {
        match self {
            Self::Id(id) => user.id == *id,
            Self::Username(username) => user.username == *username,
        }
    }

    pub(crate) fn condition(&self) -> Expr {
        match self {
            Self::Id(id) => Column::Id.eq(*id),
            Self::Username(username) => COLUMN.username.eq(username),
        }
    }
}

impl From<UserId> for UserKey {
    fn from(id: UserId) -> Self {
        Self::Id(id)
    }
}
