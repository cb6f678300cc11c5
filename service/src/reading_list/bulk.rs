//! Several marks at once.

use std::collections::{HashMap, HashSet};

use entity::{
    IdList, Locking, MarkId, NoteId,
    mark::{self, Scopes as _},
    note::{self, Scopes as _},
};
use sea_orm::{EntityTrait, QueryOrder};

use crate::{Result, Work, error::require_known};

/// Which of the actor's marks to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// All of them.
    All,
    /// Those with these ids.
    Ids(Vec<MarkId>),
}

/// Puts notes on the actor's reading list, each once, in this order; returns the marks of all of them, a
/// repeated note's once.
///
/// # Errors
/// [`crate::Error::Invalid`], pointing at each id that is not that of a note; nothing is changed then.
/// [`crate::Error::TokenMissing`] if the actor is not a user.
pub async fn mark_all(work: &Work, note_ids: &[NoteId]) -> Result<Vec<mark::Model>> {
    let user = work.user().await?;
    let mut seen = HashSet::new();
    let distinct: Vec<NoteId> = note_ids.iter().copied().filter(|id| seen.insert(*id)).collect();
    let listed = IdList::new(work.transaction(), distinct.iter().copied());
    let notes = note::Entity::find().with_ids(&listed).order_by_asc(note::Column::Id);
    let notes = notes.for_key_share().all(work.transaction()).await?;
    let known = notes.iter().map(|note| note.id).collect();
    require_known("note_ids", note_ids, &known, "does not refer to an existing note")?;
    let marks = user.mark_notes(work.transaction(), &listed).await?;
    let mut by_note: HashMap<_, _> = marks.into_iter().map(|mark| (mark.note_id, mark)).collect();
    Ok(distinct.iter().filter_map(|id| by_note.remove(id)).collect())
}

/// Marks notes on the actor's reading list as read or unread; returns how many were not before.
///
/// # Errors
/// [`crate::Error::Invalid`], pointing at each id that is not that of a mark of the actor; nothing is changed then.
/// [`crate::Error::TokenMissing`] if the actor is not a user.
pub async fn set_all_read(work: &Work, selection: &Selection, read: bool) -> Result<u64> {
    let user = work.user().await?;
    let mut changed = super::narrowed(mark::Entity::set_read(read), Some(!read)).of_user(user.id);
    if let Selection::Ids(ids) = selection {
        let listed = IdList::new(work.transaction(), ids.iter().copied());
        let own = mark::Entity::find().of_user(user.id).with_ids(&listed);
        let own = own.order_by_asc(mark::Column::Id).for_no_key_update();
        let own = own.all(work.transaction()).await?.iter().map(|mark| mark.id).collect();
        require_known("ids", ids, &own, "does not refer to a mark of yours")?;
        changed = changed.with_ids(&listed);
    }
    let changed = changed.exec(work.transaction()).await?;
    Ok(changed.rows_affected)
}
