//! Sessions: a token counts while its row is here.

use sea_orm::{
    DeleteMany, QueryOrder, QuerySelect, QueryTrait, Select,
    entity::prelude::*,
    sea_query::{ExprTrait, JoinType},
};

use crate::user;

/// A session as the table has it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub user_id: i64,
    /// The SHA-256 of the token, in hexadecimal.
    #[sea_orm(unique)]
    pub token_hash: String,
    /// What the client that logged in says it is.
    pub user_agent: Option<String>,
    pub created_at: DateTimeUtc,
    pub last_used_at: DateTimeUtc,
    pub expires_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<super::user::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// A session without the token's hash.
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct Core {
    pub id: i64,
    pub user_id: i64,
    pub user_agent: Option<String>,
    pub created_at: DateTimeUtc,
    pub last_used_at: DateTimeUtc,
    pub expires_at: DateTimeUtc,
}

impl From<Model> for Core {
    fn from(session: Model) -> Self {
        let Model { id, user_id, user_agent, created_at, last_used_at, expires_at, .. } = session;
        Self { id, user_id, user_agent, created_at, last_used_at, expires_at }
    }
}

/// A session and its user, in one statement. For [`Entity::find_with_user`].
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct WithUser {
    #[sea_orm(nested)]
    pub session: Core,
    #[sea_orm(nested)]
    pub user: user::Account,
}

/// Named conditions on sessions, which chain and combine with AND.
pub trait Scopes: QueryFilter + Sized {
    /// Of this user.
    fn of_user(self, user_id: i64) -> Self {
        self.filter(COLUMN.user_id.eq(user_id))
    }

    /// The one with this id.
    fn with_id(self, id: i64) -> Self {
        self.filter(COLUMN.id.eq(id))
    }

    /// All but this one.
    fn except(self, id: i64) -> Self {
        self.filter(COLUMN.id.ne(id))
    }

    /// Not expired at this time, and used after that one.
    fn live(self, now: DateTimeUtc, used_after: DateTimeUtc) -> Self {
        self.filter(COLUMN.expires_at.gt(now)).filter(COLUMN.last_used_at.gt(used_after))
    }

    /// Expired at this time, or not used after that one.
    fn over(self, now: DateTimeUtc, used_after: DateTimeUtc) -> Self {
        self.filter(COLUMN.expires_at.lte(now).or(COLUMN.last_used_at.lte(used_after)))
    }
}

impl Scopes for Select<Entity> {}
impl Scopes for DeleteMany<Entity> {}

impl Entity {
    /// Writes down that the session was used, unless that was done less than `interval` ago.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn touch(
        db: &impl ConnectionTrait,
        id: i64,
        now: DateTimeUtc,
        interval: chrono::TimeDelta,
    ) -> Result<(), DbErr> {
        let touched = Self::update_many()
            .col_expr(Column::LastUsedAt, Expr::value(now))
            .filter(COLUMN.id.eq(id))
            .filter(COLUMN.last_used_at.lt(now - interval));
        touched.exec(db).await.map(|_| ())
    }

    /// Deletes all but the newest `keep` sessions of a user.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete_oldest(
        db: &impl ConnectionTrait,
        user_id: i64,
        keep: u64,
    ) -> Result<(), DbErr> {
        let newest = Self::find().of_user(user_id).order_by_desc(Column::Id).limit(keep);
        let newest = newest.select_only().column(Column::Id).into_query();
        let oldest = Self::delete_many().of_user(user_id);
        let oldest = oldest.filter(Column::Id.not_in_subquery(newest));
        oldest.exec(db).await.map(|_| ())
    }

    /// Deletes up to `limit` sessions that are over (see [`Scopes::over`]), and says how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn purge(
        db: &impl ConnectionTrait,
        now: DateTimeUtc,
        used_after: DateTimeUtc,
        limit: u64,
    ) -> Result<u64, DbErr> {
        let over = Self::find().over(now, used_after).limit(limit);
        let over = over.select_only().column(Column::Id).into_query();
        let purged = Self::delete_many().filter(Column::Id.in_subquery(over));
        Ok(purged.exec(db).await?.rows_affected)
    }

    /// The session of this token, joined with its user. For [`WithUser`].
    pub fn find_with_user(token_hash: &str) -> Select<Self> {
        Self::find()
            .join(JoinType::InnerJoin, Relation::User.def())
            .filter(COLUMN.token_hash.eq(token_hash))
    }
}
