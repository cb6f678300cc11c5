//! Migrations on a server that only resembles PostgreSQL and commits before each change of the schema.

use futures_util::future::join_all;
use migration::{Command, Lock, MigrationError, apply, connect, plan};
use testkit::{FaultProxy, TestDatabase};

use crate::applied;

const ALL_UP: Command = Command::Up { num: None };

/// An empty database, behind a proxy. Nothing on SQLite.
async fn start() -> Option<(TestDatabase, FaultProxy)> {
    let database = TestDatabase::empty().await;
    let is_postgres = database.is_postgres();
    let proxy = is_postgres.then(|| FaultProxy::start_as_lookalike(database.url()));
    proxy.map(|proxy| (database, proxy))
}

/// Changes the schema on a new connection.
async fn migrate(proxy: &FaultProxy, command: Command) -> Result<(), MigrationError> {
    let connection = connect(proxy.url(), None).await?;
    let done = apply(&connection, Lock::default(), command).await;
    connection.close().await?;
    done
}

/// The schema without the table of the lock.
async fn schema(database: &TestDatabase) -> Vec<String> {
    let all = database.schema().await.into_iter();
    all.filter(|line| !line.contains("migration_lease")).collect()
}

#[tokio::test]
async fn of_several_processes_one_applies_each_migration() {
    let Some((database, proxy)) = start().await else { return };
    let processes = (0..4).map(|_| migrate(&proxy, ALL_UP));
    for done in join_all(processes).await {
        done.unwrap();
    }
    assert_eq!(applied(&database).await, testkit::migrations());
    assert_eq!(schema(&database).await, TestDatabase::migrated().await.schema().await);
    assert_eq!(database.number("SELECT COUNT(*) FROM migration_lease").await, 0);
    migrate(&proxy, Command::Down { num: 1 }).await.unwrap();
    migrate(&proxy, Command::Fresh).await.unwrap();
    assert_eq!(applied(&database).await, testkit::migrations());
}

#[tokio::test]
async fn a_migration_that_fails_keeps_those_before_it_and_names_the_server() {
    let Some((database, proxy)) = start().await else { return };
    database.execute("CREATE TABLE memberships (id bigint)").await;
    let failed = migrate(&proxy, ALL_UP).await.unwrap_err();
    let told = failed.to_string();
    for part in
        ["already exists", "; on this server (CockroachDB) a part of it may have taken effect"]
    {
        assert!(told.contains(part), "{told}");
    }
    assert_eq!(applied(&database).await, testkit::migrations()[..2]);
    assert_eq!(database.number("SELECT COUNT(*) FROM migration_lease").await, 0);
    database.execute("DROP TABLE memberships; DROP TABLE teams").await;
    migrate(&proxy, ALL_UP).await.unwrap();
}

#[tokio::test]
async fn nothing_is_tried_out() {
    let Some((database, proxy)) = start().await else { return };
    let connection = connect(proxy.url(), None).await.unwrap();
    let refused = plan(connection, Lock::default(), ALL_UP).await.unwrap_err();
    assert!(matches!(refused, MigrationError::NoRollback("CockroachDB")), "{refused}");
    assert_eq!(applied(&database).await, [""; 0]);
}
