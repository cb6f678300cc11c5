use chrono::{DateTime, Utc};
use entity::{
    UserId,
    user::{self, UserSummary},
};
use serde::Serialize;
use service::users::{Listed, WithLists};
use utoipa::ToSchema;

use crate::{
    http::{bounded::Bounded, etag::Versioned},
    resources::{
        notes::NoteCoreBody,
        reading_list::MarkedNoteBody,
        teams::TeamCoreBody,
        values::{IdSchema, VersionSchema},
    },
};

/// A user, wherever one is mentioned.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserSummary)]
pub(crate) struct UserSummaryBody {
    #[schema(value_type = IdSchema)]
    id: UserId,
    /// What the user logs in with, in lower case.
    #[schema(example = "alice")]
    username: String,
    /// The name to show.
    #[schema(example = "Alice Walker")]
    name: String,
}

impl From<UserSummary> for UserSummaryBody {
    fn from(UserSummary { id, username, name }: UserSummary) -> Self {
        Self { id, username, name }
    }
}

/// A user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserBody {
    #[schema(value_type = IdSchema)]
    id: UserId,
    /// What the user logs in with, in lower case.
    #[schema(example = "alice")]
    username: String,
    /// The name to show.
    #[schema(example = "Alice Walker")]
    name: String,
    /// Whether the user has the rights of an admin.
    #[schema(example = false)]
    admin: bool,
    /// Whether the user can't log in.
    #[schema(example = false)]
    disabled: bool,
    /// When the user signed up.
    created_at: DateTime<Utc>,
    /// When the user was last changed.
    updated_at: DateTime<Utc>,
    #[schema(value_type = VersionSchema)]
    version: i64,
}

impl From<user::Model> for UserBody {
    fn from(user: user::Model) -> Self {
        let user::Model {
            id,
            username,
            name,
            name_folded: _,
            password_hash: _,
            admin,
            disabled,
            created_at,
            updated_at,
            version,
        } = user;
        Self { id, username, name, admin, disabled, created_at, updated_at, version }
    }
}

impl Versioned for UserBody {
    fn version(&self) -> i64 {
        self.version
    }
}

/// A user in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ListedUser)]
pub(crate) struct ListedUserBody {
    #[serde(flatten)]
    user: UserBody,
    /// The number of the user's public notes.
    #[schema(minimum = 0)]
    note_count: i64,
    /// If included: the newest notes that the caller sees, at most 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<NoteCoreBody>>, nullable = false)]
    notes: Option<Bounded<NoteCoreBody>>,
    /// With `teams`: the number of teams.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0)]
    team_count: Option<i64>,
    /// If included: the newest memberships, at most 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<TeamCoreBody>>, nullable = false)]
    teams: Option<Bounded<TeamCoreBody>>,
}

impl From<Listed> for ListedUserBody {
    fn from(Listed { user, note_count, notes, teams }: Listed) -> Self {
        Self {
            user: user.into(),
            note_count,
            notes: notes.map(|notes| notes.into_iter().map(NoteCoreBody::from).collect()),
            team_count: teams.as_ref().map(|teams| teams.total),
            teams: teams.map(|teams| teams.items.into_iter().map(TeamCoreBody::from).collect()),
        }
    }
}

/// A user with what was included, which is notes and marked notes by default.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserDetail)]
pub(crate) struct UserDetailBody {
    #[serde(flatten)]
    user: UserBody,
    /// The number of the user's public notes.
    #[schema(minimum = 0)]
    note_count: i64,
    /// With `notes`: how many of all the user's notes the caller sees.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0)]
    visible_note_count: Option<i64>,
    /// If included: the newest notes that the caller sees, at most 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<NoteCoreBody>>, nullable = false)]
    notes: Option<Bounded<NoteCoreBody>>,
    /// With `marked_notes`: the number of marked notes that the caller sees; with `read`, only of those selected.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0)]
    marked_count: Option<i64>,
    /// If included: the newest marks of notes that the caller sees, at most 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<MarkedNoteBody>>, nullable = false)]
    marked_notes: Option<Bounded<MarkedNoteBody>>,
    /// With `teams`: the number of teams.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0)]
    team_count: Option<i64>,
    /// If included: the newest memberships, at most 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<TeamCoreBody>>, nullable = false)]
    teams: Option<Bounded<TeamCoreBody>>,
}

impl Versioned for UserDetailBody {
    fn version(&self) -> i64 {
        self.user.version
    }
}

impl From<WithLists> for UserDetailBody {
    fn from(WithLists { user, note_count, notes, marked_notes, teams }: WithLists) -> Self {
        Self {
            user: user.into(),
            note_count,
            visible_note_count: notes.as_ref().map(|notes| notes.total),
            notes: notes.map(|notes| notes.items.into_iter().map(NoteCoreBody::from).collect()),
            marked_count: marked_notes.as_ref().map(|marked| marked.total),
            marked_notes: marked_notes
                .map(|marked| marked.items.into_iter().map(MarkedNoteBody::from).collect()),
            team_count: teams.as_ref().map(|teams| teams.total),
            teams: teams.map(|teams| teams.items.into_iter().map(|row| row.team.into()).collect()),
        }
    }
}
