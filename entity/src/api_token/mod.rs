//! API tokens: what scripts and bots authenticate with. A token is accepted while its row exists.

mod scope;

use chrono::TimeDelta;
use sea_orm::{
    ActiveValue::{NotSet, Set},
    DeleteMany, QuerySelect, Select,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait, JoinType, LockType},
};

pub use self::scope::{Scope, ScopeList, UnknownScope};
use crate::{ApiTokenId, UserId, user};

/// A row of `api_tokens`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_tokens")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: ApiTokenId,
    pub user_id: UserId,
    /// What the user calls it.
    pub name: String,
    /// The SHA-256 of the token, in hexadecimal.
    #[sea_orm(unique)]
    pub token_hash: String,
    /// What the token allows.
    pub scopes: ScopeList,
    pub created_at: DateTimeUtc,
    /// `None` until it is used.
    pub last_used_at: Option<DateTimeUtc>,
    /// `None` if it does not expire.
    pub expires_at: Option<DateTimeUtc>,
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<super::user::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// An API token and its user. For [`Entity::find_with_user`] and [`Entity::find_unchanged`].
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct WithUser {
    #[sea_orm(nested)]
    pub token: Model,
    #[sea_orm(nested)]
    pub user: user::Model,
}

/// Named conditions on API tokens, which chain and combine with AND.
pub trait Scopes: QueryFilter + Sized {
    /// Tokens of this user.
    fn of_user(self, user_id: UserId) -> Self {
        self.filter(Column::UserId.eq(user_id))
    }

    /// The token with this id.
    fn with_id(self, id: ApiTokenId) -> Self {
        self.filter(Column::Id.eq(id))
    }
}

impl Scopes for Select<Entity> {}
impl Scopes for DeleteMany<Entity> {}

impl Entity {
    /// The token with this hash, joined with its user. For [`WithUser`].
    pub fn find_with_user(token_hash: &str) -> Select<Self> {
        Self::find()
            .join(JoinType::InnerJoin, Relation::User.def())
            .filter(COLUMN.token_hash.eq(token_hash))
    }

    /// The token of this user, both of which stay as they are until the end of the transaction. The user is
    /// locked before the token. For [`WithUser`].
    pub fn find_unchanged(user_id: UserId, id: ApiTokenId) -> Select<user::Entity> {
        user::Entity::find_by_id(user_id)
            .join(JoinType::InnerJoin, user::Relation::ApiToken.def())
            .filter(Column::Id.eq(id))
            .lock(LockType::Share)
    }

    /// Records that the token was used, unless a use was recorded less than `interval` ago.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn touch(
        db: &impl ConnectionTrait,
        id: ApiTokenId,
        now: DateTimeUtc,
        interval: TimeDelta,
    ) -> Result<(), DbErr> {
        let last_used_at = COLUMN.last_used_at;
        let touched = Self::update_many()
            .col_expr(Column::LastUsedAt, Expr::value(now))
            .filter(Column::Id.eq(id))
            .filter(last_used_at.is_null().or(last_used_at.lt(now - interval)));
        touched.exec(db).await.map(|_| ())
    }
}

impl Model {
    /// Whether the token has not expired at `now`.
    pub fn is_live(&self, now: DateTimeUtc) -> bool {
        self.expires_at.is_none_or(|expires_at| expires_at > now)
    }

    /// Whether this is a token of the user.
    pub fn is_of(&self, user_id: UserId) -> bool {
        self.user_id == user_id
    }
}

impl ActiveModel {
    /// A new token, not used yet.
    pub fn new(
        user_id: UserId,
        name: String,
        token_hash: String,
        scopes: ScopeList,
        now: DateTimeUtc,
        expires_at: Option<DateTimeUtc>,
    ) -> Self {
        Self {
            id: NotSet,
            user_id: Set(user_id),
            name: Set(name),
            token_hash: Set(token_hash),
            scopes: Set(scopes),
            created_at: Set(now),
            last_used_at: Set(None),
            expires_at: Set(expires_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_lives_until_it_expires_if_it_does() {
        let start = DateTimeUtc::UNIX_EPOCH;
        let at = |minutes| start + TimeDelta::minutes(minutes);
        let [id, user] = [1, 2];
        let mut token = Model {
            id: id.try_into().unwrap(),
            user_id: user.try_into().unwrap(),
            name: String::new(),
            token_hash: String::new(),
            scopes: "read".parse().unwrap(),
            created_at: start,
            last_used_at: None,
            expires_at: Some(at(30)),
        };
        assert!(token.is_live(at(29)) && !token.is_live(at(30)));
        token.expires_at = None;
        assert!(token.is_live(DateTimeUtc::MAX_UTC));
        assert!(token.is_of(2.try_into().unwrap()) && !token.is_of(1.try_into().unwrap()));
    }
}
