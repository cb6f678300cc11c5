//! Several that migrate one database at once.

use migration::{Command, Migrator, MigratorTrait, apply, connect};
use testkit::TestDatabase;
use tokio::task::JoinSet;

use crate::applied;

async fn at_once(database: &TestDatabase, command: Command) {
    let mut processes = JoinSet::new();
    for _ in 0..8 {
        let url = database.url().to_owned();
        processes.spawn(async move {
            let connection = connect(&url, None).await?;
            apply(&connection, command).await?;
            connection.close().await
        });
    }
    for done in processes.join_all().await {
        done.unwrap();
    }
}

#[tokio::test]
async fn eight_that_go_up_together_all_succeed_and_each_migration_is_applied_once() {
    let database = TestDatabase::empty().await;
    for _ in 0..3 {
        at_once(&database, Command::Up { num: None }).await;
        let all = Migrator::migrations().len();
        assert_eq!(applied(&database).await.len(), all);
        let rows = database.number("SELECT COUNT(*) FROM seaql_migrations").await;
        assert_eq!(usize::try_from(rows), Ok(all));
        at_once(&database, Command::Down { num: 1 }).await;
        assert_eq!(applied(&database).await.len(), 0);
    }
}

#[tokio::test]
async fn fresh_and_refresh_take_turns() {
    let database = TestDatabase::migrated().await;
    let newest = database.schema().await;
    for command in [Command::Fresh, Command::Refresh] {
        at_once(&database, command).await;
        assert_eq!(database.schema().await, newest);
    }
}
