//! The schema after each step.

use migration::{Command, Lock, MigrationError, Migrator, MigratorTrait, apply, connect};
use testkit::TestDatabase;

use crate::{applied, migrate};

const UP: Command = Command::Up { num: Some(1) };
const DOWN: Command = Command::Down { num: 1 };
const ALL_UP: Command = Command::Up { num: None };

/// `MigratorTrait` applies in the order of the list, not of the names.
#[test]
fn the_list_is_sorted_by_name_and_names_are_unique() {
    let names = testkit::migrations();
    assert!(names.is_sorted_by(|earlier, later| earlier < later), "{names:?}");
}

#[tokio::test]
async fn down_one_by_one_and_up_again_gives_the_same_schema_at_each_step() {
    let database = TestDatabase::empty().await;
    migrate(&database, Command::Up { num: Some(0) }).await;
    let mut on_the_way_up = vec![database.schema().await];
    while applied(&database).await.len() < Migrator::migrations().len() {
        migrate(&database, UP).await;
        on_the_way_up.push(database.schema().await);
    }
    for levels in on_the_way_up.windows(2) {
        assert_ne!(levels[0], levels[1], "a migration that changes nothing");
    }
    for level in on_the_way_up.iter().rev().skip(1) {
        migrate(&database, DOWN).await;
        assert_eq!(&database.schema().await, level);
    }
    for level in on_the_way_up.iter().skip(1) {
        migrate(&database, UP).await;
        assert_eq!(&database.schema().await, level);
    }
}

#[tokio::test]
async fn fresh_refresh_and_reset_end_in_the_right_state() {
    let database = TestDatabase::empty().await;
    assert_eq!(database.schema().await, Vec::<String>::new());
    migrate(&database, ALL_UP).await;
    let newest = database.schema().await;
    for command in [Command::Fresh, Command::Refresh] {
        migrate(&database, command).await;
        assert_eq!(database.schema().await, newest, "{command:?}");
    }
    migrate(&database, Command::Reset).await;
    assert_eq!(database.schema().await, Vec::<String>::new());
    migrate(&database, Command::Down { num: 99 }).await;
}

#[tokio::test]
async fn constraints_and_indexes_have_names() {
    let schema = TestDatabase::migrated().await.schema().await.join("\n");
    for name in [
        "uq_users_username",
        "uq_teams_name",
        "uq_memberships_user_id_team_id",
        "uq_user_notes_user_id_note_id",
        "uq_sessions_token_hash",
        "idx_notes_user_id_id",
        "idx_memberships_team_id_id",
        "idx_user_notes_user_id_id",
        "idx_user_notes_note_id_id",
        "idx_sessions_user_id_id",
    ] {
        assert!(schema.contains(name), "{name} is missing in\n{schema}");
    }
}

#[tokio::test]
async fn a_plan_lists_the_statements_and_changes_nothing() {
    let database = TestDatabase::empty().await;
    let plan = async |command| {
        let connection = connect(database.url(), None).await.unwrap();
        migration::plan(connection, Lock::default(), command).await.unwrap()
    };
    let up = plan(ALL_UP).await;
    assert!(up[0].starts_with(r#"CREATE TABLE "users""#), "{up:#?}");
    assert!(up.iter().all(|sql| !sql.contains("seaql_migrations") && !sql.starts_with("SELECT")));
    assert_eq!(database.schema().await, Vec::<String>::new());
    migrate(&database, ALL_UP).await;
    let newest = database.schema().await;
    let down = plan(Command::Down { num: 2 }).await;
    assert_eq!(down.last().unwrap(), r#"ALTER TABLE "memberships" DROP COLUMN "role""#);
    assert_eq!(plan(ALL_UP).await, Vec::<String>::new());
    assert_eq!(database.schema().await, newest);
}

#[tokio::test]
async fn a_newer_schema_is_named() {
    let database = TestDatabase::migrated().await;
    database.execute("INSERT INTO seaql_migrations VALUES ('m29990101_000000_newer', 0)").await;
    let connection = connect(database.url(), None).await.unwrap();
    let refused = apply(&connection, Lock::default(), ALL_UP).await.unwrap_err();
    let MigrationError::Newer(names) = refused else { panic!("{refused}") };
    assert_eq!(names, ["m29990101_000000_newer"]);
}

#[tokio::test]
async fn asking_for_the_status_changes_nothing() {
    let database = TestDatabase::empty().await;
    assert_eq!(applied(&database).await, Vec::<String>::new());
    assert_eq!(database.schema().await, Vec::<String>::new());
}
