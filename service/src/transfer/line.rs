//! The lines of an export file: rows as JSON. What is made of other columns, as the folded copies are,
//! is not in it.

use chrono::{DateTime, Utc};
use entity::{
    membership::{self, Role},
    note, team, text, user, user_note,
};
use sea_orm::ActiveValue::Set;
use serde::{Deserialize, Serialize};

use super::values;
use crate::bulk::Counts;

/// One line of the file. They come in this order: each refers to rows of lines before it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    Header(Header),
    User(User),
    Team(Team),
    Membership(Membership),
    Note(Note),
    Mark(Mark),
    End(End),
}

/// What makes the file one of Teamnotes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) format: String,
    pub(super) version: u32,
}

/// What all lines before it must add up to.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    pub(super) counts: Counts,
    /// Of all lines before this one, with their line ends, in hexadecimal.
    pub(super) sha256: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct User {
    #[serde(deserialize_with = "values::id")]
    id: i64,
    #[serde(deserialize_with = "values::username")]
    username: String,
    #[serde(deserialize_with = "values::name")]
    name: String,
    #[serde(deserialize_with = "values::password_hash")]
    password_hash: Option<String>,
    admin: bool,
    disabled: bool,
    #[serde(deserialize_with = "values::time")]
    created_at: DateTime<Utc>,
    #[serde(deserialize_with = "values::time")]
    updated_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Team {
    #[serde(deserialize_with = "values::id")]
    id: i64,
    #[serde(deserialize_with = "values::team_name")]
    name: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Membership {
    #[serde(deserialize_with = "values::id")]
    id: i64,
    #[serde(deserialize_with = "values::id")]
    user_id: i64,
    #[serde(deserialize_with = "values::id")]
    team_id: i64,
    #[serde(with = "values::RoleName")]
    role: Role,
    #[serde(deserialize_with = "values::time")]
    joined_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Note {
    #[serde(deserialize_with = "values::id")]
    id: i64,
    #[serde(deserialize_with = "values::content")]
    content: String,
    important: bool,
    #[serde(deserialize_with = "values::time")]
    date: DateTime<Utc>,
    #[serde(deserialize_with = "values::id")]
    user_id: i64,
    #[serde(deserialize_with = "values::time")]
    created_at: DateTime<Utc>,
    #[serde(deserialize_with = "values::time")]
    updated_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mark {
    #[serde(deserialize_with = "values::id")]
    id: i64,
    #[serde(deserialize_with = "values::id")]
    user_id: i64,
    #[serde(deserialize_with = "values::id")]
    note_id: i64,
    read: bool,
}

impl Line {
    /// Its place in the order of the file.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Header(_) => 0,
            Self::User(_) => 1,
            Self::Team(_) => 2,
            Self::Membership(_) => 3,
            Self::Note(_) => 4,
            Self::Mark(_) => 5,
            Self::End(_) => 6,
        }
    }

    /// Adds it to the rows of its kind.
    pub(super) fn count(&self, counts: &mut Counts) {
        match self {
            Self::User(_) => counts.users += 1,
            Self::Team(_) => counts.teams += 1,
            Self::Membership(_) => counts.memberships += 1,
            Self::Note(_) => counts.notes += 1,
            Self::Mark(_) => counts.marks += 1,
            Self::Header(_) | Self::End(_) => {}
        }
    }
}

impl From<user::Model> for Line {
    fn from(user: user::Model) -> Self {
        Self::User(User {
            id: user.id,
            username: user.username,
            name: user.name,
            password_hash: user.password_hash,
            admin: user.admin,
            disabled: user.disabled,
            created_at: user.created_at,
            updated_at: user.updated_at,
        })
    }
}

impl From<team::Model> for Line {
    fn from(team: team::Model) -> Self {
        Self::Team(Team { id: team.id, name: team.name })
    }
}

impl From<membership::Model> for Line {
    fn from(membership: membership::Model) -> Self {
        Self::Membership(Membership {
            id: membership.id,
            user_id: membership.user_id,
            team_id: membership.team_id,
            role: membership.role,
            joined_at: membership.joined_at,
        })
    }
}

impl From<note::Model> for Line {
    fn from(note: note::Model) -> Self {
        Self::Note(Note {
            id: note.id,
            content: note.content,
            important: note.important,
            date: note.date,
            user_id: note.user_id,
            created_at: note.created_at,
            updated_at: note.updated_at,
        })
    }
}

impl From<user_note::Model> for Line {
    fn from(mark: user_note::Model) -> Self {
        Self::Mark(Mark {
            id: mark.id,
            user_id: mark.user_id,
            note_id: mark.note_id,
            read: mark.read,
        })
    }
}

impl TryFrom<Line> for user::ActiveModel {
    /// A line of another kind, given back.
    type Error = Line;

    fn try_from(line: Line) -> Result<Self, Line> {
        let Line::User(user) = line else { return Err(line) };
        Ok(Self {
            id: Set(user.id),
            username: Set(user.username),
            name_folded: Set(text::fold(&user.name)),
            name: Set(user.name),
            password_hash: Set(user.password_hash),
            admin: Set(user.admin),
            disabled: Set(user.disabled),
            created_at: Set(user.created_at),
            updated_at: Set(user.updated_at),
        })
    }
}

impl TryFrom<Line> for team::ActiveModel {
    type Error = Line;

    fn try_from(line: Line) -> Result<Self, Line> {
        let Line::Team(team) = line else { return Err(line) };
        Ok(Self {
            id: Set(team.id),
            name_folded: Set(text::fold(&team.name)),
            name: Set(team.name),
        })
    }
}

impl TryFrom<Line> for membership::ActiveModel {
    type Error = Line;

    fn try_from(line: Line) -> Result<Self, Line> {
        let Line::Membership(membership) = line else { return Err(line) };
        Ok(Self {
            id: Set(membership.id),
            user_id: Set(membership.user_id),
            team_id: Set(membership.team_id),
            role: Set(membership.role),
            joined_at: Set(membership.joined_at),
        })
    }
}

impl TryFrom<Line> for note::ActiveModel {
    type Error = Line;

    fn try_from(line: Line) -> Result<Self, Line> {
        let Line::Note(note) = line else { return Err(line) };
        Ok(Self {
            id: Set(note.id),
            content_folded: Set(text::fold(&note.content)),
            content: Set(note.content),
            important: Set(note.important),
            date: Set(note.date),
            user_id: Set(note.user_id),
            created_at: Set(note.created_at),
            updated_at: Set(note.updated_at),
        })
    }
}

impl TryFrom<Line> for user_note::ActiveModel {
    type Error = Line;

    fn try_from(line: Line) -> Result<Self, Line> {
        let Line::Mark(mark) = line else { return Err(line) };
        Ok(Self {
            id: Set(mark.id),
            user_id: Set(mark.user_id),
            note_id: Set(mark.note_id),
            read: Set(mark.read),
        })
    }
}
