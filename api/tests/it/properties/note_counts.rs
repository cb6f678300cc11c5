use futures_util::future::join_all;
use proptest::{arbitrary::any, collection::vec, prop_oneof, strategy::Strategy};
use serde_json::{Value, json};

use super::Lab;
use crate::world::World;

/// Users who write notes and delete them.
const WRITERS: [&str; 4] = ["author", "owner", "member", "other"];

#[derive(Clone, Copy, Debug)]
enum Step {
    Write { by: usize, is_public: bool },
    Change { by: usize, nth: usize, is_public: bool },
    DeleteOwn { by: usize, nth: usize },
    DeleteAsAdmin { nth: usize },
}

/// Steps that are taken at once, and those after them.
fn histories() -> impl Strategy<Value = Vec<Vec<Step>>> {
    let by = || 0..WRITERS.len();
    let step = prop_oneof![
        5 => (by(), any::<bool>()).prop_map(|(by, is_public)| Step::Write { by, is_public }),
        3 => (by(), 0..8_usize, any::<bool>())
            .prop_map(|(by, nth, is_public)| Step::Change { by, nth, is_public }),
        2 => (by(), 0..8_usize).prop_map(|(by, nth)| Step::DeleteOwn { by, nth }),
        2 => (0..8_usize).prop_map(|nth| Step::DeleteAsAdmin { nth }),
    ];
    vec(vec(step, 1..6), 1..5)
}

async fn take(world: &World, step: Step) {
    let (caller, path, nth) = match step {
        Step::Write { by, is_public } => {
            let note = json!({ "content": "Written", "visibility": visibility(is_public) });
            world.caller(WRITERS[by]).post("/api/notes", note).await.created();
            return;
        }
        Step::Change { by, nth, is_public } => {
            let caller = world.caller(WRITERS[by]);
            let notes = caller.get(&format!("/api/notes?user={}", caller.id)).await.ok();
            let Some(note) = notes.get(nth) else { return };
            let change = json!({ "visibility": visibility(is_public) });
            let changed = caller.put(&format!("/api/notes/{}", note["id"]), change).await;
            assert!(matches!(changed.status.as_u16(), 200 | 404), "{}", changed.text);
            return;
        }
        Step::DeleteOwn { by, nth } => {
            let caller = world.caller(WRITERS[by]);
            (caller, format!("/api/notes?user={}", caller.id), nth)
        }
        Step::DeleteAsAdmin { nth } => (world.caller("admin"), "/api/notes".to_owned(), nth),
    };
    let notes = caller.get(&path).await.ok();
    let Some(note) = notes.get(nth) else { return };
    let deleted = caller.delete(&format!("/api/notes/{}", note["id"])).await;
    // Another step may have deleted it first.
    assert!(matches!(deleted.status.as_u16(), 204 | 404), "{}", deleted.text);
}

fn visibility(is_public: bool) -> &'static str {
    if is_public { "public" } else { "private" }
}

/// The number of public notes by this user, counted.
async fn recounted(world: &World, user_id: &Value) -> i64 {
    let sql =
        format!("SELECT COUNT(*) FROM notes WHERE user_id = {user_id} AND visibility = 'public'");
    world.app.database.number(&sql).await
}

#[test]
fn kept_counts_are_those_of_a_recount() {
    Lab::start().try_on(24, histories(), async |world, history| {
        for steps in history {
            join_all(steps.into_iter().map(|step| take(world, step))).await;
        }
        let anyone = world.caller("anonymous");
        let users = anyone.get("/api/users").await.ok();
        for user in users.as_array().unwrap() {
            let (id, kept) = (&user["id"], user["note_count"].as_i64().unwrap());
            assert_eq!(kept, recounted(world, id).await, "{user}");
            let one = anyone.get(&format!("/api/users/{id}")).await.ok();
            assert_eq!(one["note_count"], kept);
            for (more_than, is_listed) in [(kept, false), (kept - 1, true)] {
                let list = anyone.get(&format!("/api/users?with_notes={}", more_than.max(0))).await;
                let list = list.ok();
                let listed = list.as_array().unwrap().iter().any(|listed| listed["id"] == *id);
                assert_eq!(listed, is_listed && kept > 0, "{more_than} {user}");
            }
        }
    });
}

#[tokio::test]
async fn one_user_writes_many_notes_at_once() {
    let world = World::start().await;
    join_all((0..40).map(|_| take(&world, Step::Write { by: 0, is_public: true }))).await;
    let author = world.caller("author");
    assert_eq!(author.get("/api/users/author").await.ok()["note_count"], 41);
}

#[tokio::test]
async fn writing_a_note_changes_neither_version_nor_time_of_its_author() {
    let world = World::start().await;
    let stored =
        "SELECT COUNT(*) FROM users WHERE id = 2 AND version = 1 AND updated_at = created_at";
    assert_eq!(world.app.database.number(stored).await, 1);
    take(&world, Step::Write { by: 0, is_public: true }).await;
    assert_eq!(world.app.database.number(stored).await, 1);
}
