//! Notes: everyone reads them, authors write them.

use chrono::{DateTime, Utc};
use entity::{
    Among, Locking, NESTED_LIMIT, NoteId, WithTotal,
    mark::{self, MarkedBy},
    note::{self, Scopes as _, WithAuthor},
    user::UserKey,
};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, QueryOrder, QuerySelect, Select};

use crate::{
    Error, Expected, Newest, Page, PageRequest, Reader, Rejection, Result, Work,
    audit::Subject,
    clock,
    page::{self, Direction, Order, Sort, SortKey},
    policy, text,
};

/// The content of a note: not blank, and without control characters except tabs and line breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content(String);

impl Content {
    /// The maximum length in characters (Unicode scalar values).
    pub const MAX_CHARS: usize = 10_000;

    /// Parses the content of a note.
    ///
    /// # Errors
    /// Why the text is rejected.
    pub fn parse(text: String) -> std::result::Result<Self, Rejection> {
        text::lines(text, Self::MAX_CHARS).map(Self)
    }
}

/// Which notes to list; all conditions must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Important notes only, or unimportant ones only.
    pub important: Option<bool>,
    /// Text that the content contains, ignoring case.
    pub search: Option<String>,
    /// Their author.
    pub author: Option<UserKey>,
}

impl Filter {
    /// Whether most notes may have to be read to find a page of those that match, in this order: the notes of
    /// an author are found by id.
    fn may_scan(&self, sort: Sort<SortBy>) -> bool {
        let is_narrow = self.author.is_some() && sort.key != SortBy::Id;
        self.important.is_some() || self.search.is_some() || is_narrow
    }
}

/// What notes can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortBy {
    /// The id.
    Id,
    /// The time that the note is about.
    Date,
    /// When it was written.
    CreatedAt,
    /// When it was last changed.
    UpdatedAt,
}

impl SortKey for SortBy {
    const NAMED: &[(&str, Self)] = &[
        ("id", Self::Id),
        ("date", Self::Date),
        ("created_at", Self::CreatedAt),
        ("updated_at", Self::UpdatedAt),
    ];
    const DEFAULT: Sort<Self> = Sort { key: Self::Id, direction: Direction::Descending };
}

impl Sort<SortBy> {
    fn order(self) -> Order<WithAuthor> {
        let by_id = newest_first().in_direction(self.direction);
        match self.key {
            SortBy::Id => by_id,
            SortBy::Date => by_id.after_time(note::Column::Date, |row| row.note.date),
            SortBy::CreatedAt => {
                by_id.after_time(note::Column::CreatedAt, |row| row.note.created_at)
            }
            SortBy::UpdatedAt => {
                by_id.after_time(note::Column::UpdatedAt, |row| row.note.updated_at)
            }
        }
    }
}

/// A note to write.
#[derive(Clone, Debug)]
pub struct NewNote {
    /// The content.
    pub content: Content,
    /// Whether it is important.
    pub important: bool,
    /// The time it is about; now if omitted.
    pub date: Option<DateTime<Utc>>,
}

/// Changes to a note; `None` leaves a value as it is.
#[derive(Clone, Debug, Default)]
pub struct NoteChange {
    /// The content.
    pub content: Option<Content>,
    /// Whether it is important.
    pub important: Option<bool>,
    /// The time it is about.
    pub date: Option<DateTime<Utc>>,
}

/// A note, its author, and the users who marked it.
#[derive(Clone, Debug)]
pub struct WithMarks {
    /// The note and its author.
    pub note: WithAuthor,
    /// The newest marks of enabled users.
    pub marks: Newest<MarkedBy>,
}

/// One page of notes with their authors. One statement, and one more for a search on SQLite.
///
/// # Errors
/// [`Error::ForeignPosition`].
pub async fn list(
    reader: &Reader,
    filter: &Filter,
    sort: Sort<SortBy>,
    request: &PageRequest,
) -> Result<Page<WithAuthor>> {
    let mut notes = note::Entity::find_with_author();
    notes = match filter.important {
        Some(true) => notes.important(),
        Some(false) => notes.unimportant(),
        None => notes,
    };
    if let Some(text) = &filter.search {
        notes = notes.containing(text, reader.connection().get_database_backend());
    }
    if let Some(author) = &filter.author {
        notes = notes.by(author);
    }
    let order = sort.order();
    let page = async |reader: &Reader| {
        if let Some(text) = &filter.search {
            notes = notes.among(&note::Entity::candidates(reader.connection(), text).await?);
        }
        page::read(reader, notes, &order, request).await
    };
    if filter.may_scan(sort) { reader.search(page).await } else { page(reader).await }
}

