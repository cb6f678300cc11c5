//! `/api/readinglists`

use api_macros::operation;
use deserr::Deserr;
use entity::user_note;
use serde::Serialize;
use service::{
    Error,
    reading_list::{self, Marked},
};
use utoipa::{IntoParams, ToSchema};

use super::notes::NoteBody;
use crate::http::{
    extract::{BadParameter, Body, Id, IdValue, List, Me, Violations, flag},
    problem::Problem,
    reply::{NoContent, PageOf, Put, Reply},
    state::AppState,
};

/// A mark: a note on the reading list of a user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reading)]
pub(crate) struct ReadingBody {
    id: i64,
    user_id: i64,
    note_id: i64,
    read: bool,
}

impl From<user_note::Model> for ReadingBody {
    fn from(user_note::Model { id, user_id, note_id, read }: user_note::Model) -> Self {
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
    id: i64,
    read: bool,
}

impl From<user_note::MarkedNote> for MarkedNoteBody {
    fn from(marked: user_note::MarkedNote) -> Self {
        let user_note::MarkedNote { id, read, note, author } = marked;
        let note = entity::note::WithAuthor { note, author }.into();
        Self { note, reading: ReadingState { id, read } }
    }
}

/// A note to mark.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations)]
#[schema(as = NewMark)]
pub(crate) struct NewMarkBody {
    #[deserr(from(IdValue<i64>) = IdValue::into_inner)]
    #[schema(minimum = 1)]
    note_id: i64,
    /// One's own id, if it is sent.
    #[deserr(default, from(IdValue<i64>) = some_id)]
    #[schema(nullable = false, minimum = 1)]
    user_id: Option<i64>,
}

fn some_id(IdValue(id): IdValue<i64>) -> Option<i64> {
    Some(id)
}

/// What to change about a mark; what is left out stays.
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
    /// Read notes only, or unread ones only.
    #[deserr(default, try_from(String) = flag -> &'static str)]
    read: Option<bool>,
}

/// Lists one's own marked notes, newest mark first.
#[operation]
pub(crate) async fn list(
    state: AppState,
    me: Me,
    list: List<MarkQuery>,
) -> Result<Reply<PageOf<MarkedNoteBody>>, Problem> {
    let marked = reading_list::list(&state.db, &me, list.filter.read, list.page).await?;
    Ok(Reply::page(&list, marked.map(MarkedNoteBody::from)))
}

/// Marks a note, once.
#[operation(403)]
pub(crate) async fn mark(
    state: AppState,
    me: Me,
    Body(new): Body<NewMarkBody>,
) -> Result<Reply<Put<ReadingBody>>, Problem> {
    if new.user_id.is_some_and(|user_id| user_id != me.user.id) {
        return Err(Error::NotAllowed.into());
    }
    Ok(match reading_list::mark(&state.db, &me, new.note_id).await? {
        Marked::Now(mark) => Reply::put(true, mark.into()),
        Marked::Already(mark) => Reply::put(false, mark.into()),
    })
}

/// Sets whether a marked note is read. For the user who marked it.
#[operation(403)]
pub(crate) async fn set_read(
    state: AppState,
    me: Me,
    Id(id): Id,
    Body(change): Body<MarkChangeBody>,
) -> Result<Reply<ReadingBody>, Problem> {
    Ok(Reply::ok(reading_list::set_read(&state.db, &me, id, change.read).await?.into()))
}

/// Removes a mark. For the user who marked the note.
#[operation(403)]
pub(crate) async fn remove(
    state: AppState,
    me: Me,
    Id(id): Id,
) -> Result<Reply<NoContent>, Problem> {
    reading_list::remove(&state.db, &me, id).await?;
    Ok(Reply::no_content())
}
