//! Idempotency keys: the answers that repetitions of a request get again. Keys and requests are only kept
//! as keyed hashes.

use sea_orm::{
    ActiveValue::{NotSet, Set},
    DbBackend, DeleteMany, QuerySelect, QueryTrait, Select, Statement,
    entity::prelude::*,
};

use crate::{IdempotencyKeyId, UserId};

/// A row of `idempotency_keys`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_keys")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: IdempotencyKeyId,
    #[sea_orm(unique_key = "key_of_user")]
    pub user_id: UserId,
    #[sea_orm(unique_key = "key_of_user")]
    pub key_hash: String,
    pub request_hash: String,
    pub answer: String,
    pub created_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<super::user::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// Numbers that stand for a request with a key, and for the key alone.
#[derive(Clone, Copy, Debug)]
pub struct LockNumbers {
    pub request: i64,
    pub key: i64,
}

/// Who else is using a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Nobody: the transaction has it.
    None,
    /// A transaction for the same request.
    SameRequest,
    /// A transaction for another request.
    OtherRequest,
}

/// Named conditions on idempotency keys, which chain and combine with AND.
pub trait Scopes: QueryFilter + Sized {
    /// Keys of this user.
    fn of_user(self, user_id: UserId) -> Self {
        self.filter(Column::UserId.eq(user_id))
    }

    /// The key with this hash.
    fn with_hash(self, key_hash: &str) -> Self {
        self.filter(COLUMN.key_hash.eq(key_hash))
    }

    /// Keys from this time or before.
    fn made_until(self, time: DateTimeUtc) -> Self {
        self.filter(COLUMN.created_at.lte(time))
    }
}

impl Scopes for Select<Entity> {}
impl Scopes for DeleteMany<Entity> {}

impl Entity {
    /// Takes the key until the end of the transaction, unless another transaction has it. Never waits. On
    /// SQLite there is no other: a transaction that writes is alone.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn try_lock(
        db: &impl ConnectionTrait,
        LockNumbers { request, key }: LockNumbers,
    ) -> Result<Holder, DbErr> {
        const SAME_REQUEST: i32 = 1;
        const OTHER_REQUEST: i32 = 2;
        // The request is locked first: whoever has the key has its request too.
        let sql = "SELECT CASE WHEN NOT pg_try_advisory_xact_lock($1) THEN 1 \
                   WHEN NOT pg_try_advisory_xact_lock($2) THEN 2 ELSE 0 END";
        if db.get_database_backend() != DbBackend::Postgres {
            return Ok(Holder::None);
        }
        let values = [request.into(), key.into()];
        let lock = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
        let row = db.query_one_raw(lock).await?;
        Ok(match row.map(|row| row.try_get_by_index(0)).transpose()? {
            Some(SAME_REQUEST) => Holder::SameRequest,
            Some(OTHER_REQUEST) => Holder::OtherRequest,
            _ => Holder::None,
        })
    }

    /// Deletes up to `limit` keys from `until` or before; returns how many.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn purge(
        db: &impl ConnectionTrait,
        until: DateTimeUtc,
        limit: u64,
    ) -> Result<u64, DbErr> {
        Self::delete_some(db, Self::find().made_until(until), limit).await
    }

    /// Deletes up to `limit` keys of the user; returns how many.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn delete_some_of(
        db: &impl ConnectionTrait,
        user_id: UserId,
        limit: u64,
    ) -> Result<u64, DbErr> {
        Self::delete_some(db, Self::find().of_user(user_id), limit).await
    }

    async fn delete_some(
        db: &impl ConnectionTrait,
        keys: Select<Self>,
        limit: u64,
    ) -> Result<u64, DbErr> {
        let some = keys.select_only().column(Column::Id).limit(limit).into_query();
        let deleted = Self::delete_many().filter(Column::Id.in_subquery(some));
        Ok(deleted.exec(db).await?.rows_affected)
    }
}

impl ActiveModel {
    /// A key that is used for the first time.
    pub fn new(
        user_id: UserId,
        key_hash: String,
        request_hash: String,
        answer: String,
        now: DateTimeUtc,
    ) -> Self {
        Self {
            id: NotSet,
            user_id: Set(user_id),
            key_hash: Set(key_hash),
            request_hash: Set(request_hash),
            answer: Set(answer),
            created_at: Set(now),
        }
    }
}
