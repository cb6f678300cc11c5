//! Notes: written by one user, marked to read by many.

use sea_orm::{
    ActiveValue, DeleteMany, Linked, QueryOrder, QuerySelect, Select, UpdateMany,
    entity::prelude::*,
    sea_query::{JoinType, Query},
};

use crate::{
    newest::newest_of_each,
    text,
    user::{self, UserKey},
    user_note,
};

/// A note as the table has it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notes")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub content: String,
    /// `content` for comparing without case; kept by `before_save`.
    pub content_folded: String,
    pub important: bool,
    /// What the note is about in time; the author's to choose.
    pub date: DateTimeUtc,
    pub user_id: i64,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<super::user::Entity>,
    #[sea_orm(has_many)]
    pub user_notes: HasMany<super::user_note::Entity>,
}

#[async_trait::async_trait]
impl ActiveModelBehavior for ActiveModel {
    async fn before_save<C: ConnectionTrait>(mut self, _: &C, _: bool) -> Result<Self, DbErr> {
        if let ActiveValue::Set(content) = &self.content {
            self.content_folded = ActiveValue::Set(text::fold(content));
        }
        Ok(self)
    }
}

/// The way back of [`user::MarkedNotes`]: the users who have marked a note.
#[derive(Clone, Copy, Debug)]
pub struct UsersMarked;

impl Linked for UsersMarked {
    type FromEntity = Entity;
    type ToEntity = user::Entity;

    fn link(&self) -> Vec<RelationDef> {
        vec![user_note::Relation::Note.def().rev(), user_note::Relation::User.def()]
    }
}

/// A note without its author and the folded copy.
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct Core {
    pub id: i64,
    pub content: String,
    pub important: bool,
    pub date: DateTimeUtc,
    pub user_id: i64,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

impl From<Model> for Core {
    fn from(note: Model) -> Self {
        let Model { id, content, important, date, user_id, created_at, updated_at, .. } = note;
        Self { id, content, important, date, user_id, created_at, updated_at }
    }
}

/// A note and who wrote it, in one statement: [`Entity::find_with_author`].
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct WithAuthor {
    #[sea_orm(nested)]
    pub note: Core,
    #[sea_orm(nested)]
    pub author: user::Author,
}

/// Named conditions on notes, which chain and combine with AND.
///
/// ```
/// use entity::{note::{self, Scopes}, user::UserKey};
/// # async fn found(db: &sea_orm::DatabaseConnection) -> Result<(), sea_orm::DbErr> {
/// # use sea_orm::EntityTrait;
/// let author = UserKey::Username("alice".into());
/// let found = note::Entity::find().important().containing("100 %").by(&author).all(db).await?;
/// # Ok(()) }
/// ```
pub trait Scopes: QueryFilter + Sized {
    /// Are marked as important by their author.
    fn important(self) -> Self {
        self.filter(COLUMN.important.eq(true))
    }

    /// Are not marked as important.
    fn unimportant(self) -> Self {
        self.filter(COLUMN.important.eq(false))
    }

    /// The content has this text somewhere, without case; no character of it is a wildcard.
    fn containing(self, text: &str) -> Self {
        self.filter(Column::ContentFolded.like(text::containing(text)))
    }

    /// Were written by this user; none when there is no such user.
    fn by(self, author: &UserKey) -> Self {
        match author {
            UserKey::Id(id) => self.filter(COLUMN.user_id.eq(*id)),
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
}

impl Scopes for Select<Entity> {}
impl Scopes for UpdateMany<Entity> {}
impl Scopes for DeleteMany<Entity> {}

impl Entity {
    /// Notes joined with their authors, for [`WithAuthor`].
    pub fn find_with_author() -> Select<Self> {
        Self::find().join(JoinType::InnerJoin, Relation::User.def())
    }

    /// The newest `limit` notes of each of these users: by user, newest first.
    pub fn newest_of_each(user_ids: impl IntoIterator<Item = i64>, limit: u64) -> Select<Self> {
        let newest = newest_of_each(Self, Column::UserId, user_ids, limit);
        Self::find()
            .filter(Column::Id.in_subquery(newest))
            .order_by_asc(Column::UserId)
            .order_by_desc(Column::Id)
    }
}
