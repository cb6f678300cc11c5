//! `/api/notes`

mod bodies;
mod requests;
mod teams;

use api_macros::operation;
pub(crate) use bodies::{ListedNoteBody, NoteBody, NoteCoreBody, NoteTeamsBody};
use bodies::{NoteDetailBody, VisibilityBody};
use entity::NoteId;
pub(crate) use requests::ListedNoteInclude;
use requests::{NewNoteBody, NoteChangeBody, NoteInclude, NoteQuery};
use service::{
    Actor, Error,
    notes::{self, Include, NewNote, SortBy},
};
pub(crate) use teams::{get_team, list_teams, put_team, remove_team, set_teams};

use super::users::UserSummaryBody;
use crate::http::{
    etag,
    extract::{Anyone, Body, Id, IfMatch, List, Once, Reads, SignedIn, View},
    problem::Problem,
    reply::{Created, NoContent, PageOf, Reply, Resource},
    state::AppState,
};

/// Lists notes with their authors. The newest come first unless `sort` says otherwise.
#[operation(listNotes)]
pub(crate) async fn list(
    reader: Reads,
    anyone: Anyone,
    list: List<ListedNoteBody, NoteQuery, SortBy, ListedNoteInclude>,
) -> Result<Reply<PageOf<ListedNoteBody>>, Problem> {
    let filter = list.filter.clone().into();
    let includes_teams = list.include.has(ListedNoteInclude::Teams);
    let notes = notes::list(&reader, &anyone, &filter, list.sort, &list.page).await?;
    let notes = notes::with_teams(&reader, &anyone, notes, includes_teams).await?;
    Reply::page(&list, notes.map(ListedNoteBody::from))
}

/// Creates a note. The caller is its author.
#[operation(createNote)]
pub(crate) async fn create(
    state: AppState,
    me: SignedIn,
    new: Once<NewNoteBody>,
) -> Result<Reply<Created<NoteBody>>, Problem> {
    let create = async |work: &_, new: &NewNote| {
        let note = notes::create(work, new).await?;
        Ok(Reply::created(format!("/api/notes/{}", note.note.id), note.into()))
    };
    let new = new.map(|new| new.into_note(state.default_visibility));
    new.write(&state, &me, create).await
}

/// Returns a note and its author.
#[operation(getNote)]
pub(crate) async fn get(
    reader: Reads,
    anyone: Anyone,
    Id(id): Id<NoteId>,
    view: View<NoteDetailBody, NoteInclude>,
) -> Result<Reply<Resource<NoteDetailBody>>, Problem> {
    let include = Include {
        users_marked: view.include.has(NoteInclude::UsersMarked),
        teams: view.include.has(NoteInclude::Teams),
    };
    let note = notes::get_with(&reader, &anyone, id, include).await?;
    Ok(Reply::part(&view.fields, &note.into()))
}

/// Lists the users who have marked a note, newest mark first.
#[operation(listUsersWhoMarkedNote)]
pub(crate) async fn list_users_marked(
    reader: Reads,
    anyone: Anyone,
    Id(id): Id<NoteId>,
    list: List<UserSummaryBody>,
) -> Result<Reply<PageOf<UserSummaryBody>>, Problem> {
    let marks = notes::list_users_marked(&reader, &anyone, id, &list.page).await?;
    Reply::page(&list, marks.map(|mark| mark.user.into()))
}

/// Changes a note. Only its author may do this.
#[operation(updateNote, 403)]
pub(crate) async fn update(
    state: AppState,
    me: SignedIn,
    Id(id): Id<NoteId>,
    IfMatch(expected): IfMatch,
    Body(change): Body<NoteChangeBody>,
) -> Result<Reply<Resource<NoteBody>>, Problem> {
    let change = change.into();
    let update = async |work: &_| notes::update(work, id, &change, &expected).await;
    let updated = state.db.write(&me, update).await;
    let note = etag::or_current(updated, async || current(&state, &me, id).await).await?;
    Ok(Reply::resource(note.into()))
}

/// Deletes a note and its marks. Only its author and admins may do this.
#[operation(deleteNote, 403)]
pub(crate) async fn delete(
    state: AppState,
    me: SignedIn,
    Id(id): Id<NoteId>,
    IfMatch(expected): IfMatch,
) -> Result<Reply<NoContent>, Problem> {
    let delete = async |work: &_| notes::delete(work, id, &expected).await;
    let deleted = state.db.write(&me, delete).await;
    etag::or_current(deleted, async || current(&state, &me, id).await).await?;
    Ok(Reply::no_content())
}

async fn current(state: &AppState, actor: &Actor, id: NoteId) -> Result<NoteBody, Error> {
    Ok(notes::get(state.db.reader(), actor, id).await?.into())
}
