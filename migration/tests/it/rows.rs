//! What migrations do to rows.

use migration::{Command, Lock};
use testkit::TestDatabase;

use crate::{down_to_before, migrate};

const TIME: &str = "'2026-11-22T10:00:00+00:00'";

/// Two users, three notes, a team of both users, two marks, a session, an API token and an invitation.
async fn fill(database: &TestDatabase) {
    for sql in [
        format!(
            "INSERT INTO users (username, name, name_folded, admin, created_at, updated_at) \
             VALUES ('alice', 'ÄMMÄ Straße', 'ämmä strasse', true, {TIME}, {TIME}), ('bob', 'Bob', 'bob', false, {TIME}, {TIME})"
        ),
        format!(
            "INSERT INTO notes (content, content_folded, date, user_id, created_at, updated_at) VALUES \
             ('One', 'one', {TIME}, 1, {TIME}, {TIME}), ('TWO', 'two', {TIME}, 1, {TIME}, {TIME}), ('ΣΊΣΥΦΟΣ', 'σίσυφοσ', {TIME}, 2, {TIME}, {TIME})"
        ),
        "INSERT INTO teams (name, name_folded) VALUES ('Ops', 'ops')".to_owned(),
        format!(
            "INSERT INTO memberships (user_id, team_id, role, joined_at) VALUES (1, 1, 'owner', {TIME}), (2, 1, 'member', {TIME})"
        ),
        "INSERT INTO user_notes (user_id, note_id) VALUES (1, 3), (2, 1)".to_owned(),
        format!(
            "INSERT INTO sessions (user_id, token_hash, created_at, last_used_at, expires_at) VALUES (1, 'x', {TIME}, {TIME}, {TIME})"
        ),
        format!(
            "INSERT INTO api_tokens (user_id, name, token_hash, scopes, created_at) VALUES (1, 'Backup', 'x', 'read', {TIME})"
        ),
        format!(
            "INSERT INTO invitations (user_id, token_hash, created_at, expires_at) VALUES (1, 'x', {TIME}, {TIME})"
        ),
    ] {
        database.execute(&sql).await;
    }
}

/// How many rows each of these tables has.
async fn counts(database: &TestDatabase, tables: &[&str]) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in tables {
        counts.push(database.number(&format!("SELECT COUNT(*) FROM {table}")).await);
    }
    counts
}

#[tokio::test]
async fn rows_survive_as_long_as_their_table() {
    let database = TestDatabase::migrated().await;
    fill(&database).await;
    let tables = [
        "users",
        "notes",
        "teams",
        "memberships",
        "user_notes",
        "sessions",
        "api_tokens",
        "invitations",
    ];
    let rows = [2, 3, 1, 2, 2, 1, 1, 1];
    for name in testkit::migrations().iter().skip(1).rev() {
        migrate(&database, Command::Down { num: 1 }).await;
        // How many of the tables are left.
        let left = match &name[.."m20211209_000000".len()] {
            "m20211209_000001" | "m20211209_000002" => 2,
            "m20211209_000003" => 4,
            "m20211209_000004" => 5,
            name if name <= "m20211209_000020" => 6,
            name if name <= "m20211209_000023" => 7,
            _ => 8,
        };
        assert_eq!(counts(&database, &tables[..left]).await, rows[..left], "{name}");
    }
    migrate(&database, Command::Up { num: None }).await;
    assert_eq!(counts(&database, &tables).await, [2, 3, 0, 0, 0, 0, 0, 0]);
}

#[tokio::test]
async fn rows_from_before_the_search_columns_are_found() {
    let database = TestDatabase::migrated().await;
    fill(&database).await;
    migrate(&database, down_to_before("m20211209_000007")).await;
    migrate(&database, Command::Up { num: None }).await;
    for (table, column, folded) in [
        ("users", "name_folded", "ämmä strasse"),
        ("notes", "content_folded", "σίσυφοσ"),
        ("teams", "name_folded", "ops"),
    ] {
        let found = format!("SELECT COUNT(*) FROM {table} WHERE {column} = '{folded}'");
        assert_eq!(database.number(&found).await, 1, "{table}");
    }
}

