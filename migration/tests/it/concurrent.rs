//! Concurrent migrations of one database.

use std::time::Duration;

use futures_util::future::join_all;
use migration::{Command, Lock, LockKind, MigrationError, Migrator, MigratorTrait, apply, connect};
use testkit::TestDatabase;

use crate::applied;

async fn at_once(database: &TestDatabase, kind: LockKind, command: Command) {
    let lock = Lock { kind, ..Lock::default() };
    let processes = (0..8).map(async |_| {
        let connection = connect(database.url(), None).await?;
        apply(&connection, lock, command).await?;
        connection.close().await.map_err(MigrationError::from)
    });
    for done in join_all(processes).await {
        done.unwrap();
    }
}

#[tokio::test]
async fn eight_runs_of_up_all_succeed_and_apply_each_migration_once() {
    for kind in [LockKind::Auto, LockKind::Table] {
        up_and_down(&TestDatabase::empty().await, kind).await;
    }
}

async fn up_and_down(database: &TestDatabase, kind: LockKind) {
    for _ in 0..3 {
        at_once(database, kind, Command::Up { num: None }).await;
        let all = Migrator::migrations().len();
        assert_eq!(applied(database).await.len(), all);
        let rows = database.number("SELECT COUNT(*) FROM seaql_migrations").await;
        assert_eq!(usize::try_from(rows), Ok(all));
        // Together they revert more than there is.
        at_once(database, kind, Command::Down { num: 5 }).await;
        assert_eq!(applied(database).await.len(), 0);
    }
}

#[tokio::test]
async fn waiting_for_the_lock_times_out() {
    let database = TestDatabase::empty().await;
    let lock = Lock { timeout: Duration::from_millis(300), ..Lock::default() };
    let holder = connect(database.url(), None).await.unwrap();
    let held = lock.acquire(&holder).await.unwrap();
    let waiting = connect(database.url(), None).await.unwrap();
    let up = Command::Up { num: None };
    let refused = apply(&waiting, lock, up).await.unwrap_err();
    assert!(matches!(refused, MigrationError::Locked(_)), "{refused}");
    held.rollback().await.unwrap();
    apply(&waiting, lock, up).await.unwrap();
}

#[tokio::test]
async fn waiting_for_the_lease_times_out() {
    let database = TestDatabase::empty().await;
    if !database.is_postgres() {
        return;
    }
    let lock = Lock { kind: LockKind::Table, timeout: Duration::from_millis(300) };
    let db = connect(database.url(), None).await.unwrap();
    apply(&db, lock, Command::Up { num: Some(1) }).await.unwrap();
    database
        .execute("INSERT INTO migration_lease VALUES (1, 'another', now() + INTERVAL '1 hour')")
        .await;
    let refused = apply(&db, lock, Command::Up { num: None }).await.unwrap_err();
    assert!(matches!(refused, MigrationError::Locked(_)), "{refused}");
    database.execute("UPDATE migration_lease SET expires_at = now()").await;
    apply(&db, lock, Command::Up { num: None }).await.unwrap();
    assert_eq!(database.number("SELECT COUNT(*) FROM migration_lease").await, 0);
}