/// The order of lists of notes, unless another is requested.
pub(crate) fn newest_first() -> Order<WithAuthor> {
    Order::by_id(Direction::Descending, note::Column::Id, |row: &WithAuthor| row.note.id.into())
}

/// The note with this id, and its author. One statement.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get(reader: &Reader, id: NoteId) -> Result<WithAuthor> {
    let note = note::Entity::find_with_author().with_id(id).into_partial_model::<WithAuthor>();
    note.one(reader.connection()).await?.ok_or(Error::NotFound)
}

/// The note with this id, its author, and the users who marked it. Two statements.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get_with_marks(reader: &Reader, id: NoteId) -> Result<WithMarks> {
    let note = get(reader, id).await?;
    let newest = note.note.users_marked().order_by_desc(mark::Column::Id).limit(NESTED_LIMIT);
    let rows = newest.into_partial_model::<WithTotal<MarkedBy>>().all(reader.connection()).await?;
    Ok(WithMarks { note, marks: rows.into() })
}

/// One page of the enabled users who have marked the note, newest mark first. Two statements.
///
/// # Errors
/// [`Error::NotFound`] if there is no such note.
pub async fn list_users_marked(
    reader: &Reader,
    id: NoteId,
    request: &PageRequest,
) -> Result<Page<MarkedBy>> {
    let WithAuthor { note, .. } = get(reader, id).await?;
    let id_of = |row: &MarkedBy| row.id.into();
    let newest_first = Order::by_id(Direction::Descending, mark::Column::Id, id_of);
    page::read(reader, note.users_marked(), &newest_first, request).await
}

/// Creates a note, written by the actor.
///
/// # Errors
/// [`Error::TokenMissing`] if the actor is not a user.
pub async fn create(work: &Work, new: &NewNote) -> Result<WithAuthor> {
    let author = work.user().await?;
    let NewNote { content, important, date } = new;
    let mut note = note::ActiveModel::new(author.id, content.0.clone(), clock::now());
    note.set_important(*important);
    if let Some(date) = date {
        note.set_date(*date);
    }
    let note = note.insert_counted(work.transaction()).await?;
    Ok(WithAuthor { note: note.into(), author: author.summary() })
}

/// Changes a note of the actor.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] for anyone but the author; [`Error::Outdated`];
/// [`Error::VersionMissing`].
pub async fn update(
    work: &Work,
    id: NoteId,
    change: &NoteChange,
    expected: &Expected,
) -> Result<WithAuthor> {
    let actor = work.actor().await?;
    let note = lock(work, note::Entity::find_by_id(id).for_no_key_update()).await?;
    policy::edit_note(actor, &note)?;
    expected.require(note.version)?;
    let note = apply(note, change).update(work.transaction()).await?;
    Ok(WithAuthor { note: note.into(), author: actor.user()?.summary() })
}

fn apply(note: note::Model, change: &NoteChange) -> note::ActiveModel {
    let NoteChange { content, important, date } = change;
    let mut note = note.into_active_model();
    if let Some(Content(content)) = content {
        note.set_content(content.clone());
    }
    if let Some(important) = important {
        note.set_important(*important);
    }
    if let Some(date) = date {
        note.set_date(*date);
    }
    if note.is_changed() {
        note.record_change(clock::now());
    }
    note
}

/// Deletes a note and its marks.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] for anyone but the author and admins;
/// [`Error::Outdated`]; [`Error::VersionMissing`].
pub async fn delete(work: &Work, id: NoteId, expected: &Expected) -> Result<()> {
    let actor = work.actor().await?;
    let note = lock(work, note::Entity::find_by_id(id).for_update()).await?;
    policy::delete_note(actor, &note)?;
    expected.require(note.version)?;
    if !actor.is(note.user_id) {
        work.audit("note deleted", Subject::Note(id, note.user_id));
    }
    Ok(note.delete_counted(work.transaction()).await?)
}

async fn lock(work: &Work, note: Select<note::Entity>) -> Result<note::Model> {
    note.one(work.transaction()).await?.ok_or(Error::NotFound)
}
