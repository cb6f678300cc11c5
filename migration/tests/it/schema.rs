//! The schema after each step.

use std::{collections::BTreeSet, time::Duration};

use migration::{
    Command, Lock, MigrationError, Migrator, MigratorTrait, Planned, apply, connect, lacking,
    schema::{self, TABLES},
    search,
};
use testkit::TestDatabase;

use crate::{applied, down_to_before, migrate};

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
        "uq_api_tokens_token_hash",
        "uq_invitations_token_hash",
        "idx_notes_user_id_id_visibility",
        "idx_note_counts_notes_user_id",
        "idx_memberships_team_id_id",
        "idx_user_notes_user_id_id",
        "idx_user_notes_note_id_id",
        "idx_sessions_user_id_id",
        "idx_api_tokens_user_id_id",
        "idx_notes_date_id",
        "idx_notes_created_at_id",
        "idx_notes_updated_at_id",
        "idx_users_created_at_id",
        "idx_users_username_id",
        "idx_users_name_folded_id",
        "idx_teams_name_folded_id",
        "uq_note_teams_note_id_team_id",
        "idx_note_teams_team_id_note_id",
        "idx_notes_user_id_id_not_public",
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
    assert!(up[0].statements[0].starts_with(r#"CREATE TABLE "users""#), "{up:#?}");
    let names: Vec<_> = up.iter().filter_map(|step| step.migration.clone()).collect();
    assert_eq!(names, testkit::migrations());
    let statements: Vec<&String> = up.iter().flat_map(|step| &step.statements).collect();
    let is_ours = |sql: &&String| !sql.contains("seaql_migrations") && !sql.starts_with("SELECT");
    assert!(statements.iter().all(is_ours), "{statements:#?}");
    assert_eq!(database.schema().await, Vec::<String>::new());

    migrate(&database, ALL_UP).await;
    let newest = database.schema().await;
    let down = plan(down_to_before("m20211209_000006")).await;
    let Planned { migration, statements } = down.last().unwrap();
    assert_eq!(migration.as_deref(), Some("m20211209_000006_add_role_to_memberships"));
    assert_eq!(statements, &[r#"ALTER TABLE "memberships" DROP COLUMN "role""#]);
    assert_eq!(plan(ALL_UP).await, []);
    let fresh = plan(Command::Fresh).await;
    assert_eq!(fresh[0].migration, None);
    assert_eq!(fresh[0].statements.last().unwrap(), r#"DROP TABLE IF EXISTS "users""#);
    let without_extension = |steps: &[Planned]| -> Vec<Planned> {
        let mut steps = steps.to_vec();
        for step in &mut steps {
            step.statements.retain(|sql| !sql.contains("EXTENSION"));
        }
        steps
    };
    assert_eq!(without_extension(&fresh[1..]), without_extension(&up));
    assert_eq!(database.schema().await, newest);
}

#[tokio::test]
async fn the_tables_are_listed() {
    let database = TestDatabase::migrated().await;
    let found: BTreeSet<String> =
        database.columns().await.into_iter().map(|(table, _)| table).collect();
    let listed = TABLES.iter().chain(&["seaql_migrations"]).map(ToString::to_string);
    assert_eq!(found, listed.collect());
}

#[tokio::test]
async fn fresh_drops_the_tables_of_the_service_and_nothing_else() {
    let database = TestDatabase::migrated().await;
    let newest = database.schema().await;
    database.execute("CREATE TABLE of_others (id int); INSERT INTO of_others VALUES (7)").await;
    database.execute("CREATE VIEW of_others_too AS SELECT id FROM of_others").await;
    if database.is_postgres() {
        database.execute("CREATE EXTENSION pg_stat_statements").await;
        database.execute("CREATE TYPE mood AS ENUM ('fine')").await;
    }
    database.execute("INSERT INTO teams (name) VALUES ('Operations')").await;
    migrate(&database, Command::Fresh).await;
    assert_eq!(database.number("SELECT COUNT(*) FROM teams").await, 0);
    assert_eq!(database.number("SELECT CAST(id AS bigint) FROM of_others_too").await, 7);
    if database.is_postgres() {
        let kept = "SELECT COUNT(*) FROM pg_extension WHERE extname = 'pg_stat_statements'";
        assert_eq!(database.number(kept).await, 1);
        assert_eq!(database.number("SELECT COUNT(*) FROM pg_type WHERE typname = 'mood'").await, 1);
    }
    let now = database.schema().await;
    assert!(newest.iter().all(|object| now.contains(object)), "{now:#?}");
}

#[tokio::test]
async fn the_extension_for_search_is_dropped_by_whom_it_was_made() {
    let database = TestDatabase::migrated().await;
    if !database.is_postgres() {
        return;
    }
    let extensions = "SELECT COUNT(*) FROM pg_extension WHERE extname = 'pg_trgm'";
    let down = down_to_before("m20211209_000018");
    migrate(&database, down).await;
    assert_eq!(database.number(extensions).await, 0);
    database.execute("CREATE SCHEMA tools; CREATE EXTENSION pg_trgm SCHEMA tools").await;
    migrate(&database, ALL_UP).await;
    let connection = connect(database.url(), None).await.unwrap();
    assert_eq!(search::missing(&connection).await.unwrap(), Vec::<String>::new());
    connection.close().await.unwrap();
    migrate(&database, down).await;
    assert_eq!(database.number(extensions).await, 1);

    database.execute("DROP EXTENSION pg_trgm").await;
    migrate(&database, ALL_UP).await;
    database.execute("CREATE TABLE of_others (name text)").await;
    database.execute("CREATE INDEX ON of_others USING gin (name gin_trgm_ops)").await;
    migrate(&database, down).await;
    assert_eq!(database.number(extensions).await, 1);
}

#[tokio::test]
async fn search_indexes_that_are_missing_are_made_again() {
    const ALL: [&str; 3] = [
        "idx_notes_content_folded_trigrams",
        "idx_users_name_folded_trigrams",
        "idx_teams_name_folded_trigrams",
    ];
    let database = TestDatabase::migrated().await;
    let newest = database.schema().await;
    database
        .execute("INSERT INTO teams (name, name_folded) VALUES ('Operations', 'operations')")
        .await;
    let missing = async || {
        let connection = connect(database.url(), None).await.unwrap();
        let missing = search::missing(&connection).await.unwrap();
        connection.close().await.unwrap();
        missing
    };
    let (losses, lost) = match database.is_postgres() {
        true => ("DROP EXTENSION pg_trgm CASCADE", &ALL[..]),
        false => {
            ("DROP TABLE notes_search; DROP TRIGGER teams_search_update", &[ALL[0], ALL[2]][..])
        }
    };
    assert_eq!(missing().await, Vec::<String>::new());
    database.execute(losses).await;
    assert_eq!(missing().await, lost);
    assert_eq!(search::make(database.url()).await.unwrap(), lost);
    assert_eq!(missing().await, Vec::<String>::new());
    assert_eq!(database.schema().await, newest);
    if !database.is_postgres() {
        let found = "SELECT COUNT(*) FROM teams_search WHERE teams_search MATCH '\"rat\"'";
        assert_eq!(database.number(found).await, 1);
    }
}

/// What a database lacks after these statements.
async fn missing_after(sql: &[&str]) -> Vec<String> {
    let database = TestDatabase::migrated().await;
    for sql in sql {
        database.execute(sql).await;
    }
    let connection = connect(database.url(), None).await.unwrap();
    let missing = schema::missing(&connection).await.unwrap();
    connection.close().await.unwrap();
    missing
}

#[tokio::test]
async fn each_part_of_the_schema_that_is_missing_is_named() {
    assert_eq!(missing_after(&[]).await, Vec::<String>::new());
    for (sql, missing) in [
        ("DROP TABLE user_notes", &["table user_notes"][..]),
        (
            "DROP INDEX idx_notes_user_id_id_visibility",
            &["index idx_notes_user_id_id_visibility (user_id, id, visibility) of notes"],
        ),
        (
            "DROP INDEX uq_users_username; CREATE INDEX uq_users_username ON users (username)",
            &["unique index uq_users_username (username) of users"],
        ),
        (
            "ALTER TABLE sessions RENAME COLUMN user_agent TO agent",
            &["column user_agent text of sessions"],
        ),
    ] {
        assert_eq!(missing_after(&[sql]).await, missing, "{sql}");
    }
}

#[tokio::test]
async fn a_part_of_the_schema_in_another_form_is_named() {
    let on_postgres = [
        ("ALTER TABLE users ALTER name DROP NOT NULL", "column name text not null of users"),
        (
            "ALTER TABLE user_notes ALTER read DROP DEFAULT, ALTER read TYPE text",
            "column read boolean not null of user_notes",
        ),
        ("ALTER TABLE sessions DROP CONSTRAINT sessions_pkey", "primary key (id) of sessions"),
        (
            "ALTER TABLE memberships DROP CONSTRAINT ck_memberships_role",
            "constraint ck_memberships_role of memberships",
        ),
        (
            "ALTER TABLE notes DROP CONSTRAINT fk_notes_user_id",
            "foreign key (user_id) to users on delete cascade of notes",
        ),
    ];
    let team = "DROP TABLE teams; CREATE TABLE teams";
    let rest = "; CREATE UNIQUE INDEX uq_teams_name ON teams (name); \
                CREATE INDEX idx_teams_name_folded_id ON teams (name_folded, id)";
    let on_sqlite = [
        (
            "(id integer PRIMARY KEY NOT NULL, name text, name_folded text NOT NULL, version bigint NOT NULL)",
            "column name text not null of teams",
        ),
        (
            "(id integer PRIMARY KEY NOT NULL, name blob NOT NULL, name_folded text NOT NULL, version bigint NOT NULL)",
            "column name text not null of teams",
        ),
        (
            "(id integer NOT NULL, name text NOT NULL, name_folded text NOT NULL, version bigint NOT NULL)",
            "primary key (id) of teams",
        ),
    ];
    if TestDatabase::empty().await.is_postgres() {
        for (sql, missing) in on_postgres {
            assert_eq!(missing_after(&[sql]).await, [missing], "{sql}");
        }
    } else {
        for (columns, missing) in on_sqlite {
            let sql = format!("{team} {columns}{rest}");
            assert_eq!(
                missing_after(&["PRAGMA foreign_keys = OFF", &sql]).await,
                [missing],
                "{sql}"
            );
        }
        let memberships = "DROP TABLE memberships; CREATE TABLE memberships (id integer PRIMARY KEY, user_id integer)";
        let missing = missing_after(&[memberships]).await;
        for part in
            ["constraint ck_memberships_role", "foreign key (user_id) to users on delete cascade"]
        {
            assert!(missing.contains(&format!("{part} of memberships")), "{missing:#?}");
        }
    }
}

#[tokio::test]
async fn a_schema_that_is_up_to_date_is_left_alone_without_the_lock() {
    let database = TestDatabase::migrated().await;
    let holder = connect(database.url(), None).await.unwrap();
    let held = Lock::default().acquire(&holder).await.unwrap();
    let connection = connect(database.url(), None).await.unwrap();
    let lock = Lock { timeout: Duration::from_millis(300), ..Lock::default() };
    apply(&connection, lock, ALL_UP).await.unwrap();
    let down = apply(&connection, lock, DOWN).await.unwrap_err();
    assert!(matches!(down, MigrationError::Locked(_)), "{down}");
    held.rollback().await.unwrap();
}

#[tokio::test]
async fn a_table_that_is_gone_is_noticed_with_one_statement() {
    let database = TestDatabase::migrated().await;
    let connection = connect(database.url(), None).await.unwrap();
    assert_eq!(lacking(&connection).await.unwrap(), Vec::<String>::new());
    database.execute("DROP TABLE user_notes").await;
    let told = lacking(&connection).await.unwrap_err();
    assert!(told.to_string().contains("has lost table user_notes"), "{told}");
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
