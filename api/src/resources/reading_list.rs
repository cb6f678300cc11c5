//! `/api/readinglists`

use api_macros::operation;
use deserr::Deserr;
use entity::{MarkId, NoteId, UserId, mark};
use serde::Serialize;
use service::{
    Error,
    reading_list::{self, Marked},
};
use utoipa::{IntoParams, ToSchema};

use super::{notes::NoteBody, values::IdSchema};
use crate::http::{
    extract::{BadParameter, Body, Id, List, SignedIn, Violations, flag},
    problem::Problem,
    reply::{NoContent, PageOf, Put, Reply},
    state::AppState,
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
    reading: ReadingState,
}

/// The mark of a marked note.
#[derive(Debug, Serialize, ToSchema)]
struct ReadingState {
    #[schema(value_type = IdSchema)]
    id: MarkId,
    read: bool,
}

impl From<mark::MarkedNote> for MarkedNoteBody {
    fn from(marked: mark::MarkedNote) -> Self {
        let mark::MarkedNote { id, read, note, author } = marked;
        let note = entity::note::WithAuthor { note, author }.into();
        Self { note, reading: ReadingState { id, read } }
    }
}

/// A note to mark.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations)]
#[schema(as = NewMark)]
pub(crate) struct NewMarkBody {
    #[schema(value_type = IdSchema)]
    note_id: NoteId,
    /// The caller's own id, if it is sent at all.
    #[deserr(default, from(UserId) = Some)]
    #[schema(value_type = Option<IdSchema>, nullable = false)]
    user_id: Option<UserId>,
}

/// Changes to a mark; members that are omitted stay as they are.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations)]
#[schema(as = MarkChange)]
pub(crate) struct MarkChangeBody {
    #[deserr(default, from(bool) = Some)]
    #[schema(nullable = false)]
    read: Option<bool>,
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

/// Lists the caller's marked notes, newest mark first.
#[operation]
pub(crate) async fn list(
    state: AppState,
    me: SignedIn,
    list: List<MarkQuery>,
) -> Result<Reply<PageOf<MarkedNoteBody>>, Problem> {
    let marked = reading_list::list(state.db.reader(), &me, list.filter.read, list.page).await?;
    Reply::page(&list, marked.map(MarkedNoteBody::from))
}

/// Marks a note for the caller. Marking it again changes nothing.
#[operation(403)]
pub(crate) async fn mark(
    state: AppState,
    me: SignedIn,
    Body(new): Body<NewMarkBody>,
) -> Result<Reply<Put<ReadingBody>>, Problem> {
    if new.user_id.is_some_and(|user_id| !me.is(user_id)) {
        return Err(Error::NotAllowed.into());
    }
    let mark = async |work: &_| reading_list::mark(work, new.note_id).await;
    Ok(match state.db.write(&me, mark).await? {
        Marked::New(mark) => Reply::put(true, mark.into()),
        Marked::Existing(mark) => Reply::put(false, mark.into()),
    })
}

/// Sets whether a marked note is read. For the user who marked it.
#[operation(403)]
pub(crate) async fn set_read(
    state: AppState,
    me: SignedIn,
    Id(id): Id<MarkId>,
    Body(change): Body<MarkChangeBody>,
) -> Result<Reply<ReadingBody>, Problem> {
    let set_read = async |work: &_| reading_list::set_read(work, id, change.read).await;
    Ok(Reply::ok(state.db.write(&me, set_read).await?.into()))
}

/// Removes a mark. For the user who marked the note.
#[operation(403)]
pub(crate) async fn remove(
    state: AppState,
    me: SignedIn,
    Id(id): Id<MarkId>,
) -> Result<Reply<NoContent>, Problem> {
    state.db.write(&me, async |work| reading_list::remove(work, id).await).await?;
    Ok(Reply::no_content())
}
