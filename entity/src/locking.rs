use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryTrait, Select, Statement,
    sea_query::LockType,
};

use crate::user;

/// The advisory lock of transactions that create the first admin.
const FIRST_ADMIN: i64 = 8_112_210;

/// PostgreSQL's row locks, held until the end of the transaction. They are on the rows of the entity, not on
/// those of tables that are joined with it. On SQLite they do nothing: a transaction that writes is alone there.
///
/// Transactions that take several locks take them in this order, so that they can't deadlock: teams
/// by id, then users by id, then everything else. What a lock conflicts with:
/// <https://www.postgresql.org/docs/15/explicit-locking.html#LOCKING-ROWS>
pub trait Locking {
    /// The rows are going to be deleted, or nothing new may refer to them.
    fn for_update(self) -> Self;
    /// The rows are going to be changed.
    fn for_no_key_update(self) -> Self;
    /// The rows must stay as they are.
    fn for_share(self) -> Self;
    /// The rows must not be deleted.
    fn for_key_share(self) -> Self;
}

impl<E: EntityTrait> Locking for Select<E> {
    fn for_update(self) -> Self {
        locked(self, LockType::Update)
    }

    fn for_no_key_update(self) -> Self {
        locked(self, LockType::NoKeyUpdate)
    }

    fn for_share(self) -> Self {
        locked(self, LockType::Share)
    }

    fn for_key_share(self) -> Self {
        locked(self, LockType::KeyShare)
    }
}

fn locked<E: EntityTrait>(mut rows: Select<E>, lock: LockType) -> Select<E> {
    QueryTrait::query(&mut rows).lock_with_tables(lock, [E::default().table_ref()]);
    rows
}

impl user::Entity {
    /// Makes transactions that create the first admin wait for each other: until there is one, no row can be locked. On
    /// SQLite they wait in any case.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn lock_first_admin(db: &impl ConnectionTrait) -> Result<(), DbErr> {
        if db.get_database_backend() == DbBackend::Postgres {
            let lock = "SELECT pg_advisory_xact_lock($1)";
            let values = [FIRST_ADMIN.into()];
            db.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, lock, values))
                .await?;
        }
        Ok(())
    }
}
