//! The rows in an export file, as JSON. Columns that are computed from others, such as the case-folded
//! search columns, are left out.
//!
//! How a column is added, so that older files stay readable:
//!
//! 1. Its field gets `#[serde(default)]`, or a default of its own: the value that the migration gives to
//!    existing rows.
//! 2. [`VERSION`] is increased by one, so that an older service reports that the file is too new for it.

use chrono::{DateTime, Utc};
use entity::{
    MarkId, MembershipId, NoteId, ShareId, TeamId, UserId, membership::Role, note::Visibility,
    user::PasswordHash,
};
use serde::{Deserialize, Serialize};

use super::values;
use crate::{PasswordCost, password};

/// The version of the files that are written; older ones are read too. The first has no last ids, and
/// rows without versions. The second has no shares, and notes without visibility.
pub(super) const VERSION: u32 = 3;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct User {
    #[serde(deserialize_with = "values::id")]
    pub(super) id: UserId,
    #[serde(deserialize_with = "values::username")]
    pub(super) username: String,
    #[serde(deserialize_with = "values::name")]
    pub(super) name: String,
    #[serde(deserialize_with = "values::password_hash")]
    pub(super) password_hash: Option<PasswordHash>,
    pub(super) admin: bool,
    pub(super) disabled: bool,
    #[serde(deserialize_with = "values::time")]
    pub(super) created_at: DateTime<Utc>,
    #[serde(deserialize_with = "values::time")]
    pub(super) updated_at: DateTime<Utc>,
    #[serde(default = "values::first_version", deserialize_with = "values::version")]
    pub(super) version: i64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Team {
    #[serde(deserialize_with = "values::id")]
    pub(super) id: TeamId,
    #[serde(deserialize_with = "values::team_name")]
    pub(super) name: String,
    #[serde(default = "values::first_version", deserialize_with = "values::version")]
    pub(super) version: i64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Membership {
    #[serde(deserialize_with = "values::id")]
    pub(super) id: MembershipId,
    #[serde(deserialize_with = "values::id")]
    pub(super) user_id: UserId,
    #[serde(deserialize_with = "values::id")]
    pub(super) team_id: TeamId,
    #[serde(with = "values::RoleName")]
    pub(super) role: Role,
    #[serde(deserialize_with = "values::time")]
    pub(super) joined_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Note {
    #[serde(deserialize_with = "values::id")]
    pub(super) id: NoteId,
    #[serde(deserialize_with = "values::content")]
    pub(super) content: String,
    pub(super) important: bool,
    #[serde(deserialize_with = "values::time")]
    pub(super) date: DateTime<Utc>,
    #[serde(deserialize_with = "values::id")]
    pub(super) user_id: UserId,
    #[serde(deserialize_with = "values::time")]
    pub(super) created_at: DateTime<Utc>,
    #[serde(deserialize_with = "values::time")]
    pub(super) updated_at: DateTime<Utc>,
    #[serde(default = "values::first_version", deserialize_with = "values::version")]
    pub(super) version: i64,
    #[serde(default = "values::public", with = "values::VisibilityName")]
    pub(super) visibility: Visibility,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Share {
    #[serde(deserialize_with = "values::id")]
    pub(super) id: ShareId,
    #[serde(deserialize_with = "values::id")]
    pub(super) note_id: NoteId,
    #[serde(deserialize_with = "values::id")]
    pub(super) team_id: TeamId,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mark {
    #[serde(deserialize_with = "values::id")]
    pub(super) id: MarkId,
    #[serde(deserialize_with = "values::id")]
    pub(super) user_id: UserId,
    #[serde(deserialize_with = "values::id")]
    pub(super) note_id: NoteId,
    pub(super) read: bool,
}

impl User {
    /// Whether verifying the user's password costs more than this.
    pub(super) fn costs_more_than(&self, most: PasswordCost) -> bool {
        let hash = self.password_hash.as_ref();
        hash.is_some_and(|PasswordHash(hash)| !password::is_hash_within(hash, most))
    }
}
