use entity::{
    Among,
    note::{self, Scopes as _, WithAuthor},
    user::UserKey,
};

use crate::{
    Actor, Page, PageRequest, Reader, Result,
    page::{self, Direction, Order, Sort, SortKey},
};

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

/// One page of the notes that the actor sees, with their authors. One statement, and one more for a search on SQLite.
///
/// # Errors
/// [`crate::Error::ForeignPosition`].
pub async fn list(
    reader: &Reader,
    actor: &Actor,
    filter: &Filter,
    sort: Sort<SortBy>,
    request: &PageRequest,
) -> Result<Page<WithAuthor>> {
    let mut notes = note::visible_to(actor.viewer()).with_author();
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
            notes = notes.among(&note::candidates(reader.connection(), text).await?);
        }
        page::read(reader, notes, &order, request).await
    };
    if filter.may_scan(sort) { reader.search(page).await } else { page(reader).await }
}

/// The order of lists of notes, unless another is requested.
pub(crate) fn newest_first() -> Order<WithAuthor> {
    Order::by_id(Direction::Descending, note::Column::Id, |row: &WithAuthor| row.note.id.into())
}
