//! The reading list: the notes that a user has marked, and which of them are read.

mod bulk;

pub use bulk::{Selection, mark_all, set_all_read};
use entity::{
    Locking, MarkId, NoteId, Viewer,
    mark::{self, MarkedNote, Scopes as _},
    note::{self, Scopes as _},
};
use sea_orm::{ActiveModelTrait, IntoActiveModel, SelectExt};

use crate::{
    Actor, Error, Page, PageRequest, Reader, Result, Work,
    error::Constraints,
    page::{self, Direction, Order, Sort, SortKey},
    policy,
};

/// A mark, and whether it is new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Marked {
    /// It has just been created.
    New(mark::Model),
    /// It existed already.
    Existing(mark::Model),
}

/// What a reading list can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortBy {
    /// The id of the mark.
    Id,
    /// The time that the note is about.
    Date,
}

impl SortKey for SortBy {
    const NAMED: &[(&str, Self)] = &[("id", Self::Id), ("date", Self::Date)];
    const DEFAULT: Sort<Self> = Sort { key: Self::Id, direction: Direction::Descending };
}

impl Sort<SortBy> {
    fn order(self) -> Order<MarkedNote> {
        let by_id = newest_first().in_direction(self.direction);
        match self.key {
            SortBy::Id => by_id,
            SortBy::Date => by_id.after_time(note::Column::Date, |marked| marked.note.date),
        }
    }
}

/// The order of lists of marked notes, unless another is requested.
pub(crate) fn newest_first() -> Order<MarkedNote> {
    Order::by_id(Direction::Descending, mark::Column::Id, |marked: &MarkedNote| marked.id.into())
}

/// One page of the actor's marked notes; if `read` is set, only read or only unread ones. One statement,
/// which reads all of the actor's marks unless it sorts by id.
///
/// # Errors
/// [`Error::TokenMissing`] if the actor is not a user; [`Error::ForeignPosition`].
pub async fn list(
    reader: &Reader,
    actor: &Actor,
    read: Option<bool>,
    sort: Sort<SortBy>,
    request: &PageRequest,
) -> Result<Page<MarkedNote>> {
    let marks = narrowed(actor.user()?.marked_notes(actor.viewer()), read);
    let order = sort.order();
    let page = async |reader: &Reader| page::read(reader, marks, &order, request).await;
    if sort.key == SortBy::Id { page(reader).await } else { reader.search(page).await }
}

/// Only marks of read notes, or only of unread ones, if `read` is set.
pub(crate) fn narrowed<M: mark::Scopes>(marks: M, read: Option<bool>) -> M {
    match read {
        Some(true) => marks.read(),
        Some(false) => marks.unread(),
        None => marks,
    }
}

/// Counts the actor's marks of notes that the actor sees. One statement.
///
/// # Errors
/// [`Error::TokenMissing`] if the actor is not a user.
pub async fn counts(reader: &Reader, actor: &Actor) -> Result<mark::Counts> {
    let counts = actor.user()?.marks().into_partial_model::<mark::Counts>();
    let none = mark::Counts { total: 0, unread: 0 };
    Ok(counts.one(reader.connection()).await?.unwrap_or(none))
}

/// A note on the actor's reading list, by the id of its mark. One statement.
///
/// # Errors
/// [`Error::NotFound`], also when the actor does not see the note; [`Error::NotAllowed`] if the mark is another user's.
pub async fn get(reader: &Reader, actor: &Actor, id: MarkId) -> Result<MarkedNote> {
    let marked = mark::Entity::find_with_note(actor.viewer()).with_id(id);
    let marked = marked.into_partial_model::<MarkedNote>();
    let marked = marked.one(reader.connection()).await?.ok_or(Error::NotFound)?;
    policy::see_mark(actor, &marked)?;
    Ok(marked)
}

/// Puts a note on the actor's reading list, once: of concurrent calls, one creates the mark and all return
/// it.
///
/// # Errors
/// [`Error::Invalid`] if there is no such note, or the actor does not see it; [`Error::TokenMissing`] if the actor is not
/// a user.
pub async fn mark(work: &Work, note_id: NoteId) -> Result<Marked> {
    let user = work.user().await?;
    let unknown = || Error::invalid("note_id", "does not refer to an existing note");
    loop {
        let added = user.mark_note(work.transaction(), note_id).await;
        let is_new = added.unless_dangling(unknown)?;
        if let Some(mark) = user.mark_of(work.transaction(), note_id).await? {
            return Ok(if is_new { Marked::New(mark) } else { Marked::Existing(mark) });
        }
        // Else an existing mark was removed before it was read; the next round creates a new one.
        let note = note::visible_to(Viewer::User(user.id)).with_id(note_id);
        if !note.exists(work.transaction()).await? {
            return Err(unknown());
        }
    }
}

/// Marks a note on the actor's reading list as read or unread, unless `read` is `None`.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] if the mark is another user's.
pub async fn set_read(work: &Work, id: MarkId, read: Option<bool>) -> Result<mark::Model> {
    let mut mark = lock_own(work, id).await?.into_active_model();
    if let Some(read) = read {
        mark.set_read(read);
    }
    Ok(mark.update(work.transaction()).await?)
}

/// Puts a note on the actor's reading list, once, and marks it as read or as unread, unless `read` is
/// `None`.
///
/// # Errors
/// [`Error::NotFound`] if there is no such note, or the actor does not see it; [`Error::TokenMissing`] if the actor is
/// not a user.
pub async fn put(work: &Work, note_id: NoteId, read: Option<bool>) -> Result<Marked> {
    let (mark, is_new) = match mark(work, note_id).await {
        Ok(Marked::New(mark)) => (mark, true),
        Ok(Marked::Existing(mark)) => (mark, false),
        Err(Error::Invalid(_)) => return Err(Error::NotFound),
        Err(error) => return Err(error),
    };
    let mark = set_read(work, mark.id, read).await?;
    Ok(if is_new { Marked::New(mark) } else { Marked::Existing(mark) })
}

/// Takes a note off the actor's reading list.
///
/// # Errors
/// [`Error::NotFound`] if the actor has not marked it, or does not see it; [`Error::TokenMissing`] if the actor is not a user.
pub async fn unmark(work: &Work, note_id: NoteId) -> Result<()> {
    let is_removed = work.user().await?.unmark_note(work.transaction(), note_id).await?;
    if is_removed { Ok(()) } else { Err(Error::NotFound) }
}

/// Takes a note off the actor's reading list, by the id of its mark.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] if the mark is another user's.
pub async fn remove(work: &Work, id: MarkId) -> Result<()> {
    let mark = lock_own(work, id).await?;
    work.user().await?.unmark_note(work.transaction(), mark.note_id).await?;
    Ok(())
}

/// A mark of a note that the actor sees, locked against changes by others until the transaction ends.
async fn lock_own(work: &Work, id: MarkId) -> Result<mark::Model> {
    let actor = work.actor().await?;
    let mark = mark::Entity::find_of_visible(actor.viewer()).with_id(id).for_no_key_update();
    let mark = mark.one(work.transaction()).await?.ok_or(Error::NotFound)?;
    policy::change_mark(actor, &mark)?;
    Ok(mark)
}
