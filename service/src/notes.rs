//! Notes: everyone reads them, authors write them.

use chrono::{DateTime, Utc};
use entity::{
    Locking, NESTED_LIMIT,
    note::{self, Scopes as _, WithAuthor},
    user::{self, UserKey},
    user_note::{self, Scopes as _},
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    ConnectionTrait, EntityTrait, IntoActiveModel, QuerySelect,
    sea_query::Order,
};

use crate::{
    Db, Error, Page, PageRequest, Result, SignedIn, clock, error::Constraints, page, text,
};

/// What a note says: 1 to 10,000 characters, not blank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content(String);

impl Content {
    /// The most characters it may have.
    pub const MAX_CHARS: usize = 10_000;

    /// # Errors
    /// What the content must be.
    pub fn parse(content: String) -> std::result::Result<Self, String> {
        text::checked(content, Self::MAX_CHARS).map(Self)
    }
}

/// Which notes to list; conditions combine with AND.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Important notes only, or all but these.
    pub important: Option<bool>,
    /// Text that the content has somewhere, without case.
    pub search: Option<String>,
    /// Who wrote them.
    pub author: Option<UserKey>,
}

/// A note to write.
#[derive(Debug)]
pub struct NewNote {
    /// What it says.
    pub content: Content,
    /// Whether it matters more than others.
    pub important: bool,
    /// What it is about in time; now when left out.
    pub date: Option<DateTime<Utc>>,
}

/// What to change of a note; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// What it says.
    pub content: Option<Content>,
    /// Whether it matters more than others.
    pub important: Option<bool>,
    /// What it is about in time.
    pub date: Option<DateTime<Utc>>,
}

/// A note, its author, and who has marked it.
#[derive(Clone, Debug)]
pub struct Detail {
    /// The note and its author.
    pub note: WithAuthor,
    /// The enabled users who marked it last.
    pub users_marked: Vec<user::Author>,
    /// How many enabled users have marked it.
    pub marked_count: i64,
}

/// One page of notes with their authors, newest first. One statement.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &Db, filter: &Filter, request: PageRequest) -> Result<Page<WithAuthor>> {
    let mut notes = note::Entity::find_with_author();
    notes = match filter.important {
        Some(true) => notes.important(),
        Some(false) => notes.unimportant(),
        None => notes,
    };
    if let Some(text) = &filter.search {
        notes = notes.containing(text);
    }
    if let Some(author) = &filter.author {
        notes = notes.by(author);
    }
    let key = (note::Column::Id, Order::Desc);
    page::read(db.reader(), notes, key, request, |row: &WithAuthor| row.note.id).await
}

/// The note with this id. Two statements.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get(db: &Db, id: i64) -> Result<Detail> {
    let note = find(db.reader(), id).await?;
    let marks = user_note::Entity::find_users_marked()
        .of_note(id)
        .limit(NESTED_LIMIT)
        .into_partial_model::<user_note::UserMarkedOf>()
        .all(db.reader())
        .await?;
    Ok(Detail {
        note,
        marked_count: marks.first().map_or(0, |mark| mark.total),
        users_marked: marks.into_iter().map(|mark| mark.user).collect(),
    })
}

/// Writes a note. One statement.
///
/// # Errors
/// [`Error::SessionExpired`] when the viewer was deleted meanwhile.
pub async fn create(db: &Db, me: &SignedIn, new: NewNote) -> Result<WithAuthor> {
    let now = clock::now();
    let note = note::ActiveModel {
        id: NotSet,
        content: Set(new.content.0),
        content_folded: NotSet,
        important: Set(new.important),
        date: Set(new.date.unwrap_or(now)),
        user_id: Set(me.user.id),
        created_at: Set(now),
        updated_at: Set(now),
    };
    let written = db.write(async |transaction| {
        note.clone().insert(transaction).await.unless_dangling(|| Error::SessionExpired)
    });
    let note = written.await?;
    Ok(WithAuthor { note: note.into(), author: me.author() })
}

/// Changes a note of the viewer.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] for others than the author.
pub async fn update(db: &Db, me: &SignedIn, id: i64, change: Change) -> Result<WithAuthor> {
    let changed = db.write(async |transaction| {
        let locked = note::Entity::find_by_id(id).locked_for_change();
        let note = locked.one(transaction).await?.ok_or(Error::NotFound)?;
        if note.user_id != me.user.id {
            return Err(Error::NotAllowed);
        }
        Ok(apply(note, change.clone()).update(transaction).await?)
    });
    let note = changed.await?;
    Ok(WithAuthor { note: note.into(), author: me.author() })
}

fn apply(note: note::Model, change: Change) -> note::ActiveModel {
    let Change { content, important, date } = change;
    let is_change = content.is_some() || important.is_some() || date.is_some();
    let mut note = note.into_active_model();
    if let Some(content) = content {
        note.content = Set(content.0);
    }
    if let Some(important) = important {
        note.important = Set(important);
    }
    if let Some(date) = date {
        note.date = Set(date);
    }
    if is_change {
        note.updated_at = Set(clock::now());
    }
    note
}

/// Deletes a note and its marks.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] for others than the author and admins.
pub async fn delete(db: &Db, me: &SignedIn, id: i64) -> Result<()> {
    db.write(async |transaction| {
        let note = find(transaction, id).await?.note;
        me.require_self_or_admin(note.user_id)?;
        let deleted = note::Entity::delete_by_id(id).exec(transaction).await?;
        if deleted.rows_affected == 0 { Err(Error::NotFound) } else { Ok(()) }
    })
    .await
}

async fn find(db: &impl ConnectionTrait, id: i64) -> Result<WithAuthor> {
    use sea_orm::{ColumnTrait, QueryFilter};
    let note = note::Entity::find_with_author().filter(note::Column::Id.eq(id));
    note.into_partial_model::<WithAuthor>().one(db).await?.ok_or(Error::NotFound)
}
