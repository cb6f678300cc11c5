//! `/api/notes`

use actix_web::{HttpResponse, web::Json};
use chrono::{DateTime, Utc};
use entity::note;
use serde::Serialize;
use service::{
    notes::{self, Change, Content, Detail, Filter, NewNote},
    users::UserKey,
};
use utoipa::{IntoParams, ToSchema};

use crate::{
    http::extract::{
        Body, FromBody, FromQuery, Id, List, Me, Members, Params, boolean, text, time,
    },
    http::openapi::{BodyProblems, Forbidden, Missing, PageParams, Problems},
    http::problem::Problem,
    http::state::AppState,
    resources::users::AuthorBody,
};

/// A note without its author.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NoteCore)]
pub(crate) struct NoteCoreBody {
    id: i64,
    #[schema(
        min_length = 1,
        max_length = 10_000,
        example = "Backups are tested by restoring them"
    )]
    content: String,
    important: bool,
    /// What the note is about in time; the author's to choose.
    date: DateTime<Utc>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<note::Core> for NoteCoreBody {
    fn from(note: note::Core) -> Self {
        let note::Core { id, content, important, date, user_id: _, created_at, updated_at } = note;
        Self { id, content, important, date, created_at, updated_at }
    }
}

/// A note and its author.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Note)]
pub(crate) struct NoteBody {
    #[serde(flatten)]
    note: NoteCoreBody,
    user: AuthorBody,
}

impl From<note::WithAuthor> for NoteBody {
    fn from(note::WithAuthor { note, author }: note::WithAuthor) -> Self {
        Self { note: note.into(), user: author.into() }
    }
}

/// A note, its author, and who has marked it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NoteDetail)]
pub(crate) struct NoteDetailBody {
    #[serde(flatten)]
    note: NoteBody,
    /// The enabled users who marked it last, 100 at most.
    users_marked: Vec<AuthorBody>,
    /// How many enabled users have marked it.
    marked_count: i64,
}

impl From<Detail> for NoteDetailBody {
    fn from(Detail { note, users_marked, marked_count }: Detail) -> Self {
        let users_marked = users_marked.into_iter().map(AuthorBody::from).collect();
        Self { note: note.into(), users_marked, marked_count }
    }
}

/// A note to write.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `NewNote::from_body` reads")]
pub(crate) struct NewNoteBody {
    #[schema(
        min_length = 1,
        max_length = 10_000,
        example = "Backups are tested by restoring them"
    )]
    content: String,
    #[schema(default = false, nullable = false)]
    important: Option<bool>,
    /// Now, when left out.
    #[schema(nullable = false)]
    date: Option<DateTime<Utc>>,
}

impl FromBody for NewNote {
    fn from_body(body: &mut Members) -> Option<Self> {
        let content = body.required("content", text(Content::parse));
        let important = body.optional("important", boolean);
        let date = body.optional("date", time);
        Some(Self { content: content?, important: important?.unwrap_or(false), date: date? })
    }
}

/// What to change of a note; what is left out stays.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `Change::from_body` reads")]
pub(crate) struct NoteChangeBody {
    #[schema(min_length = 1, max_length = 10_000, nullable = false)]
    content: Option<String>,
    #[schema(nullable = false)]
    important: Option<bool>,
    #[schema(nullable = false)]
    date: Option<DateTime<Utc>>,
}

impl FromBody for Change {
    fn from_body(body: &mut Members) -> Option<Self> {
        let content = body.optional("content", text(Content::parse));
        let important = body.optional("important", boolean);
        let date = body.optional("date", time);
        Some(Self { content: content?, important: important?, date: date? })
    }
}

/// Which notes to list; conditions combine with AND.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `Filter::from_query` reads")]
pub(crate) struct NoteParams {
    /// Important notes only, or all but these.
    important: Option<bool>,
    /// Text that the content has somewhere, without case; `%` and `_` are plain characters.
    #[param(max_length = 1000)]
    search: Option<String>,
    /// The author's id or username; an unknown one has no notes.
    user: Option<String>,
}

impl FromQuery for Filter {
    fn from_query(params: &mut Params) -> Result<Self, Problem> {
        let (important, search) = (params.boolean("important")?, params.text("search")?);
        // Digits that are no id name nobody, like a username that nobody has.
        let nobody = || UserKey::Username(String::new());
        let author = params.take("user").map(|key| UserKey::parse(&key).unwrap_or_else(nobody));
        Ok(Self { important, search, author })
    }
}

/// Notes with their authors, newest first.
#[utoipa::path(get, path = "/api/notes", tag = "notes", params(NoteParams, PageParams),
    responses((status = 200, description = "A page of notes", body = Vec<NoteBody>,
        headers(("Link" = String, description = "The next page, if there is one (RFC 8288)"))), Problems))]
pub(crate) async fn list(state: AppState, list: List<Filter>) -> Result<HttpResponse, Problem> {
    let notes = notes::list(&state.db, &list.filter, list.page).await?;
    Ok(list.respond(notes.map(NoteBody::from)))
}

/// Writes a note.
#[utoipa::path(post, path = "/api/notes", tag = "notes", request_body = NewNoteBody,
    responses((status = 201, description = "The new note", body = NoteBody, headers(("Location" = String, description = "Where it is"))), Problems, BodyProblems),
    security(("session" = [])))]
pub(crate) async fn create(
    state: AppState,
    me: Me,
    Body(new): Body<NewNote>,
) -> Result<HttpResponse, Problem> {
    let note = notes::create(&state.db, &me, new).await?;
    let location = ("Location", format!("/api/notes/{}", note.note.id));
    Ok(HttpResponse::Created().insert_header(location).json(NoteBody::from(note)))
}

/// A note, its author, and who has marked it.
#[utoipa::path(get, path = "/api/notes/{id}", tag = "notes", params(("id" = i64, Path, minimum = 1)),
    responses((status = 200, description = "The note", body = NoteDetailBody), Problems, Missing))]
pub(crate) async fn get(state: AppState, Id(id): Id) -> Result<Json<NoteDetailBody>, Problem> {
    Ok(Json(notes::get(&state.db, id).await?.into()))
}

/// Changes a note; for its author.
#[utoipa::path(method(put, patch), path = "/api/notes/{id}", tag = "notes", params(("id" = i64, Path, minimum = 1)),
    request_body = NoteChangeBody, responses((status = 200, description = "The note as it is now", body = NoteBody), Problems, Forbidden, Missing, BodyProblems),
    security(("session" = [])))]
pub(crate) async fn update(
    state: AppState,
    me: Me,
    Id(id): Id,
    Body(change): Body<Change>,
) -> Result<Json<NoteBody>, Problem> {
    Ok(Json(notes::update(&state.db, &me, id, change).await?.into()))
}

/// Deletes a note and its marks; for its author, or an admin.
#[utoipa::path(delete, path = "/api/notes/{id}", tag = "notes", params(("id" = i64, Path, minimum = 1)),
    responses((status = 204, description = "It is gone"), Problems, Forbidden, Missing), security(("session" = [])))]
pub(crate) async fn delete(state: AppState, me: Me, Id(id): Id) -> Result<HttpResponse, Problem> {
    notes::delete(&state.db, &me, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
