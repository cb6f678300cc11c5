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
    MarkId, MembershipId, NoteId, TeamId, UserId, mark,
    membership::{self, Role},
    note, team,
    user::{self, PasswordHash},
};
use serde::{Deserialize, Serialize};

use super::{line::Line, values};
use crate::{PasswordCost, password};

/// The version of the files that are written; older ones are read too. The first has no last ids, and
/// rows without versions.
pub(super) const VERSION: u32 = 2;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct User {
    #[serde(deserialize_with = "values::id")]
    id: UserId,
    #[serde(deserialize_with = "values::username")]
    username: String,
    #[serde(deserialize_with = "values::name")]
    name: String,
    #[serde(deserialize_with = "values::password_hash")]
    password_hash: Option<PasswordHash>,
    admin: bool,
    disabled: bool,
    #[serde(deserialize_with = "values::time")]
    created_at: DateTime<Utc>,
    #[serde(deserialize_with = "values::time")]
    updated_at: DateTime<Utc>,
    #[serde(default = "values::first_version", deserialize_with = "values::version")]
    version: i64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Team {
    #[serde(deserialize_with = "values::id")]
    id: TeamId,
    #[serde(deserialize_with = "values::team_name")]
    name: String,
    #[serde(default = "values::first_version", deserialize_with = "values::version")]
    version: i64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Membership {
    #[serde(deserialize_with = "values::id")]
    id: MembershipId,
    #[serde(deserialize_with = "values::id")]
    user_id: UserId,
    #[serde(deserialize_with = "values::id")]
    team_id: TeamId,
    #[serde(with = "values::RoleName")]
    role: Role,
    #[serde(deserialize_with = "values::time")]
    joined_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Note {
    #[serde(deserialize_with = "values::id")]
    id: NoteId,
    #[serde(deserialize_with = "values::content")]
    content: String,
    important: bool,
    #[serde(deserialize_with = "values::time")]
    date: DateTime<Utc>,
    #[serde(deserialize_with = "values::id")]
    user_id: UserId,
    #[serde(deserialize_with = "values::time")]
    created_at: DateTime<Utc>,
    #[serde(deserialize_with = "values::time")]
    updated_at: DateTime<Utc>,
    #[serde(default = "values::first_version", deserialize_with = "values::version")]
    version: i64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mark {
    #[serde(deserialize_with = "values::id")]
    id: MarkId,
    #[serde(deserialize_with = "values::id")]
    user_id: UserId,
    #[serde(deserialize_with = "values::id")]
    note_id: NoteId,
    read: bool,
}

impl User {
    /// Whether verifying the user's password costs more than this.
    pub(super) fn costs_more_than(&self, most: PasswordCost) -> bool {
        let hash = self.password_hash.as_ref();
        hash.is_some_and(|PasswordHash(hash)| !password::is_hash_within(hash, most))
    }
}

impl From<user::Model> for Line {
    fn from(row: user::Model) -> Self {
        let user::Model {
            id,
            username,
            name,
            password_hash,
            admin,
            disabled,
            created_at,
            updated_at,
            version,
            name_folded: _,
        } = row;
        Self::User(User {
            id,
            username,
            name,
            password_hash,
            admin,
            disabled,
            created_at,
            updated_at,
            version,
        })
    }
}

impl From<team::Model> for Line {
    fn from(row: team::Model) -> Self {
        let team::Model { id, name, version, name_folded: _ } = row;
        Self::Team(Team { id, name, version })
    }
}

impl From<membership::Model> for Line {
    fn from(row: membership::Model) -> Self {
        let membership::Model { id, user_id, team_id, role, joined_at } = row;
        Self::Membership(Membership { id, user_id, team_id, role, joined_at })
    }
}

impl From<note::Model> for Line {
    fn from(row: note::Model) -> Self {
        let note::Model {
            id,
            content,
            important,
            date,
            user_id,
            created_at,
            updated_at,
            version,
            content_folded: _,
        } = row;
        Self::Note(Note { id, content, important, date, user_id, created_at, updated_at, version })
    }
}

impl From<mark::Model> for Line {
    fn from(row: mark::Model) -> Self {
        let mark::Model { id, user_id, note_id, read } = row;
        Self::Mark(Mark { id, user_id, note_id, read })
    }
}

impl TryFrom<Line> for user::Model {
    /// A line of another kind, returned unchanged.
    type Error = Line;

    /// `before_save` sets the search column.
    fn try_from(line: Line) -> Result<Self, Line> {
        let Line::User(User {
            id,
            username,
            name,
            password_hash,
            admin,
            disabled,
            created_at,
            updated_at,
            version,
        }) = line
        else {
            return Err(line);
        };
        Ok(Self {
            id,
            username,
            name,
            password_hash,
            admin,
            disabled,
            created_at,
            updated_at,
            version,
            name_folded: String::new(),
        })
    }
}

impl TryFrom<Line> for team::Model {
    type Error = Line;

    /// `before_save` sets the search column.
    fn try_from(line: Line) -> Result<Self, Line> {
        let Line::Team(Team { id, name, version }) = line else { return Err(line) };
        Ok(Self { id, name, version, name_folded: String::new() })
    }
}

impl TryFrom<Line> for membership::Model {
    type Error = Line;

    fn try_from(line: Line) -> Result<Self, Line> {
        let Line::Membership(Membership { id, user_id, team_id, role, joined_at }) = line else {
            return Err(line);
        };
        Ok(Self { id, user_id, team_id, role, joined_at })
    }
}

impl TryFrom<Line> for note::Model {
    type Error = Line;

    /// `before_save` sets the search column.
    fn try_from(line: Line) -> Result<Self, Line> {
        let Line::Note(Note {
            id,
            content,
            important,
            date,
            user_id,
            created_at,
            updated_at,
            version,
        }) = line
        else {
            return Err(line);
        };
        Ok(Self {
            id,
            content,
            important,
            date,
            user_id,
            created_at,
            updated_at,
            version,
            content_folded: String::new(),
        })
    }
}

impl TryFrom<Line> for mark::Model {
    type Error = Line;

    fn try_from(line: Line) -> Result<Self, Line> {
        let Line::Mark(Mark { id, user_id, note_id, read }) = line else { return Err(line) };
        Ok(Self { id, user_id, note_id, read })
    }
}
