//! Marks: which notes a user has put on the reading list, and which of them are read. The second
//! many-to-many between users and notes.

use sea_orm::{
    ActiveValue::{NotSet, Set},
    DeleteMany, FromQueryResult, QueryOrder, QuerySelect, QueryTrait, Select, UpdateMany,
    entity::prelude::*,
    sea_query::{ExprTrait, Func, JoinType, OnConflict, Query},
};

use crate::{IdList, Locking, MarkId, NoteId, UserId, Viewer, note, user};

/// A row of `user_notes`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user_notes")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: MarkId,
    #[sea_orm(unique_key = "user_and_note")]
    pub user_id: UserId,
    #[sea_orm(unique_key = "user_and_note")]
    pub note_id: NoteId,
    pub read: bool,
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<super::user::Entity>,
    #[sea_orm(belongs_to, from = "note_id", to = "id", on_delete = "Cascade")]
    pub note: BelongsTo<super::note::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// A marked note: the mark, the note and the note's author.
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct MarkedNote {
    pub id: MarkId,
    pub user_id: UserId,
    pub read: bool,
    #[sea_orm(nested)]
    pub note: note::Core,
    #[sea_orm(nested)]
    pub author: user::UserSummary,
}

impl AsRef<note::Core> for MarkedNote {
    fn as_ref(&self) -> &note::Core {
        &self.note
    }
}

/// A mark and the user whose mark it is.
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct MarkedBy {
    pub id: MarkId,
    #[sea_orm(nested)]
    pub user: user::UserSummary,
}

/// How many marks there are, and how many of them are unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct Counts {
    #[sea_orm(from_expr = "Expr::cust(\"COUNT(*)\")")]
    pub total: i64,
    #[sea_orm(from_expr = "count_unread()")]
    pub unread: i64,
}

fn count_unread() -> Expr {
    let unread = Expr::case(Expr::col((Entity, Column::Read)).not(), 1);
    Func::count(unread).into()
}

/// Named conditions on marks, which chain and combine with AND.
pub trait Scopes: QueryFilter + Sized {
    /// Marks of this user.
    fn of_user(self, user_id: UserId) -> Self {
        self.filter(Column::UserId.eq(user_id))
    }

    /// Marks of this note.
    fn of_note(self, note_id: NoteId) -> Self {
        self.filter(Column::NoteId.eq(note_id))
    }

    /// Marks of these notes.
    fn of_note_in(self, notes: Select<note::Entity>) -> Self {
        let ids = notes.select_only().column(note::Column::Id).into_query();
        self.filter(Column::NoteId.in_subquery(ids))
    }

    /// The mark with this id.
    fn with_id(self, id: MarkId) -> Self {
        self.filter(Column::Id.eq(id))
    }

    /// Marks with these ids.
    fn with_ids(self, ids: &IdList) -> Self {
        self.filter(ids.contains((Entity, Column::Id)))
    }

    /// Marks of notes that the user has read.
    fn read(self) -> Self {
        self.filter(COLUMN.read.eq(true))
    }

    /// Marks of notes that the user has yet to read.
    fn unread(self) -> Self {
        self.filter(COLUMN.read.eq(false))
    }
}

impl Scopes for Select<Entity> {}
impl Scopes for UpdateMany<Entity> {}
impl Scopes for DeleteMany<Entity> {}

impl Entity {
    /// Marks of notes that the viewer sees, joined with the notes.
    pub fn find_of_visible(viewer: Viewer) -> Select<Self> {
        Self::find()
            .join(JoinType::InnerJoin, Relation::Note.def())
            .filter(viewer.sees(note::TABLE))
    }

    /// The same, joined with the authors of the notes too. For [`MarkedNote`].
    pub fn find_with_note(viewer: Viewer) -> Select<Self> {
        Self::find_of_visible(viewer).join(JoinType::InnerJoin, note::Relation::User.def())
    }

    /// Marks of enabled users, joined with the users. For [`MarkedBy`].
    pub(crate) fn find_with_user() -> Select<Self> {
        Self::find()
            .join(JoinType::InnerJoin, Relation::User.def())
            .filter(user::COLUMN.disabled.eq(false))
    }

