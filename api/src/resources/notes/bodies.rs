use chrono::{DateTime, Utc};
use deserr::Deserr;
use entity::{NoteId, note, team};
use serde::Serialize;
use service::{
    Newest,
    notes::{Detail, Visibility, WithTeams},
};
use utoipa::ToSchema;

use crate::{
    http::{bounded::Bounded, etag::Versioned, extract::Violations},
    resources::{
        teams::TeamCoreBody,
        users::UserSummaryBody,
        values::{IdSchema, VersionSchema},
    },
};

/// Who sees a note besides its author.
#[derive(Clone, Copy, Debug, Deserr, Serialize, ToSchema)]
#[deserr(error = Violations, rename_all = lowercase)]
#[schema(as = Visibility, example = "public")]
#[serde(rename_all = "snake_case")]
pub(crate) enum VisibilityBody {
    /// Everyone.
    Public,
    /// The enabled members of the teams that it is shared with.
    Team,
    /// Nobody.
    Private,
}

impl From<Visibility> for VisibilityBody {
    fn from(visibility: Visibility) -> Self {
        match visibility {
            Visibility::Public => Self::Public,
            Visibility::Team => Self::Team,
            Visibility::Private => Self::Private,
        }
    }
}

impl From<VisibilityBody> for Visibility {
    fn from(visibility: VisibilityBody) -> Self {
        match visibility {
            VisibilityBody::Public => Self::Public,
            VisibilityBody::Team => Self::Team,
            VisibilityBody::Private => Self::Private,
        }
    }
}

/// A note without its author.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NoteCore)]
pub(crate) struct NoteCoreBody {
    #[schema(value_type = IdSchema)]
    id: NoteId,
    /// The text.
    #[schema(example = "Test backups by restoring them")]
    content: String,
    /// Whether its author considers it important.
    important: bool,
    /// The time the note is about, chosen by its author.
    date: DateTime<Utc>,
    /// When it was written.
    created_at: DateTime<Utc>,
    /// When it was last changed.
    updated_at: DateTime<Utc>,
    #[schema(value_type = VersionSchema)]
    version: i64,
    visibility: VisibilityBody,
}

impl From<note::Core> for NoteCoreBody {
    fn from(note: note::Core) -> Self {
        let note::Core {
            id,
            content,
            important,
            date,
            user_id: _,
            created_at,
            updated_at,
            version,
            visibility,
        } = note;
        let visibility = visibility.into();
        Self { id, content, important, date, created_at, updated_at, version, visibility }
    }
}

/// A note and its author.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Note)]
pub(crate) struct NoteBody {
    #[serde(flatten)]
    note: NoteCoreBody,
    /// Its author.
    user: UserSummaryBody,
}

impl From<note::WithAuthor> for NoteBody {
    fn from(note::WithAuthor { note, author }: note::WithAuthor) -> Self {
        Self { note: note.into(), user: author.into() }
    }
}

impl Versioned for NoteBody {
    fn version(&self) -> i64 {
        self.note.version
    }
}

/// The teams that a note is shared with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NoteTeams)]
pub(crate) struct NoteTeamsBody {
    /// Only with `include=teams`: the teams that the note is shared with, by id, at most 100; all for its author, for
    /// others those that they belong to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<TeamCoreBody>>, nullable = false)]
    teams: Option<Bounded<TeamCoreBody>>,
    /// Only with `include=teams`: how many those are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0)]
    team_count: Option<i64>,
}

impl From<Option<Newest<team::Model>>> for NoteTeamsBody {
    fn from(teams: Option<Newest<team::Model>>) -> Self {
        Self {
            team_count: teams.as_ref().map(|teams| teams.total),
            teams: teams.map(|teams| teams.items.into_iter().map(TeamCoreBody::from).collect()),
        }
    }
}

/// A note in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ListedNote)]
pub(crate) struct ListedNoteBody {
    #[serde(flatten)]
    note: NoteBody,
    #[serde(flatten)]
    teams: NoteTeamsBody,
}

impl From<WithTeams<note::WithAuthor>> for ListedNoteBody {
    fn from(WithTeams { row, teams }: WithTeams<note::WithAuthor>) -> Self {
        Self { note: row.into(), teams: teams.into() }
    }
}

/// A note, its author, and what was requested with `include`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NoteDetail)]
pub(crate) struct NoteDetailBody {
    #[serde(flatten)]
    note: NoteBody,
    #[serde(flatten)]
    teams: NoteTeamsBody,
    /// Only with `include=users_marked`: the enabled users with the newest marks, at most 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<UserSummaryBody>>, nullable = false)]
    users_marked: Option<Bounded<UserSummaryBody>>,
    /// Only with `include=users_marked`: how many enabled users have marked the note.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0)]
    marked_count: Option<i64>,
}

impl Versioned for NoteDetailBody {
    fn version(&self) -> i64 {
        self.note.version()
    }
}

impl From<Detail> for NoteDetailBody {
    fn from(Detail { note, marks, teams }: Detail) -> Self {
        let marked_count = marks.as_ref().map(|marks| marks.total);
        let users_marked =
            marks.map(|marks| marks.items.into_iter().map(|mark| mark.user.into()).collect());
        Self { note: note.into(), teams: teams.into(), users_marked, marked_count }
    }
}
