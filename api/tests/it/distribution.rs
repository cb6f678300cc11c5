//! What databases that distribute tables over several nodes, as Citus does, require of statements; shown on plain
//! PostgreSQL.

use std::collections::BTreeSet;

use reqwest::Method;
use testkit::{TestApp, TestDatabase};

use crate::{
    permissions::{self, Row},
    world::World,
};

/// The beginnings of all correlated subqueries. Each refers to one column of the query around it.
const CORRELATED: [&str; 2] = [
    // Whether a note is shared with a team of the reader. Shares are on the node of their note and memberships on all
    // nodes; looking for all notes that are shared with the reader's teams first made pages slower.
    r#"EXISTS(SELECT COUNT(*) FROM "note_teams""#,
    // The oldest of the newest rows of each user of a page. The alternatives read all rows of these users.
    r#"COALESCE((SELECT "newest"."id" FROM"#,
];

/// Rejects changes of users after changes of sessions, which refer to them, in one transaction.
const USERS_BEFORE_SESSIONS: &str = "
    CREATE FUNCTION remember() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM set_config('test.changed', 'sessions', true); RETURN NULL; END $$;
    CREATE TRIGGER remember AFTER INSERT OR UPDATE OR DELETE ON sessions EXECUTE FUNCTION remember();
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN
        IF current_setting('test.changed', true) = 'sessions' THEN RAISE 'users are changed after sessions'; END IF;
        RETURN NULL;
      END $$;
    CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON users EXECUTE FUNCTION refuse()";

/// Lists with more conditions than the table of permissions has.
const MORE_LISTS: [&str; 8] = [
    "/api/notes?search=written&important=false&include=teams&sort=-date&count=exact",
    "/api/users?with_notes=0&name=%25o%25&count=exact",
    "/api/users?sort=name",
    "/api/users?include=",
    "/api/users/author?teams=true&read=true",
    "/api/users/2?fields=id,username",
    "/api/teams?name=%25e%25&include=users",
    "/api/readinglists?read=false&sort=date&count=exact",
];

/// More rows than are deleted at once with their author.
const NOTES_OF_AUTHOR: &str = "
    INSERT INTO notes (content, content_folded, important, visibility, user_id, date, created_at, updated_at)
    SELECT 'Note', 'note', FALSE, 'public', 2, now(), now(), now() FROM generate_series(1, 600)";

async fn start() -> World {
    let world = World::start().await;
    world.app.database.execute(USERS_BEFORE_SESSIONS).await;
    world
}

/// Makes the calls of a row of the table that succeed: all that read, or the first that writes.
async fn call(row: &Row, world: &mut World, statements: &mut BTreeSet<String>) {
    let succeeds = |(_, status): &&(_, u16)| (200..300).contains(status);
    let writes = row.method != Method::GET;
    for (kind, status) in row.statuses.iter().filter(succeeds).take(if writes { 1 } else { 9 }) {
        if writes {
            *world = start().await;
        }
        world.app.statements();
        let answer = world.caller(kind).send(row.method.clone(), row.path, row.body.clone()).await;
        assert_eq!(answer.status, *status, "{} {}: {}", row.method, row.path, answer.text);
        statements.extend(world.app.statements());
    }
}

#[tokio::test]
async fn statements_of_all_routes_can_be_distributed() {
    let is_postgres = TestDatabase::empty().await.is_postgres();
    if !is_postgres {
        return;
    }
    let mut world = start().await;
    let mut statements = BTreeSet::new();
    for path in MORE_LISTS {
        world.caller("author").get(path).await.ok();
        let anonymous = world.caller("anonymous").get(path).await;
        match path.starts_with("/api/readinglists") {
            true => assert_eq!(anonymous.status, 401, "{path}: {}", anonymous.text),
            false => assert_eq!(anonymous.status, 200, "{path}: {}", anonymous.text),
        }
    }
    statements.extend(world.app.statements());
    let (reads, writes): (Vec<_>, Vec<_>) =
        permissions::rows().into_iter().partition(|row| row.method == Method::GET);
    for row in reads.iter().chain(&writes) {
        Box::pin(call(row, &mut world, &mut statements)).await;
    }
    let setup =
        permissions::rows().into_iter().find(|row| row.body.is_some() && row.path == "/api/setup");
    let app = TestApp::start_with(|settings| settings.first_admin = None).await;
    let new = setup.unwrap().body.unwrap();
    app.anonymous().post("/api/setup", new).await.created();
    statements.extend(app.statements());

    let world = start().await;
    world.app.statements();
    world.app.database.execute(NOTES_OF_AUTHOR).await;
    world.caller("admin").delete("/api/users/author").await.no_content();
    statements.extend(world.app.statements());

    let mut found = BTreeSet::new();
    // What the doctor asks of the server itself reads catalogs, which every node has.
    let is_of_server =
        |sql: &str| sql.starts_with("SET ") || sql.starts_with("SHOW ") || sql.contains(" pg_");
    for sql in statements.iter().filter(|sql| !is_of_server(sql)) {
        let known = CORRELATED.map(|text| sql.matches(text).count());
        found.extend(CORRELATED.iter().filter(|text| sql.contains(**text)));
        let correlated = world.app.database.outer_columns(sql).await;
        assert_eq!(correlated, known.iter().sum::<usize>(), "correlated subqueries in {sql}");
    }
    assert_eq!(found, BTreeSet::from_iter(&CORRELATED), "an exception that is no longer needed");
}