    /// Deletes up to `limit` marks of the user, locked by id; returns how many.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn delete_some_of(
        db: &impl ConnectionTrait,
        user_id: UserId,
        limit: u64,
    ) -> Result<u64, DbErr> {
        let some = Self::find().of_user(user_id).order_by_asc(Column::Id).limit(limit).for_update();
        let some = some.select_only().column(Column::Id).into_query();
        let deleted = Self::delete_many().filter(Column::Id.in_subquery(some));
        Ok(deleted.exec(db).await?.rows_affected)
    }

    /// Marks the note for the user as unread if the user sees it, unless the user has marked it already; returns whether
    /// the mark is new.
    pub(crate) async fn add(
        db: &impl ConnectionTrait,
        user_id: UserId,
        note_id: NoteId,
    ) -> Result<bool, DbErr> {
        use note::Scopes as _;
        let note = note::visible_to(Viewer::User(user_id)).with_id(note_id).select_only();
        let mut row = note.column(note::Column::Id).into_query();
        row.expr(Expr::val(i64::from(user_id))).expr(Expr::val(false));
        let unless_marked =
            OnConflict::columns([Column::UserId, Column::NoteId]).do_nothing().to_owned();
        let insert = Query::insert()
            .into_table(Self)
            .columns([Column::NoteId, Column::UserId, Column::Read])
            .select_from(row)
            .map_err(|error| DbErr::Custom(error.to_string()))?
            .on_conflict(unless_marked)
            .take();
        Ok(db.execute(&insert).await?.rows_affected() > 0)
    }

    /// Marks the notes for the user, in order, as unread unless they are marked already; returns all the
    /// marks. Each id may be listed once.
    pub(crate) async fn add_all(
        db: &impl ConnectionTrait,
        user_id: UserId,
        notes: &IdList,
    ) -> Result<Vec<Model>, DbErr> {
        let mut rows = notes.rows();
        rows.expr(Expr::val(i64::from(user_id))).expr(Expr::val(false));
        // An existing mark is only returned, and locked, if it is updated.
        let unchanged = OnConflict::columns([Column::UserId, Column::NoteId])
            .value(Column::Read, Expr::col((Self, Column::Read)))
            .to_owned();
        let insert = Query::insert()
            .into_table(Self)
            .columns([Column::NoteId, Column::UserId, Column::Read])
            .select_from(rows)
            .map_err(|error| DbErr::Custom(error.to_string()))?
            .on_conflict(unchanged)
            .returning_all()
            .take();
        let marks = db.query_all(&insert).await?;
        marks.iter().map(|row| Model::from_query_result(row, "")).collect()
    }

    /// Marks up to `limit` of the user's notes as read, or as unread, that the user sees and that are not so already:
    /// those whose marks follow this one, by id. Returns the ids of the marks.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_some_read(
        db: &impl ConnectionTrait,
        user_id: UserId,
        read: bool,
        after: Option<MarkId>,
        limit: u64,
    ) -> Result<Vec<MarkId>, DbErr> {
        let marks = Self::find_of_visible(Viewer::User(user_id)).of_user(user_id);
        let mut some = marks.filter(Column::Read.eq(!read));
        if let Some(after) = after {
            some = some.filter(Column::Id.gt(after));
        }
        let some = some.order_by_asc(Column::Id).limit(limit).for_no_key_update();
        let some = some.select_only().column(Column::Id).into_query();
        let set = Self::set_read(read).filter(Column::Id.in_subquery(some));
        Ok(set.exec_with_returning(db).await?.iter().map(|mark| mark.id).collect())
    }

    /// Marks these notes as read, or as unread.
    pub fn set_read(read: bool) -> UpdateMany<Self> {
        Self::update_many().col_expr(Column::Read, Expr::val(read))
    }
}

impl Model {
    /// Whether this is a mark of the user.
    pub fn is_of(&self, user_id: UserId) -> bool {
        self.user_id == user_id
    }
}

impl MarkedNote {
    /// Whether this is on the reading list of the user.
    pub fn is_of(&self, user_id: UserId) -> bool {
        self.user_id == user_id
    }
}

impl ActiveModel {
    /// A new mark, unread.
    pub fn new(user_id: UserId, note_id: NoteId) -> Self {
        Self { id: NotSet, user_id: Set(user_id), note_id: Set(note_id), read: Set(false) }
    }

    /// Marks the note as read, or as unread.
    pub fn set_read(&mut self, read: bool) {
        self.read.set_ne(read);
    }
}
