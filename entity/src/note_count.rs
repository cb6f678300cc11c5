//! How many public notes each user has written. Counting them for each request would take longer with every note.
//!
//! The counts have a table of their own, and are what a transaction locks last: everything a user does locks the
//! user's row, which has more indexes to update too.

use sea_orm::{
    ActiveValue::Set,
    Condition, QuerySelect, QueryTrait, Select,
    entity::prelude::*,
    sea_query::{ExprTrait, Func, JoinType, OnConflict, Order, Query, SelectStatement},
};

use crate::{
    IdList, UserId,
    note::{self, Visibility},
    user,
};

/// A row of `note_counts`. A user who has not written a note may have none.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "note_counts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    pub notes: i64,
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<super::user::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// Records that the user has one more public note, in the transaction that inserts or publishes it.
    pub(crate) async fn increase(db: &impl ConnectionTrait, user_id: UserId) -> Result<(), DbErr> {
        let first = Self::insert(ActiveModel { user_id: Set(user_id), notes: Set(1) });
        let one_more = Expr::col((Self, Column::Notes)).add(1);
        let or_next = OnConflict::column(Column::UserId).value(Column::Notes, one_more).to_owned();
        first.on_conflict(or_next).exec_without_returning(db).await.map(|_| ())
    }

    /// Records that this many public notes of the user are gone, in the transaction that deletes or hides them.
    pub(crate) async fn decrease(
        db: &impl ConnectionTrait,
        user_id: UserId,
        notes: u64,
    ) -> Result<(), DbErr> {
        let notes = i64::try_from(notes).unwrap_or(i64::MAX);
        let fewer = Self::update_many()
            .col_expr(Column::Notes, Expr::col(Column::Notes).sub(notes))
            .filter(Column::UserId.eq(user_id));
        fewer.exec(db).await.map(|_| ())
    }

    /// Counts all public notes, after many were inserted into a database that had none.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn count_all(db: &impl ConnectionTrait) -> Result<(), DbErr> {
        set(db, counted().into_query()).await
    }

    /// The first `limit` users whose count is wrong, by id.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn find_wrong(db: &impl ConnectionTrait, limit: u64) -> Result<Vec<UserId>, DbErr> {
        const COUNTED: &str = "counted";
        let kept = Func::coalesce([Expr::col((Self, Column::Notes)), Expr::val(0)]);
        let is_of_user = Expr::col((Self, Column::UserId)).equals((COUNTED, Column::UserId));
        let wrong = Query::select()
            .column((COUNTED, Column::UserId))
            .from_subquery(counted().into_query(), COUNTED)
            .join(JoinType::LeftJoin, Self, is_of_user)
            .and_where(Expr::col((COUNTED, Column::Notes)).ne(kept))
            .order_by((COUNTED, Column::UserId), Order::Asc)
            .limit(limit)
            .take();
        let wrong = db.query_all(&wrong).await?;
        wrong.iter().map(|row| row.try_get_by_index(0)).collect()
    }

    /// Counts the public notes of these users anew, in a transaction, while others write notes.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn recount(db: &impl ConnectionTrait, users: &IdList) -> Result<(), DbErr> {
        let mut locked = users.rows();
        locked.expr(Expr::val(0));
        // From here on, all notes are seen but those that are yet to be added to the locked counts.
        let unchanged = Expr::col((Self, Column::Notes));
        insert(db, locked, unchanged).await?;
        let is_listed = users.contains((user::Entity, user::Column::Id));
        set(db, counted().filter(is_listed).into_query()).await
    }
}

/// Each user's id, and how many public notes the user has written.
fn counted() -> Select<user::Entity> {
    user::Entity::find()
        .select_only()
        .column_as(user::Column::Id, Column::UserId)
        .column_as(note::Column::Id.count(), Column::Notes)
        .join(JoinType::LeftJoin, public_notes())
        .group_by(user::Column::Id)
}

fn public_notes() -> RelationDef {
    user::Relation::Note.def().on_condition(|_, notes| {
        let visibility = Expr::col((notes, note::Column::Visibility));
        Condition::all().add(visibility.eq(Visibility::Public.literal()))
    })
}

async fn set(db: &impl ConnectionTrait, counts: SelectStatement) -> Result<(), DbErr> {
    insert(db, counts, Expr::col(("excluded", Column::Notes))).await
}

/// Inserts these counts; where there is one already, it becomes `otherwise`.
async fn insert(
    db: &impl ConnectionTrait,
    counts: SelectStatement,
    otherwise: Expr,
) -> Result<(), DbErr> {
    let or_update = OnConflict::column(Column::UserId).value(Column::Notes, otherwise).to_owned();
    let insert = Query::insert()
        .into_table(Entity)
        .columns([Column::UserId, Column::Notes])
        .select_from(counts)
        .map_err(|error| DbErr::Custom(error.to_string()))?
        .on_conflict(or_update)
        .take();
    db.execute(&insert).await.map(|_| ())
}
