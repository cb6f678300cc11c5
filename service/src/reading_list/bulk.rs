//! Several marks at once.

use std::collections::{HashMap, HashSet};

use entity::{
    IdList, Locking, MarkId, NoteId, Viewer,
    mark::{self, Scopes as _},
    note::{self, Scopes as _},
};
use sea_orm::{QueryOrder, QuerySelect};

use crate::{Actor, Db, Result, Work, error::require_known};

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
/// [`crate::Error::Invalid`], pointing at each id that is not that of a note that the actor sees; nothing is changed then.
/// [`crate::Error::TokenMissing`] if the actor is not a user.
pub async fn mark_all(work: &Work, note_ids: &[NoteId]) -> Result<Vec<mark::Model>> {
    let user = work.user().await?;
    let mut seen = HashSet::new();
    let distinct: Vec<NoteId> = note_ids.iter().copied().filter(|id| seen.insert(*id)).collect();
    let listed = IdList::new(work.transaction(), distinct.iter().copied());
    let notes = note::visible_to(Viewer::User(user.id)).with_ids(&listed);
    let notes = notes.order_by_asc(note::Column::Id).for_key_share();
    let known = notes.select_only().column(note::Column::Id).into_tuple::<NoteId>();
    let known = known.all(work.transaction()).await?.into_iter().collect();
    require_known("note_ids", note_ids, &known, "does not refer to an existing note")?;
    let marks = user.mark_notes(work.transaction(), &listed).await?;
    let mut by_note: HashMap<_, _> = marks.into_iter().map(|mark| (mark.note_id, mark)).collect();
    Ok(distinct.iter().filter_map(|id| by_note.remove(id)).collect())
}

/// How many marks one transaction sets read, so that others can write in between.
const BATCH: u64 = 1_000;

/// Marks notes on the actor's reading list as read or unread, of those that the actor sees; returns how many were not before. All of them take a
/// transaction for each thousand. If one of those fails, the marks before stay set, and a repetition sets the rest.
///
/// # Errors
/// [`crate::Error::Invalid`], pointing at each id that is not that of a mark of the actor, or of a note that the actor does
/// not see; nothing is changed then.
/// [`crate::Error::TokenMissing`] if the actor is not a user.
pub async fn set_all_read(
    db: &Db,
    actor: &Actor,
    selection: &Selection,
    read: bool,
) -> Result<u64> {
    if let Selection::Ids(ids) = selection {
        return db.write(actor, async |work| set_these_read(work, ids, read).await).await;
    }
    let (mut changed, mut last) = (0, None);
    loop {
        let set = db.write(actor, async |work| set_some_read(work, read, last).await).await?;
        changed += set.len() as u64;
        last = set.iter().max().copied();
        if (set.len() as u64) < BATCH {
            return Ok(changed);
        }
    }
}

async fn set_some_read(work: &Work, read: bool, after: Option<MarkId>) -> Result<Vec<MarkId>> {
    let user = work.user().await?;
    Ok(mark::Entity::set_some_read(work.transaction(), user.id, read, after, BATCH).await?)
}

async fn set_these_read(work: &Work, ids: &[MarkId], read: bool) -> Result<u64> {
    let user = work.user().await?;
    let listed = IdList::new(work.transaction(), ids.iter().copied());
    let own = user.marks().with_ids(&listed);
    let own = own.order_by_asc(mark::Column::Id).for_no_key_update();
    let own = own.all(work.transaction()).await?.iter().map(|mark| mark.id).collect();
    require_known("ids", ids, &own, "does not refer to a mark of yours")?;
    let changed = super::narrowed(mark::Entity::set_read(read), Some(!read));
    let changed = changed.of_user(user.id).with_ids(&listed).exec(work.transaction()).await?;
    Ok(changed.rows_affected)
}
