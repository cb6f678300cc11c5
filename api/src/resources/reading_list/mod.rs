//! `/api/readinglists` and `/api/notes/{id}/mark`

mod bodies;

use api_macros::operation;
use bodies::{
    ChangedBody, CountsBody, MarkChangeBody, MarkSelectionBody, NewMarkBody, NoteChoice,
    ReadingBody,
};
pub(crate) use bodies::{ListedMarkedNoteBody, MarkQuery, MarkedNoteBody};
use entity::{MarkId, NoteId};
use service::{
    notes,
    reading_list::{self, Marked, SortBy},
};

use super::notes::ListedNoteInclude;
use crate::http::{
    extract::{Body, Id, List, Once, OptionalBody, Reads, SignedIn, View},
    problem::Problem,
    reply::{NoContent, OneOrAll, PageOf, Put, Reply},
    state::AppState,
};

/// Lists the caller's marked notes. The newest marks come first unless `sort` says otherwise.
#[operation(listMarkedNotes)]
pub(crate) async fn list(
    reader: Reads,
    me: SignedIn,
    list: List<ListedMarkedNoteBody, MarkQuery, SortBy, ListedNoteInclude>,
) -> Result<Reply<PageOf<ListedMarkedNoteBody>>, Problem> {
    let read = list.filter.read;
    let includes_teams = list.include.has(ListedNoteInclude::Teams);
    let marked = reading_list::list(&reader, &me, read, list.sort, &list.page).await?;
    let marked = notes::with_teams(&reader, &me, marked, includes_teams).await?;
    Reply::page(&list, marked.map(ListedMarkedNoteBody::from))
}

/// Counts the caller's marked notes, all and unread.
#[operation(countMarkedNotes)]
pub(crate) async fn counts(
    reader: Reads,
    me: SignedIn,
    view: View<CountsBody>,
) -> Result<Reply<CountsBody>, Problem> {
    let counts = reading_list::counts(&reader, &me).await?;
    Ok(Reply::selected(&view.fields, &counts.into()))
}

/// Returns a marked note. Only the user who marked it may do this.
#[operation(getMarkedNote, 403)]
pub(crate) async fn get(
    reader: Reads,
    me: SignedIn,
    Id(id): Id<MarkId>,
    view: View<ListedMarkedNoteBody, ListedNoteInclude>,
) -> Result<Reply<ListedMarkedNoteBody>, Problem> {
    let includes_teams = view.include.has(ListedNoteInclude::Teams);
    let marked = reading_list::get(&reader, &me, id).await?;
    let marked = notes::one_with_teams(&reader, &me, marked, includes_teams).await?;
    Ok(Reply::selected(&view.fields, &marked.into()))
}

/// Marks one note or several for the caller. Marking a note again changes nothing.
///
/// With `note_id`, the answer is the mark, with 201 if it is new and 200 otherwise. With `note_ids`, it is the
/// marks in the same order, with 200. If one of these notes can't be marked, none is.
#[operation(markNotes, 403)]
pub(crate) async fn mark(
    state: AppState,
    me: SignedIn,
    new: Once<NewMarkBody>,
) -> Result<Reply<OneOrAll<ReadingBody>>, Problem> {
    let mark = async |work: &_, choice: &_| match choice {
        NoteChoice::One(id) => {
            let (is_new, mark) = told(reading_list::mark(work, *id).await?);
            Ok(Reply::one(is_new, mark))
        }
        NoteChoice::All(ids) => {
            let marks = reading_list::mark_all(work, ids).await?;
            Ok(Reply::all(marks.into_iter().map(ReadingBody::from)))
        }
    };
    new.and_then(|new| new.choice(&me)).write(&state, &me, mark).await
}

/// Whether a mark is new, and the mark.
fn told(marked: Marked) -> (bool, ReadingBody) {
    match marked {
        Marked::New(mark) => (true, mark.into()),
        Marked::Existing(mark) => (false, mark.into()),
    }
}

/// Marks several of the caller's notes, or all, as read or unread.
#[operation(updateMarks)]
pub(crate) async fn set_all_read(
    state: AppState,
    me: SignedIn,
    Body(change): Body<MarkSelectionBody>,
) -> Result<Reply<ChangedBody>, Problem> {
    let selection = change.selection()?;
    let changed = reading_list::set_all_read(&state.db, &me, &selection, change.read).await?;
    Ok(Reply::ok(ChangedBody { changed }))
}

/// Marks a note for the caller, and sets whether it is read.
#[operation(markNote)]
pub(crate) async fn put_mark(
    state: AppState,
    me: SignedIn,
    Id(id): Id<NoteId>,
    OptionalBody(change): OptionalBody<MarkChangeBody>,
) -> Result<Reply<Put<ReadingBody>>, Problem> {
    let put = async |work: &_| reading_list::put(work, id, change.read).await;
    let (is_new, mark) = told(state.db.write(&me, put).await?);
    Ok(Reply::put(is_new, mark))
}

/// Removes the caller's mark of a note.
#[operation(unmarkNote)]
pub(crate) async fn remove_mark(
    state: AppState,
    me: SignedIn,
    Id(id): Id<NoteId>,
) -> Result<Reply<NoContent>, Problem> {
    state.db.write(&me, async |work| reading_list::unmark(work, id).await).await?;
    Ok(Reply::no_content())
}

/// Sets whether a marked note is read. Only the user who marked it may do this.
#[operation(updateMark, 403)]
pub(crate) async fn set_read(
    state: AppState,
    me: SignedIn,
    Id(id): Id<MarkId>,
    Body(change): Body<MarkChangeBody>,
) -> Result<Reply<ReadingBody>, Problem> {
    let set_read = async |work: &_| reading_list::set_read(work, id, change.read).await;
    Ok(Reply::ok(state.db.write(&me, set_read).await?.into()))
}

/// Removes a mark. Only the user who marked the note may do this.
#[operation(deleteMark, 403)]
pub(crate) async fn remove(
    state: AppState,
    me: SignedIn,
    Id(id): Id<MarkId>,
) -> Result<Reply<NoContent>, Problem> {
    state.db.write(&me, async |work| reading_list::remove(work, id).await).await?;
    Ok(Reply::no_content())
}
