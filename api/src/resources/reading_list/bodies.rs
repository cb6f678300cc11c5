use deserr::Deserr;
use entity::{MarkId, NoteId, UserId, mark};
use serde::Serialize;
use service::{Actor, Error, notes::WithTeams, reading_list::Selection};
use utoipa::{IntoParams, ToSchema};

use crate::{
    http::extract::{BadParameter, BulkIds, Violations, bulk_ids, flag},
    resources::{
        notes::{NoteBody, NoteTeamsBody},
        values::IdSchema,
    },
};

/// A mark: a note on the reading list of a user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reading)]
pub(crate) struct ReadingBody {
    #[schema(value_type = IdSchema)]
    id: MarkId,
    #[schema(value_type = IdSchema)]
    user_id: UserId,
    #[schema(value_type = IdSchema)]
    note_id: NoteId,
    /// Whether the user has read the note.
    read: bool,
}

impl From<mark::Model> for ReadingBody {
    fn from(mark::Model { id, user_id, note_id, read }: mark::Model) -> Self {
        Self { id, user_id, note_id, read }
    }
}

/// A marked note.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MarkedNote)]
pub(crate) struct MarkedNoteBody {
    #[serde(flatten)]
    note: NoteBody,
    /// The mark.
    reading: ReadingState,
}

/// The mark of a marked note.
#[derive(Debug, Serialize, ToSchema)]
struct ReadingState {
    #[schema(value_type = IdSchema)]
    id: MarkId,
    /// Whether the user has read the note.
    read: bool,
}

impl From<mark::MarkedNote> for MarkedNoteBody {
    fn from(marked: mark::MarkedNote) -> Self {
        let mark::MarkedNote { id, user_id: _, read, note, author } = marked;
        let note = entity::note::WithAuthor { note, author }.into();
        Self { note, reading: ReadingState { id, read } }
    }
}

/// A marked note, and what was requested with `include`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ListedMarkedNote)]
pub(crate) struct ListedMarkedNoteBody {
    #[serde(flatten)]
    marked: MarkedNoteBody,
    #[serde(flatten)]
    teams: NoteTeamsBody,
}

impl From<WithTeams<mark::MarkedNote>> for ListedMarkedNoteBody {
    fn from(WithTeams { row, teams }: WithTeams<mark::MarkedNote>) -> Self {
        Self { marked: row.into(), teams: teams.into() }
    }
}

/// Notes to mark: one, or several.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations)]
#[schema(as = NewMark, example = json!({ "note_id": 7 }))]
pub(crate) struct NewMarkBody {
    /// Either this or `note_ids`.
    #[deserr(default, from(NoteId) = Some)]
    #[schema(value_type = Option<IdSchema>, nullable = false)]
    note_id: Option<NoteId>,
    /// A repeated id counts once.
    #[deserr(default, try_from(Vec<NoteId>) = bulk_ids -> String)]
    #[schema(value_type = Option<BulkIds>, nullable = false)]
    note_ids: Option<Vec<NoteId>>,
    /// If sent, it must be the caller's own id.
    #[deserr(default, from(UserId) = Some)]
    #[schema(value_type = Option<IdSchema>, nullable = false)]
    user_id: Option<UserId>,
}

/// The notes to mark.
pub(super) enum NoteChoice {
    One(NoteId),
    All(Vec<NoteId>),
}

impl NewMarkBody {
    /// # Errors
    /// [`Error::NotAllowed`] if it is for another user; [`Error::Invalid`] if it names both one note and
    /// several, or none.
    pub(super) fn choice(self, actor: &Actor) -> Result<NoteChoice, Error> {
        if self.user_id.is_some_and(|user_id| !actor.is(user_id)) {
            return Err(Error::NotAllowed);
        }
        match (self.note_id, self.note_ids) {
            (Some(id), None) => Ok(NoteChoice::One(id)),
            (None, Some(ids)) => Ok(NoteChoice::All(ids)),
            (None, None) => Err(Error::invalid("note_id", "is missing")),
            (Some(_), Some(_)) => Err(Error::invalid("note_ids", "can't be given with note_id")),
        }
    }
}

/// Changes to a mark; members that are omitted stay as they are.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations)]
#[schema(as = MarkChange)]
pub(crate) struct MarkChangeBody {
    /// Whether the note is read.
    #[deserr(default, from(bool) = Some)]
    #[schema(nullable = false)]
    pub(super) read: Option<bool>,
}

/// Marks to change: those with these ids, or all.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations)]
#[schema(as = MarkSelection, example = json!({ "all": true, "read": true }))]
pub(crate) struct MarkSelectionBody {
    /// Either this or `all`. A repeated id counts once.
    #[deserr(default, try_from(Vec<MarkId>) = bulk_ids -> String)]
    #[schema(value_type = Option<BulkIds>, nullable = false)]
    ids: Option<Vec<MarkId>>,
    /// Only `true` is allowed.
    #[deserr(default, try_from(bool) = only_true -> &'static str)]
    #[schema(value_type = Option<bool>, nullable = false)]
    all: Option<()>,
    /// Whether the notes are read.
    pub(super) read: bool,
}

fn only_true(all: bool) -> Result<Option<()>, &'static str> {
    if all { Ok(Some(())) } else { Err("must be true, or left out") }
}

impl MarkSelectionBody {
    /// # Errors
    /// [`Error::Invalid`] if it has both ids and `all`, or neither.
    pub(super) fn selection(&self) -> Result<Selection, Error> {
        match (&self.ids, self.all) {
            (Some(ids), None) => Ok(Selection::Ids(ids.clone())),
            (None, Some(())) => Ok(Selection::All),
            (None, None) => Err(Error::invalid("ids", "is missing")),
            (Some(_), Some(())) => Err(Error::invalid("all", "can't be given with ids")),
        }
    }
}

/// How many marks were changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChangedMarks)]
pub(crate) struct ChangedBody {
    /// The number of marks that are different now.
    pub(super) changed: u64,
}

/// How many notes are marked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MarkCounts)]
pub(crate) struct CountsBody {
    /// All of them.
    #[schema(minimum = 0)]
    total: i64,
    /// Those still to read.
    #[schema(minimum = 0)]
    unread: i64,
}

impl From<mark::Counts> for CountsBody {
    fn from(mark::Counts { total, unread }: mark::Counts) -> Self {
        Self { total, unread }
    }
}

/// Which marked notes to list.
#[derive(Clone, Copy, Deserr, IntoParams)]
#[deserr(error = BadParameter, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MarkQuery {
    /// Only read notes, or only unread ones.
    #[deserr(default, try_from(String) = flag -> &'static str)]
    pub(crate) read: Option<bool>,
}
