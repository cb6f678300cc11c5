use sea_orm::{EntityTrait, QuerySelect, Select, sea_query::LockType};

/// PostgreSQL's row locks, held until the end of the transaction. On SQLite they do nothing: a
/// transaction that writes is alone there.
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
        self.lock(LockType::Update)
    }

    fn for_no_key_update(self) -> Self {
        self.lock(LockType::NoKeyUpdate)
    }

    fn for_share(self) -> Self {
        self.lock(LockType::Share)
    }

    fn for_key_share(self) -> Self {
        self.lock(LockType::KeyShare)
    }
}
