//! `/api/notes`

use api_macros::operation;
use chrono::{DateTime, Utc};
use deserr::Deserr;
use entity::{NoteId, note};
use serde::Serialize;
use service::{
    Error,
    notes::{self, Content, Filter, NewNote, NoteChange, SortBy, WithMarks},
    users::UserKey,
};
use utoipa::{IntoParams, ToSchema};

use super::{
    users::UserSummaryBody,
    values::{ContentText, IdSchema, VersionSchema},
};
use crate::http::{
    bounded::Bounded,
    etag::{self, Versioned},
    extract::{
        BadParameter, Body, Id, IfMatch, Includable, List, Once, SearchText, SignedIn, View,
        Violations, flag,
    },
    problem::Problem,
    reply::{Created, NoContent, PageOf, Reply, Resource},
    state::AppState,
};

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
        } = note;
        Self { id, content, important, date, created_at, updated_at, version }
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

/// A note, its author, and what was requested with `include`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NoteDetail)]
pub(crate) struct NoteDetailBody {
    #[serde(flatten)]
    note: NoteBody,
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

impl From<note::WithAuthor> for NoteDetailBody {
    fn from(note: note::WithAuthor) -> Self {
        Self { note: note.into(), users_marked: None, marked_count: None }
    }
}

impl From<WithMarks> for NoteDetailBody {
    fn from(WithMarks { note, marks }: WithMarks) -> Self {
        let users_marked = marks.items.into_iter().map(|mark| mark.user.into()).collect();
        let (users_marked, marked_count) = (Some(users_marked), Some(marks.total));
        Self { note: note.into(), users_marked, marked_count }
    }
}

/// A note to write.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations)]
#[schema(as = NewNote, example = json!({
    "content": "Test backups by restoring them", "important": true
}))]
pub(crate) struct NewNoteBody {
    #[schema(value_type = ContentText)]
    content: Content,
    /// Whether it is important; `false` if omitted.
    #[deserr(default, from(bool) = Some)]
    #[schema(nullable = false)]
    important: Option<bool>,
    /// The time the note is about; now, if omitted.
    #[deserr(default, from(DateTime<Utc>) = Some)]
    #[schema(nullable = false)]
    date: Option<DateTime<Utc>>,
}

impl From<NewNoteBody> for NewNote {
    fn from(NewNoteBody { content, important, date }: NewNoteBody) -> Self {
        Self { content, important: important.unwrap_or(false), date }
    }
}

/// Changes to a note; members that are omitted stay as they are.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations)]
#[schema(as = NoteChange, example = json!({ "important": false }))]
pub(crate) struct NoteChangeBody {
    #[deserr(default, from(Content) = Some)]
    #[schema(value_type = Option<ContentText>, nullable = false)]
    content: Option<Content>,
    /// Whether it is important.
    #[deserr(default, from(bool) = Some)]
    #[schema(nullable = false)]
    important: Option<bool>,
    /// The time the note is about.
    #[deserr(default, from(DateTime<Utc>) = Some)]
    #[schema(nullable = false)]
    date: Option<DateTime<Utc>>,
}

impl From<NoteChangeBody> for NoteChange {
    fn from(NoteChangeBody { content, important, date }: NoteChangeBody) -> Self {
        Self { content, important, date }
    }
}

/// Which notes to list; all conditions must hold.
#[derive(Clone, Deserr, IntoParams)]
#[deserr(error = BadParameter, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NoteQuery {
    /// Only important notes, or only unimportant ones.
    #[deserr(default, try_from(String) = flag -> &'static str)]
    important: Option<bool>,
    /// Text that the content contains, ignoring case; `%` and `_` have no special meaning.
    #[deserr(default, from(SearchText) = Some)]
    #[param(inline)]
    search: Option<SearchText>,
    /// The author's id or username; an unknown one has no notes.
    #[deserr(default, from(String) = author)]
    #[param(value_type = Option<String>, example = "alice")]
    user: Option<UserKey>,
}

/// Digits that are not a valid id match nobody, like an unknown username.
fn author(key: String) -> Option<UserKey> {
    UserKey::parse(&key).or(Some(UserKey::Username(String::new())))
}

impl From<NoteQuery> for Filter {
    fn from(NoteQuery { important, search, user }: NoteQuery) -> Self {
        Self { important, search: search.map(|SearchText(text)| text), author: user }
    }
}

/// What can be included with a note.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoteInclude {
    UsersMarked,
}

impl Includable for NoteInclude {
    const ALL: &[(&str, Self, &[&str])] =
        &[("users_marked", Self::UsersMarked, &["users_marked", "marked_count"])];
    const DEFAULT: &[Self] = &[];
}

/// Lists notes with their authors. The newest come first unless `sort` says otherwise.
#[operation(listNotes)]
pub(crate) async fn list(
    state: AppState,
    list: List<NoteBody, NoteQuery, SortBy>,
) -> Result<Reply<PageOf<NoteBody>>, Problem> {
    let filter = list.filter.clone().into();
    let notes = notes::list(state.db.reader(), &filter, list.sort, &list.page).await?;
    Reply::page(&list, notes.map(NoteBody::from))
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
    new.map(NewNote::from).write(&state, &me, create).await
}

/// Returns a note and its author.
#[operation(getNote)]
pub(crate) async fn get(
    state: AppState,
    Id(id): Id<NoteId>,
    view: View<NoteDetailBody, NoteInclude>,
) -> Result<Reply<Resource<NoteDetailBody>>, Problem> {
    let reader = state.db.reader();
    let note = if view.include.has(NoteInclude::UsersMarked) {
        notes::get_with_marks(reader, id).await?.into()
    } else {
        notes::get(reader, id).await?.into()
    };
    Ok(Reply::part(&view.fields, &note))
}

/// Lists the users who have marked a note, newest mark first.
#[operation(listUsersWhoMarkedNote)]
pub(crate) async fn list_users_marked(
    state: AppState,
    Id(id): Id<NoteId>,
    list: List<UserSummaryBody>,
) -> Result<Reply<PageOf<UserSummaryBody>>, Problem> {
    let marks = notes::list_users_marked(state.db.reader(), id, &list.page).await?;
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
    let note = etag::or_current(updated, async || current(&state, id).await).await?;
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
    etag::or_current(deleted, async || current(&state, id).await).await?;
    Ok(Reply::no_content())
}

async fn current(state: &AppState, id: NoteId) -> Result<NoteBody, Error> {
    Ok(notes::get(state.db.reader(), id).await?.into())
}
