//! Notes: written by one user, marked to read by many.

use sea_orm::{
    ActiveValue::{NotSet, Set},
    DbBackend, DeleteMany, QueryOrder, QuerySelect, QueryTrait, Select, UpdateMany,
    entity::prelude::*,
    sea_query::{ExprTrait, Func, JoinType, Query},
};

use crate::{
    Candidates, IdList, Locking, NoteId, UserId, mark,
    newest::newest_of_each,
    note_count, text, trigrams,
    user::{self, UserKey},
    version::{FIRST_VERSION, advance},
};

/// A row of `notes`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notes")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: NoteId,
    pub content: String,
    /// Case-folded search column of `content`; set by `before_save`.
    pub content_folded: String,
    pub important: bool,
    /// The time that the note is about; the author chooses it.
    pub date: DateTimeUtc,
    pub user_id: UserId,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    /// 1 for a new note, one more with each change.
    pub version: i64,
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<super::user::Entity>,
    #[sea_orm(has_many)]
    pub marks: HasMany<super::mark::Entity>,
}

#[async_trait::async_trait]
impl ActiveModelBehavior for ActiveModel {
    async fn before_save<C: ConnectionTrait>(mut self, _: &C, _: bool) -> Result<Self, DbErr> {
        if let Set(content) = &self.content {
            self.content_folded = Set(text::fold(content));
        }
        Ok(self)
    }
}

/// A note without its author and its search column.
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct Core {
    pub id: NoteId,
    pub content: String,
    pub important: bool,
    pub date: DateTimeUtc,
    pub user_id: UserId,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i64,
}

impl From<Model> for Core {
    fn from(note: Model) -> Self {
        let Model {
            id,
            content,
            content_folded: _,
            important,
            date,
            user_id,
            created_at,
            updated_at,
            version,
        } = note;
        Self { id, content, important, date, user_id, created_at, updated_at, version }
    }
}

/// A note and its author. For [`Entity::find_with_author`].
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct WithAuthor {
    #[sea_orm(nested)]
    pub note: Core,
    #[sea_orm(nested)]
    pub author: user::UserSummary,
}

/// Named conditions on notes, which chain and combine with AND.
///
/// ```
/// use entity::{note::{self, Scopes}, user::UserKey};
/// # async fn found(db: &sea_orm::DatabaseConnection) -> Result<(), sea_orm::DbErr> {
/// # use sea_orm::{ConnectionTrait, EntityTrait};
/// let author = UserKey::Username("alice".into());
/// let notes = note::Entity::find().important().containing("100 %", db.get_database_backend());
/// let found = notes.by(&author).all(db).await?;
/// # Ok(()) }
/// ```
pub trait Scopes: QueryFilter + Sized {
    /// Notes that their author marked as important.
    fn important(self) -> Self {
        self.filter(COLUMN.important.eq(true))
    }

    /// Notes that are not important.
    fn unimportant(self) -> Self {
        self.filter(COLUMN.important.eq(false))
    }

    /// Notes whose content contains this text, ignoring case; no character of it is a wildcard.
    fn containing(self, text: &str, backend: DbBackend) -> Self {
        self.filter(text::contains(Column::ContentFolded, text, backend))
    }

    /// Notes by this user; none if the user does not exist.
    fn by(self, author: &UserKey) -> Self {
        match author {
            UserKey::Id(id) => self.filter(Column::UserId.eq(*id)),
            UserKey::Username(_) => {
                let id = Query::select()
                    .column((user::Entity, user::Column::Id))
                    .from(user::Entity)
                    .and_where(author.condition())
                    .take();
                self.filter(Column::UserId.in_subquery(id))
            }
        }
    }

    /// The notes with these ids.
    fn with_ids(self, ids: &IdList) -> Self {
        self.filter(ids.contains((Entity, Column::Id)))
    }

    /// The note with this id.
    fn with_id(self, id: NoteId) -> Self {
        self.filter(Column::Id.eq(id))
    }
}

impl Scopes for Select<Entity> {}
impl Scopes for UpdateMany<Entity> {}
impl Scopes for DeleteMany<Entity> {}

impl Entity {
    /// Notes joined with their authors. For [`WithAuthor`].
    pub fn find_with_author() -> Select<Self> {
        Self::find().join(JoinType::InnerJoin, Relation::User.def())
    }

