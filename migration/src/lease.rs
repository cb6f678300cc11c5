//! A lock that does not end with a transaction: a row that its holder renews, on a connection apart from the one
//! that migrates.

use std::time::Duration;

use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement,
};
use tokio::time::{Instant, interval, timeout_at};

use crate::{MigrationError, database_code};

/// The table, which has at most one row.
pub(crate) const TABLE: &str = "migration_lease";

/// How long the lock stays taken after its holder dies. It is renewed six times in that time, and the holder stops when
/// a sixth of it is left, so that what it has sent is done by the end.
const LENGTH: Duration = Duration::from_secs(30);

/// The lock, once it is taken.
#[derive(Debug)]
pub(crate) struct Lease {
    db: DatabaseConnection,
    holder: String,
    length: Duration,
    /// When the work has to stop unless the lease is renewed.
    deadline: Instant,
}

impl Lease {
    /// Takes the lock if nobody has it.
    ///
    /// # Errors
    /// If the database fails.
    pub(crate) async fn try_acquire(db: &DatabaseConnection) -> Result<Option<Self>, DbErr> {
        Self::try_acquire_for(db, LENGTH).await
    }

    async fn try_acquire_for(
        db: &DatabaseConnection,
        length: Duration,
    ) -> Result<Option<Self>, DbErr> {
        let deadline = deadline(length);
        let holder = match take(db, length).await {
            Err(error) if is_lost_race(&error) => None,
            taken => taken?,
        };
        Ok(holder.map(|holder| Self { db: db.clone(), holder, length, deadline }))
    }

    /// Does this work while the lease is renewed, then ends the lease.
    ///
    /// # Errors
    /// Those of the work; [`MigrationError::LeaseLost`] if it was stopped.
    pub(crate) async fn hold<T>(
        mut self,
        work: impl Future<Output = Result<T, MigrationError>>,
    ) -> Result<T, MigrationError> {
        let done = tokio::select! {
            done = work => done,
            () = self.keep_renewing() => Err(MigrationError::LeaseLost),
        };
        if let Err(error) = self.end().await {
            let seconds = self.length.as_secs();
            log::warn!("the migration lock remains for up to {seconds} s: {error}");
        }
        done
    }

    /// Returns once the lease is lost, or can't be renewed in time.
    async fn keep_renewing(&mut self) {
        let renew =
            format!("UPDATE {TABLE} SET expires_at = {} WHERE holder = $1", end(self.length));
        let mut ticks = interval(self.length / 6);
        loop {
            ticks.tick().await;
            let deadline = deadline(self.length);
            let renewed = self.db.execute_raw(statement(&renew, &self.holder));
            match timeout_at(self.deadline, renewed).await {
                Ok(Ok(renewed)) if renewed.rows_affected() == 1 => self.deadline = deadline,
                Ok(Err(error)) if Instant::now() < self.deadline => {
                    log::warn!("can't renew the migration lock: {error}");
                }
                _ => return,
            }
        }
    }

    async fn end(&self) -> Result<(), DbErr> {
        let end = format!("DELETE FROM {TABLE} WHERE holder = $1");
        self.db.execute_raw(statement(&end, &self.holder)).await.map(|_| ())
    }
}

/// Returns the holder's name, which is new, unless another has the lock.
async fn take(db: &DatabaseConnection, length: Duration) -> Result<Option<String>, DbErr> {
    let create = format!(
        "CREATE TABLE IF NOT EXISTS {TABLE} \
         (id integer PRIMARY KEY, holder text NOT NULL, expires_at timestamptz NOT NULL)"
    );
    let take = format!(
        "INSERT INTO {TABLE} (id, holder, expires_at) VALUES (1, gen_random_uuid()::text, {}) \
         ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at \
         WHERE {TABLE}.expires_at < now() RETURNING holder",
        end(length)
    );
    db.execute_unprepared(&create).await?;
    let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, take)).await?;
    row.map(|row| row.try_get_by_index(0)).transpose()
}

/// When a lease that is taken or renewed now ends, by the clock of the database.
fn end(length: Duration) -> String {
    format!("now() + INTERVAL '{} milliseconds'", length.as_millis())
}

/// When the holder of a lease that is taken or renewed after this has to stop.
fn deadline(length: Duration) -> Instant {
    Instant::now() + length * 5 / 6
}

fn statement(sql: &str, holder: &str) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, [holder.into()])
}

/// `IF NOT EXISTS` first checks and then creates: in between, another process may create the table, its row type or
/// its row. Where transactions are serializable, one of two that write a row is rolled back.
fn is_lost_race(error: &DbErr) -> bool {
    const UNIQUE_VIOLATION: &str = "23505";
    const DUPLICATE_TABLE: &str = "42P07";
    const DUPLICATE_OBJECT: &str = "42710";
    const SERIALIZATION_FAILURE: &str = "40001";
    matches!(
        database_code(error).as_deref(),
        Some(UNIQUE_VIOLATION | DUPLICATE_TABLE | DUPLICATE_OBJECT | SERIALIZATION_FAILURE)
    )
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use testkit::TestDatabase;

    use super::*;
    use crate::connect;

    const SHORT: Duration = Duration::from_millis(600);

    /// Nothing on SQLite, which has a lock of its own.
    async fn database() -> Option<(TestDatabase, DatabaseConnection)> {
        let database = TestDatabase::empty().await;
        let db = connect(database.url(), None).await.unwrap();
        database.is_postgres().then_some((database, db))
    }

    #[tokio::test]
    async fn a_lease_is_held_for_longer_than_it_lasts_and_ends_with_the_work() {
        let Some((_database, db)) = database().await else { return };
        let lease = Lease::try_acquire_for(&db, SHORT).await.unwrap().unwrap();
        let work = async {
            tokio::time::sleep(SHORT * 2).await;
            Ok(Lease::try_acquire(&db).await?.is_some())
        };
        assert!(!lease.hold(work).await.unwrap());
        assert!(Lease::try_acquire(&db).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn a_lease_that_nobody_renews_ends() {
        let Some((_database, db)) = database().await else { return };
        drop(Lease::try_acquire_for(&db, SHORT).await.unwrap().unwrap());
        assert!(Lease::try_acquire(&db).await.unwrap().is_none());
        tokio::time::sleep(SHORT).await;
        assert!(Lease::try_acquire(&db).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn work_stops_when_its_lease_is_lost_or_cant_be_renewed() {
        let Some((database, db)) = database().await else { return };
        for change in [
            "UPDATE migration_lease SET holder = 'another'",
            "ALTER TABLE migration_lease RENAME TO lost",
        ] {
            let lease = Lease::try_acquire_for(&db, SHORT).await.unwrap().unwrap();
            let work = async {
                database.execute(change).await;
                pending().await
            };
            let stopped: Result<(), _> = lease.hold(work).await;
            assert!(matches!(stopped, Err(MigrationError::LeaseLost)), "{change}");
            database.execute("DROP TABLE IF EXISTS migration_lease").await;
        }
    }
}
