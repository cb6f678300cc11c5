use sea_orm::sea_query::Expr;

use crate::user;

/// How a caller names a user: by id or by username.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserKey {
    /// A positive id.
    Id(i64),
    /// In lower case, as [`UserKey::parse`] makes it.
    Username(String),
}

impl UserKey {
    /// Digits are an id, anything else a username. None when the digits are no positive 64-bit
    /// integer, which names nobody.
    pub fn parse(key: &str) -> Option<Self> {
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self::Username(key.to_ascii_lowercase()));
        }
        key.parse().ok().filter(|&id| id > 0).map(Self::Id)
    }

    pub(crate) fn condition(&self) -> Expr {
        match self {
            Self::Id(id) => user::COLUMN.id.eq(*id),
            Self::Username(username) => user::COLUMN.username.eq(username),
        }
    }
}
