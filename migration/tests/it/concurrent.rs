//! Concurrent migrations of one database.

use std::time::Duration;

use migration::{Command, Lock, LockKind, MigrationError, Migrator, MigratorTrait, apply, connect};
use testkit::TestDatabase;
use tokio::task::JoinSet;

use crate::applied;

async fn at_once(database: &TestDatabase, kind: LockKind, command: Command) {
    let lock = Lock { kind, ..Lock::default() };
    let mut processes = JoinSet::new();
    for _ in 0..8 {
        let url = database.url().to_owned();
        processes.spawn(async move {
            let connection = connect(&url, None).await?;
            apply(&connection, lock, command).await?;
            connection.close().await.map_err(MigrationError::from)
        });
    }
    for done in processes.join_all().await {
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
    for kind in [LockKind::Auto, LockKind::Table] {
        let database = TestDatabase::empty().await;
        let lock = Lock { kind, timeout: Duration::from_millis(300) };
        let holder = connect(database.url(), None).await.unwrap();
        let held = lock.acquire(&holder).await.unwrap();
        let waiting = connect(database.url(), None).await.unwrap();
        let refused = apply(&waiting, lock, Command::Up { num: None }).await.unwrap_err();
        assert!(matches!(refused, MigrationError::Locked(_)), "{refused}");
        held.rollback().await.unwrap();
        apply(&waiting, lock, Command::Up { num: None }).await.unwrap();
    }
}