    /// The notes that an index finds for this text (see [`Candidates`]).
    ///
    /// # Errors
    /// If the database fails.
    pub async fn candidates(db: &impl ConnectionTrait, text: &str) -> Result<Candidates, DbErr> {
        trigrams::candidates(db, Entity.table_name(), [text::fold(text)]).await
    }

    /// Deletes up to `limit` notes that the user has written, locked by id, and their marks, in the caller's
    /// transaction; returns how many notes.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn delete_some_by(
        db: &impl ConnectionTrait,
        author: UserId,
        limit: u64,
    ) -> Result<u64, DbErr> {
        let some = Self::find().by(&author.into()).order_by_asc(Column::Id).limit(limit);
        let some = some.for_update();
        let some = some.select_only().column(Column::Id).into_query();
        let deleted = Self::delete_many().filter(Column::Id.in_subquery(some));
        let deleted = deleted.exec(db).await?.rows_affected;
        note_count::Entity::decrease(db, author, deleted).await?;
        Ok(deleted)
    }

    /// The newest `limit` notes of each of these users: by user, newest first.
    pub fn newest_of_each(users: &IdList, limit: u64) -> Select<Self> {
        newest_of_each(Self::find(), Column::UserId, users, limit)
            .order_by_asc(Column::UserId)
            .order_by_desc(Column::Id)
    }

    /// How many bytes the contents of the newest `limit` notes of each of these users have. For tuples of the
    /// user's id and the number.
    pub fn newest_bytes_of_each(users: &IdList, limit: u64) -> Select<Self> {
        let bytes = Func::cust("octet_length").arg(Expr::col((Entity, Column::Content)));
        newest_of_each(Self::find(), Column::UserId, users, limit)
            .select_only()
            .column(Column::UserId)
            .column_as(Expr::from(bytes).sum(), "bytes")
            .group_by(Column::UserId)
    }
}

impl Model {
    /// Whether this user is the author.
    pub fn is_written_by(&self, user_id: UserId) -> bool {
        self.user_id == user_id
    }

    /// Deletes the note and its marks, in the caller's transaction, which has locked it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn delete_counted(self, db: &impl ConnectionTrait) -> Result<(), DbErr> {
        let deleted = Entity::delete_by_id(self.id).exec(db).await?.rows_affected;
        note_count::Entity::decrease(db, self.user_id, deleted).await
    }
}

impl Core {
    /// The marks of enabled users on this note, joined with the users. For [`mark::MarkedBy`].
    pub fn users_marked(&self) -> Select<mark::Entity> {
        use mark::Scopes as _;
        mark::Entity::find_with_user().of_note(self.id)
    }
}

impl ActiveModel {
    /// A new note, unimportant and dated now.
    pub fn new(author: UserId, content: String, now: DateTimeUtc) -> Self {
        Self {
            id: NotSet,
            content: Set(content),
            content_folded: NotSet,
            important: Set(false),
            date: Set(now),
            user_id: Set(author),
            created_at: Set(now),
            updated_at: Set(now),
            version: Set(FIRST_VERSION),
        }
    }

    /// Inserts the note, in the caller's transaction.
    ///
    /// # Errors
    /// A foreign key violation (see [`DbErr::sql_err`]) if the author does not exist.
    pub async fn insert_counted(self, db: &impl ConnectionTrait) -> Result<Model, DbErr> {
        let note = self.insert(db).await?;
        note_count::Entity::increase(db, note.user_id).await?;
        Ok(note)
    }

    /// Replaces the content.
    pub fn set_content(&mut self, content: String) {
        self.content.set_ne(content);
    }

    /// Makes the note important or unimportant.
    pub fn set_important(&mut self, important: bool) {
        self.important.set_ne(important);
    }

    /// Sets the time that the note is about.
    pub fn set_date(&mut self, date: DateTimeUtc) {
        self.date.set_ne(date);
    }

    /// Records that the note was changed: when, and as a new version.
    pub fn record_change(&mut self, now: DateTimeUtc) {
        self.updated_at = Set(now);
        advance(&mut self.version);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_written_by_its_author_only() {
        let [alice, bob] = [1, 2].map(|id| UserId::try_from(id).unwrap());
        let now = DateTimeUtc::UNIX_EPOCH;
        let note = Model {
            id: NoteId::try_from(1).unwrap(),
            content: "Hello".into(),
            content_folded: "hello".into(),
            important: false,
            date: now,
            user_id: alice,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        assert!(note.is_written_by(alice));
        assert!(!note.is_written_by(bob));
    }
}
