//! The reading list: the notes that a user has marked, and whether they are read.

use entity::{
    Locking, user,
    user_note::{self, MarkedNote, Scopes as _},
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ConnectionTrait, EntityTrait, IntoActiveModel,
    sea_query::Order,
};

use crate::{Db, Error, Page, PageRequest, Result, SignedIn, error::Constraints, page};

/// What became of a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Marked {
    /// It is new.
    Now(user_note::Model),
    /// It was there.
    Already(user_note::Model),
}

/// One page of the viewer's marked notes, newest mark first. One statement.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &Db,
    me: &SignedIn,
    read: Option<bool>,
    request: PageRequest,
) -> Result<Page<MarkedNote>> {
    let marks = user_note::Entity::find_marked_notes().of_user(me.user.id);
    let marks = match read {
        Some(true) => marks.read(),
        Some(false) => marks.unread(),
        None => marks,
    };
    let key = (user_note::Column::Id, Order::Desc);
    page::read(db.reader(), marks, key, request, |marked: &MarkedNote| marked.id).await
}

/// Puts a note on the viewer's list, once: of two calls at the same time one makes the mark and both
/// get it.
///
/// # Errors
/// [`Error::Invalid`] when there is no such note; [`Error::SessionExpired`] when the viewer was
/// deleted meanwhile.
pub async fn mark(db: &Db, me: &SignedIn, note_id: i64) -> Result<Marked> {
    db.write(async |transaction| {
        let owner = user::Entity::find_by_id(me.user.id).locked_for_reference();
        owner.one(transaction).await?.ok_or(Error::SessionExpired)?;
        loop {
            let added = user_note::Entity::add(transaction, me.user.id, note_id).await;
            let is_new = added.unless_dangling(|| Error::invalid("note_id", "names no note"))?;
            let mark = user_note::Entity::find_by_user_and_note((me.user.id, note_id));
            // A mark that was there may be removed before it is read; the next round makes it anew.
            if let Some(mark) = mark.one(transaction).await? {
                return Ok(if is_new { Marked::Now(mark) } else { Marked::Already(mark) });
            }
        }
    })
    .await
}

/// Says of a mark of the viewer whether the note is read.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] when it is another's.
pub async fn set_read(
    db: &Db,
    me: &SignedIn,
    id: i64,
    read: Option<bool>,
) -> Result<user_note::Model> {
    db.write(async |transaction| {
        let mark = find_own(transaction, me, id).await?;
        let mut changed = mark.into_active_model();
        if let Some(read) = read {
            changed.read = Set(read);
        }
        Ok(changed.update(transaction).await?)
    })
    .await
}

/// Takes a note off the viewer's list.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] when it is another's.
pub async fn remove(db: &Db, me: &SignedIn, id: i64) -> Result<()> {
    db.write(async |transaction| {
        find_own(transaction, me, id).await?;
        let removed = user_note::Entity::delete_by_id(id).exec(transaction).await?;
        if removed.rows_affected == 0 { Err(Error::NotFound) } else { Ok(()) }
    })
    .await
}

async fn find_own(db: &impl ConnectionTrait, me: &SignedIn, id: i64) -> Result<user_note::Model> {
    let mark = user_note::Entity::find_by_id(id).one(db).await?.ok_or(Error::NotFound)?;
    if mark.user_id == me.user.id { Ok(mark) } else { Err(Error::NotAllowed) }
}
