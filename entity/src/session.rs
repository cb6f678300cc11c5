//! Sessions: a token is accepted while its row exists.

use chrono::TimeDelta;
use sea_orm::{
    ActiveValue::{NotSet, Set},
    DeleteMany, QueryOrder, QuerySelect, QueryTrait, Select,
    entity::prelude::*,
    sea_query::{ExprTrait, JoinType, LockType},
};

use crate::{SessionId, UserId, user};

/// A row of `sessions`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: SessionId,
    pub user_id: UserId,
    /// The SHA-256 of the token, in hexadecimal.
    #[sea_orm(unique)]
    pub token_hash: String,
    /// The `User-Agent` of the client that logged in.
    pub user_agent: Option<String>,
    pub created_at: DateTimeUtc,
    pub last_used_at: DateTimeUtc,
    pub expires_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<super::user::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// A session and its user. For [`Entity::find_with_user`] and [`Entity::find_unchanged`].
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct WithUser {
    #[sea_orm(nested)]
    pub session: Model,
    #[sea_orm(nested)]
    pub user: user::Model,
}

/// Named conditions on sessions, which chain and combine with AND.
pub trait Scopes: QueryFilter + Sized {
    /// Sessions of this user.
    fn of_user(self, user_id: UserId) -> Self {
        self.filter(Column::UserId.eq(user_id))
    }

    /// The session with this id.
    fn with_id(self, id: SessionId) -> Self {
        self.filter(Column::Id.eq(id))
    }

    /// Sessions other than this one.
    fn except(self, id: SessionId) -> Self {
        self.filter(Column::Id.ne(id))
    }

    /// Sessions that have not expired at `now` and were used after `used_after`.
    fn live(self, now: DateTimeUtc, used_after: DateTimeUtc) -> Self {
        self.filter(COLUMN.expires_at.gt(now)).filter(COLUMN.last_used_at.gt(used_after))
    }

    /// Sessions that have expired at `now` or were not used after `used_after`.
    fn expired(self, now: DateTimeUtc, used_after: DateTimeUtc) -> Self {
        self.filter(COLUMN.expires_at.lte(now).or(COLUMN.last_used_at.lte(used_after)))
    }
}

impl Scopes for Select<Entity> {}
impl Scopes for DeleteMany<Entity> {}

impl Entity {
    /// The session with this token, joined with its user. For [`WithUser`].
    pub fn find_with_user(token_hash: &str) -> Select<Self> {
        Self::find()
            .join(JoinType::InnerJoin, Relation::User.def())
            .filter(COLUMN.token_hash.eq(token_hash))
    }

    /// The session of this user, both of which stay as they are until the end of the transaction. The
    /// user is locked before the session. For [`WithUser`].
    pub fn find_unchanged(user_id: UserId, id: SessionId) -> Select<user::Entity> {
        user::Entity::find_by_id(user_id)
            .join(JoinType::InnerJoin, user::Relation::Session.def())
            .filter(Column::Id.eq(id))
            .lock(LockType::Share)
    }

    /// Records that the session was used, unless a use was recorded less than `interval` ago.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn touch(
        db: &impl ConnectionTrait,
        id: SessionId,
        now: DateTimeUtc,
        interval: TimeDelta,
    ) -> Result<(), DbErr> {
        let touched = Self::update_many()
            .col_expr(Column::LastUsedAt, Expr::value(now))
            .filter(Column::Id.eq(id))
            .filter(COLUMN.last_used_at.lt(now - interval));
        touched.exec(db).await.map(|_| ())
    }

    /// Deletes all but the newest `keep` sessions of a user.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn delete_oldest(
        db: &impl ConnectionTrait,
        user_id: UserId,
        keep: u64,
    ) -> Result<(), DbErr> {
        let newest = Self::find().of_user(user_id).order_by_desc(Column::Id).limit(keep);
        let newest = newest.select_only().column(Column::Id).into_query();
        let oldest = Self::delete_many().of_user(user_id);
        let oldest = oldest.filter(Column::Id.not_in_subquery(newest));
        oldest.exec(db).await.map(|_| ())
    }

    /// Deletes up to `limit` expired sessions (see [`Scopes::expired`]); returns how many.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn purge(
        db: &impl ConnectionTrait,
        now: DateTimeUtc,
        used_after: DateTimeUtc,
        limit: u64,
    ) -> Result<u64, DbErr> {
        let expired = Self::find().expired(now, used_after).limit(limit);
        let expired = expired.select_only().column(Column::Id).into_query();
        let purged = Self::delete_many().filter(Column::Id.in_subquery(expired));
        Ok(purged.exec(db).await?.rows_affected)
    }
}

impl Model {
    /// Whether the session has not expired at `now` and was used after `used_after`, like
    /// [`Scopes::live`].
    pub fn is_live(&self, now: DateTimeUtc, used_after: DateTimeUtc) -> bool {
        self.expires_at > now && self.last_used_at > used_after
    }

    /// Whether this is a session of the user.
    pub fn is_of(&self, user_id: UserId) -> bool {
        self.user_id == user_id
    }
}

impl ActiveModel {
    /// A new session, used for the first time now.
    pub fn new(
        user_id: UserId,
        token_hash: String,
        user_agent: Option<String>,
        now: DateTimeUtc,
        expires_at: DateTimeUtc,
    ) -> Self {
        Self {
            id: NotSet,
            user_id: Set(user_id),
            token_hash: Set(token_hash),
            user_agent: Set(user_agent),
            created_at: Set(now),
            last_used_at: Set(now),
            expires_at: Set(expires_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_lives_until_it_expires_or_is_idle_for_too_long() {
        let start = DateTimeUtc::UNIX_EPOCH;
        let at = |minutes| start + TimeDelta::minutes(minutes);
        let [id, user] = [1, 2];
        let session = Model {
            id: id.try_into().unwrap(),
            user_id: user.try_into().unwrap(),
            token_hash: String::new(),
            user_agent: None,
            created_at: start,
            last_used_at: at(10),
            expires_at: at(30),
        };
        assert!(session.is_live(at(29), at(9)));
        assert!(!session.is_live(at(30), at(9)), "expired");
        assert!(!session.is_live(at(29), at(10)), "idle for too long");
        assert!(session.is_of(2.try_into().unwrap()) && !session.is_of(1.try_into().unwrap()));
    }
}
