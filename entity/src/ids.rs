//! Ids as types, so that the id of a note can't be passed where the id of a user is expected.

use std::{fmt, num::ParseIntError, str::FromStr};

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

/// A number that can't be an id: ids are positive 64-bit integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnId;

impl fmt::Display for NotAnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be a positive 64-bit integer")
    }
}

impl std::error::Error for NotAnId {}

impl From<ParseIntError> for NotAnId {
    fn from(_: ParseIntError) -> Self {
        Self
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            Serialize, Deserialize, DeriveValueType,
        )]
        #[serde(try_from = "i64", into = "i64")]
        pub struct $name(i64);

        impl TryFrom<i64> for $name {
            type Error = NotAnId;

            fn try_from(id: i64) -> Result<Self, NotAnId> {
                if id > 0 { Ok(Self(id)) } else { Err(NotAnId) }
            }
        }

        impl From<$name> for i64 {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            /// Reads digits; a sign is rejected.
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                if text.starts_with('+') { Err(NotAnId) } else { text.parse::<i64>()?.try_into() }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

ids! {
    /// The id of a user.
    UserId
    /// The id of a note.
    NoteId
    /// The id of a team.
    TeamId
    /// The id of a membership.
    MembershipId
    /// The id of a mark.
    MarkId
    /// The id of a session.
    SessionId
    /// The id of an API token.
    ApiTokenId
    /// The id of a share.
    ShareId
    /// The id of an idempotency key.
    IdempotencyKeyId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_positive_64_bit_integers() {
        assert_eq!("7".parse(), UserId::try_from(7));
        assert_eq!(i64::MAX.to_string().parse::<NoteId>().map(i64::from), Ok(i64::MAX));
        for text in ["0", "-1", "+1", "", "1.0", "9223372036854775808", " 1"] {
            assert_eq!(text.parse::<UserId>(), Err(NotAnId), "{text:?}");
        }
    }
}
