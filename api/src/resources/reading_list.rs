//! `/api/readinglists`

use actix_web::{HttpResponse, web::Json};
use entity::user_note;
use serde::Serialize;
use service::{
    Error,
    reading_list::{self, Marked},
};
use utoipa::{IntoParams, ToSchema};

use crate::{
    http::extract::{Body, FromBody, FromQuery, Id, List, Me, Members, Params, boolean, id},
    http::openapi::{BodyProblems, Forbidden, Missing, PageParams, Problems},
    http::problem::Problem,
    http::state::AppState,
    resources::notes::NoteBody,
};

/// A mark: that a user keeps a note to read.
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
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `NewMark::from_body` reads")]
pub(crate) struct NewMarkBody {
    #[schema(minimum = 1)]
    note_id: i64,
    /// One's own id, if it is sent.
    #[schema(nullable = false, minimum = 1)]
    user_id: Option<i64>,
}

pub(crate) struct NewMark {
    note_id: i64,
    user_id: Option<i64>,
}

impl FromBody for NewMark {
    fn from_body(body: &mut Members) -> Option<Self> {
        let note_id = body.required("note_id", id);
        let user_id = body.optional("user_id", id);
        Some(Self { note_id: note_id?, user_id: user_id? })
    }
}

/// What to change of a mark.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `MarkChange::from_body` reads")]
pub(crate) struct MarkChangeBody {
    #[schema(nullable = false)]
    read: Option<bool>,
}

pub(crate) struct MarkChange {
    read: Option<bool>,
}

impl FromBody for MarkChange {
    fn from_body(body: &mut Members) -> Option<Self> {
        Some(Self { read: body.optional("read", boolean)? })
    }
}

/// Which marked notes to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `ReadFilter::from_query` reads")]
pub(crate) struct ReadParams {
    /// Read notes only, or those yet to read.
    read: Option<bool>,
}

pub(crate) struct ReadFilter {
    read: Option<bool>,
}

impl FromQuery for ReadFilter {
    fn from_query(params: &mut Params) -> Result<Self, Problem> {
        Ok(Self { read: params.boolean("read")? })
    }
}

/// One's own marked notes, newest mark first.
#[utoipa::path(get, path = "/api/readinglists", tag = "reading list", params(ReadParams, PageParams),
    responses((status = 200, description = "A page of marked notes", body = Vec<MarkedNoteBody>,
        headers(("Link" = String, description = "The next page, if there is one (RFC 8288)"))), Problems),
    security(("session" = [])))]
pub(crate) async fn list(
    state: AppState,
    me: Me,
    list: List<ReadFilter>,
) -> Result<HttpResponse, Problem> {
    let marked = reading_list::list(&state.db, &me, list.filter.read, list.page).await?;
    Ok(list.respond(marked.map(MarkedNoteBody::from)))
}

/// Marks a note, once.
#[utoipa::path(post, path = "/api/readinglists", tag = "reading list", request_body = NewMarkBody,
    responses((status = 201, description = "It is marked now", body = ReadingBody),
        (status = 200, description = "It was marked already", body = ReadingBody), Problems, Forbidden, BodyProblems),
    security(("session" = [])))]
pub(crate) async fn mark(
    state: AppState,
    me: Me,
    Body(new): Body<NewMark>,
) -> Result<HttpResponse, Problem> {
    if new.user_id.is_some_and(|user_id| user_id != me.user.id) {
        return Err(Error::NotAllowed.into());
    }
    Ok(match reading_list::mark(&state.db, &me, new.note_id).await? {
        Marked::Now(mark) => HttpResponse::Created().json(ReadingBody::from(mark)),
        Marked::Already(mark) => HttpResponse::Ok().json(ReadingBody::from(mark)),
    })
}

/// Says whether a marked note is read; for the owner of the mark.
#[utoipa::path(method(put, patch), path = "/api/readinglists/{id}", tag = "reading list",
    params(("id" = i64, Path, minimum = 1)), request_body = MarkChangeBody,
    responses((status = 200, description = "The mark as it is now", body = ReadingBody), Problems, Forbidden, Missing, BodyProblems), security(("session" = [])))]
pub(crate) async fn set_read(
    state: AppState,
    me: Me,
    Id(id): Id,
    Body(change): Body<MarkChange>,
) -> Result<Json<ReadingBody>, Problem> {
    Ok(Json(reading_list::set_read(&state.db, &me, id, change.read).await?.into()))
}

/// Takes a note off the list; for the owner of the mark.
#[utoipa::path(delete, path = "/api/readinglists/{id}", tag = "reading list",
    params(("id" = i64, Path, minimum = 1)),
    responses((status = 204, description = "It is gone"), Problems, Forbidden, Missing), security(("session" = [])))]
pub(crate) async fn remove(state: AppState, me: Me, Id(id): Id) -> Result<HttpResponse, Problem> {
    reading_list::remove(&state.db, &me, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