#[tokio::test]
async fn notes_from_before_the_counts_are_counted() {
    let database = TestDatabase::migrated().await;
    fill(&database).await;
    migrate(&database, down_to_before("m20211209_000010")).await;
    migrate(&database, Command::Up { num: None }).await;
    let counts = "SELECT COUNT(*) FROM note_counts WHERE (user_id, notes) IN ((1, 2), (2, 1))";
    assert_eq!(database.number(counts).await, 2);
}

#[tokio::test]
async fn members_from_before_roles_are_plain_members_and_roles_are_checked() {
    let database = TestDatabase::migrated().await;
    fill(&database).await;
    migrate(&database, down_to_before("m20211209_000006")).await;
    migrate(&database, Command::Up { num: None }).await;
    let members = "SELECT COUNT(*) FROM memberships WHERE role = 'member'";
    assert_eq!(database.number(members).await, 2);
    assert!(database.try_execute("UPDATE memberships SET role = 'king'").await.is_err());
}

#[tokio::test]
async fn notes_from_before_visibility_are_public_and_other_values_are_rejected() {
    let database = TestDatabase::migrated().await;
    fill(&database).await;
    migrate(&database, down_to_before("m20211209_000021")).await;
    migrate(&database, Command::Up { num: None }).await;
    let public = "SELECT COUNT(*) FROM notes WHERE visibility = 'public'";
    assert_eq!(database.number(public).await, 3);
    assert!(database.try_execute("UPDATE notes SET visibility = 'secret'").await.is_err());
    assert!(database.try_execute("UPDATE notes SET visibility = NULL").await.is_err());
    database.execute("INSERT INTO note_teams (note_id, team_id) VALUES (1, 1)").await;
    let again = "INSERT INTO note_teams (note_id, team_id) VALUES (1, 1)";
    assert!(database.try_execute(again).await.is_err());
}

#[tokio::test]
async fn a_downgrade_does_not_publish_notes() {
    let down = down_to_before("m20211209_000021");
    for visibility in ["private", "team"] {
        let database = TestDatabase::migrated().await;
        fill(&database).await;
        let hide = format!("UPDATE notes SET visibility = '{visibility}' WHERE id = 2");
        database.execute(&hide).await;
        database.execute("INSERT INTO note_teams (note_id, team_id) VALUES (2, 1)").await;
        let before = database.schema().await;
        let connection = migration::connect(database.url(), None).await.unwrap();
        let refused = migration::apply(&connection, Lock::default(), down).await.unwrap_err();
        let told = refused.to_string();
        assert!(told.contains("notes that are not public: 1"), "{told}");
        assert!(told.contains("nothing was changed"), "{told}");
        assert_eq!(database.schema().await, before);
        database.execute("UPDATE notes SET visibility = 'public'").await;
        migration::apply(&connection, Lock::default(), down).await.unwrap();
        connection.close().await.unwrap();
        assert_eq!(counts(&database, &["notes"]).await, [3]);
        migrate(&database, Command::Up { num: None }).await;
        assert_eq!(database.schema().await, before);
    }
}

#[tokio::test]
async fn deleting_a_user_deletes_everything_of_theirs() {
    let database = TestDatabase::migrated().await;
    fill(&database).await;
    database.execute("DELETE FROM users WHERE username = 'alice'").await;
    let tables = [
        "users",
        "notes",
        "teams",
        "memberships",
        "user_notes",
        "sessions",
        "api_tokens",
        "invitations",
    ];
    assert_eq!(counts(&database, &tables).await, [1, 1, 1, 1, 0, 0, 0, 0]);
}

#[tokio::test]
async fn a_failing_migration_leaves_nothing_behind() {
    let database = TestDatabase::empty().await;
    migrate(&database, Command::Up { num: Some(1) }).await;
    // Makes the third migration fail.
    database.execute("CREATE TABLE memberships (id int)").await;
    let before = database.schema().await;
    let connection = migration::connect(database.url(), None).await.unwrap();
    let failed = migration::apply(&connection, Lock::default(), Command::Up { num: None }).await;
    let told = failed.unwrap_err().to_string();
    assert!(told.contains("m20211209_000002_add_teams_and_memberships"), "{told}");
    assert!(told.contains("nothing was changed"), "{told}");
    drop(connection);
    assert_eq!(database.schema().await, before);
    database.execute("DROP TABLE memberships").await;
    migrate(&database, Command::Up { num: None }).await;
}
