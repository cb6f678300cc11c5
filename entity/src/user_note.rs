//! Marks: which user has marked which note to read, and has read it.

use sea_orm::{
    ActiveValue, DeleteMany, QueryOrder, QuerySelect, Select, UpdateMany,
    entity::prelude::*,
    sea_query::{JoinType, OnConflict},
};

use crate::{newest::total, note, user};

/// A mark as the table has it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user_notes")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique_key = "user_and_note")]
    pub user_id: i64,
    #[sea_orm(unique_key = "user_and_note")]
    pub note_id: i64,
    pub read: bool,
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<super::user::Entity>,
    #[sea_orm(belongs_to, from = "note_id", to = "id", on_delete = "Cascade")]
    pub note: BelongsTo<super::note::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// A marked note: the mark, the note and its author, in one statement. For
/// [`Entity::find_marked_notes`].
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct MarkedNote {
    pub id: i64,
    pub read: bool,
    #[sea_orm(nested)]
    pub note: note::Core,
    #[sea_orm(nested)]
    pub author: user::Author,
}

/// A marked note among the first of many.
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct MarkedNoteOf {
    #[sea_orm(nested)]
    pub marked: MarkedNote,
    /// How many there are in all.
    #[sea_orm(from_expr = "total()")]
    pub total: i64,
}

/// A user who has marked a note, among the first of many. For [`Entity::find_users_marked`].
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct UserMarkedOf {
    #[sea_orm(nested)]
    pub user: user::Author,
    /// How many there are in all.
    #[sea_orm(from_expr = "total()")]
    pub total: i64,
}

/// Named conditions on marks, which chain and combine with AND.
pub trait Scopes: QueryFilter + Sized {
    /// Of this user.
    fn of_user(self, user_id: i64) -> Self {
        self.filter(COLUMN.user_id.eq(user_id))
    }

    /// Of this note.
    fn of_note(self, note_id: i64) -> Self {
        self.filter(COLUMN.note_id.eq(note_id))
    }

    /// Of notes that the user has read.
    fn read(self) -> Self {
        self.filter(COLUMN.read.eq(true))
    }

    /// Of notes that the user has yet to read.
    fn unread(self) -> Self {
        self.filter(COLUMN.read.eq(false))
    }
}

impl Scopes for Select<Entity> {}
impl Scopes for UpdateMany<Entity> {}
impl Scopes for DeleteMany<Entity> {}

impl Entity {
    /// Marks joined with their notes and the notes' authors. For [`MarkedNote`]
    /// and [`MarkedNoteOf`].
    pub fn find_marked_notes() -> Select<Self> {
        Self::find()
            .join(JoinType::InnerJoin, Relation::Note.def())
            .join(JoinType::InnerJoin, note::Relation::User.def())
    }

    /// Marks of enabled users, newest first, joined with the users. For [`UserMarkedOf`].
    pub fn find_users_marked() -> Select<Self> {
        Self::find()
            .join(JoinType::InnerJoin, Relation::User.def())
            .filter(user::COLUMN.disabled.eq(false))
            .order_by_desc(Column::Id)
    }

    /// Marks the note for the user unless it is marked, and says whether the mark is new.
    ///
    /// # Errors
    /// A foreign key violation (see [`DbErr::sql_err`]) when the user or the note is not there.
    pub async fn add(db: &impl ConnectionTrait, user_id: i64, note_id: i64) -> Result<bool, DbErr> {
        let mark = ActiveModel {
            id: ActiveValue::NotSet,
            user_id: ActiveValue::Set(user_id),
            note_id: ActiveValue::Set(note_id),
            read: ActiveValue::Set(false),
        };
        let added = Self::insert(mark)
            .on_conflict(
                OnConflict::columns([Column::UserId, Column::NoteId]).do_nothing().to_owned(),
            )
            .exec_without_returning(db)
            .await?;
        Ok(added > 0)
    }
}
