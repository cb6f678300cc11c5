//! The reading list: the notes that a user has marked, and which of them are read.

use entity::{
    Locking, MarkId, NoteId,
    mark::{self, MarkedNote, Scopes as _},
};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Select};

use crate::{
    Actor, Error, Page, PageRequest, Reader, Result, Work,
    error::Constraints,
    page::{self, Order},
    policy,
};

/// A mark, and whether it is new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Marked {
    /// It has just been made.
    New(mark::Model),
    /// It existed already.
    Existing(mark::Model),
}

/// The order of lists of marked notes.
pub(crate) const NEWEST_FIRST: (mark::Column, Order) = (mark::Column::Id, Order::Descending);

/// One page of the actor's marked notes, newest mark first; only those that are read, or only those
/// that are not, when `read` says so. One statement.
///
/// # Errors
/// [`Error::TokenMissing`] when no user asks.
pub async fn list(
    reader: &Reader,
    actor: &Actor,
    read: Option<bool>,
    request: PageRequest,
) -> Result<Page<MarkedNote>> {
    let marks = narrowed(actor.user()?.marked_notes(), read);
    page::read(reader, marks, NEWEST_FIRST, request, |marked: &MarkedNote| marked.id).await
}

/// Only marks of notes that are read, or only of those that are not, when `read` says so.
pub(crate) fn narrowed(marks: Select<mark::Entity>, read: Option<bool>) -> Select<mark::Entity> {
    match read {
        Some(true) => marks.read(),
        Some(false) => marks.unread(),
        None => marks,
    }
}

/// Puts a note on the actor's reading list, once: of concurrent calls one makes the mark and all return
/// it.
///
/// # Errors
/// [`Error::Invalid`] when there is no such note; [`Error::TokenMissing`] when no user asks.
pub async fn mark(work: &Work, note_id: NoteId) -> Result<Marked> {
    let user = work.user().await?;
    loop {
        let added = user.mark_note(work.transaction(), note_id).await;
        let is_new = added.unless_dangling(|| Error::invalid("note_id", "names no note"))?;
        // A mark that existed may be removed before it is read; the next round makes it anew.
        if let Some(mark) = user.mark_of(work.transaction(), note_id).await? {
            return Ok(if is_new { Marked::New(mark) } else { Marked::Existing(mark) });
        }
    }
}

/// Marks a note on the actor's reading list as read or unread, unless `read` is `None`.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] when the mark is another user's.
pub async fn set_read(work: &Work, id: MarkId, read: Option<bool>) -> Result<mark::Model> {
    let mut mark = lock_own(work, id).await?.into_active_model();
    if let Some(read) = read {
        mark.set_read(read);
    }
    Ok(mark.update(work.transaction()).await?)
}

/// Takes a note off the actor's reading list.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] when the mark is another user's.
pub async fn remove(work: &Work, id: MarkId) -> Result<()> {
    let mark = lock_own(work, id).await?;
    work.user().await?.unmark_note(work.transaction(), mark.note_id).await?;
    Ok(())
}

/// The mark, which nobody else changes until the end of the transaction.
async fn lock_own(work: &Work, id: MarkId) -> Result<mark::Model> {
    let actor = work.actor().await?;
    let mark = mark::Entity::find_by_id(id).for_no_key_update();
    let mark = mark.one(work.transaction()).await?.ok_or(Error::NotFound)?;
    policy::change_mark(actor, &mark)?;
    Ok(mark)
}
