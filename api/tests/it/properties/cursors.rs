use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use proptest::{arbitrary::any, collection::vec, prop_oneof, sample::select, strategy::Strategy};
use serde_json::{Value, json};

use super::{Lab, encoded};
use crate::world::World;

const LISTS: [&str; 5] =
    ["/api/notes", "/api/users", "/api/teams", "/api/readinglists", "/api/sessions"];

/// Cursors, near-cursors and other text.
fn cursors() -> impl Strategy<Value = String> {
    let number =
        prop_oneof![any::<i64>().prop_map(|id| id.to_string()), "[-+ 0-9]{0,25}", any::<String>()];
    let nearly = (0..3, any::<u64>(), number).prop_map(|(version, list, number)| {
        BASE64_URL_SAFE_NO_PAD.encode(format!("[{version},{list},{number}]"))
    });
    let bytes = vec(any::<u8>(), 0..40).prop_map(|bytes| BASE64_URL_SAFE_NO_PAD.encode(bytes));
    prop_oneof![any::<String>(), "[A-Za-z0-9_=-]{0,60}", bytes, nearly]
}

#[test]
fn any_cursor_is_accepted_or_rejected() {
    Lab::start().try_on(100, cursors(), async |world, cursor| {
        for list in LISTS {
            let path = format!("{list}?cursor={}", encoded(&cursor));
            let answer = world.caller("author").get(&path).await;
            if answer.status != 200 {
                assert!(answer.problem(400).starts_with("cursor "));
            }
        }
    });
}

#[test]
fn a_list_continues_after_any_position() {
    Lab::start().try_on(100, any::<i64>(), async |world, position| {
        let author = world.caller("author");
        let next = author.get("/api/users?limit=1").await.next().unwrap();
        let cursor = BASE64_URL_SAFE_NO_PAD.decode(next.split("cursor=").nth(1).unwrap()).unwrap();
        let mut cursor: Value = serde_json::from_slice(&cursor).unwrap();
        cursor[2] = json!({ "id": position });
        let cursor = BASE64_URL_SAFE_NO_PAD.encode(cursor.to_string());
        let rest = author.get(&format!("/api/users?cursor={cursor}")).await.ok();
        assert!(ids(&rest).iter().all(|&id| id > position), "{position} {rest}");
    });
}

/// Positions of any kind, which may or may not be one of a list.
fn positions() -> impl Strategy<Value = Value> {
    let text = any::<String>().prop_map(|text| json!({ "text": text }));
    let time = any::<i64>().prop_map(|time| json!({ "time": time }));
    let value = prop_oneof![text, time, any::<i64>().prop_map(Value::from)];
    let with_value =
        (any::<i64>(), value).prop_map(|(id, value)| json!({ "id": id, "value": value }));
    prop_oneof![4 => with_value, 1 => any::<i64>().prop_map(|id| json!({ "id": id }))]
}

#[test]
fn a_sorted_list_continues_after_any_position_of_its_kind() {
    const SORTED: [&str; 3] =
        ["/api/users?sort=-name", "/api/users?sort=created_at", "/api/notes?sort=date"];
    let lab = Lab::start();
    lab.runtime.block_on(fill(&lab.world));
    lab.try_on(100, (select(&SORTED), positions()), async |world, (list, position)| {
        let author = world.caller("author");
        let next = author.get(&format!("{list}&limit=1")).await.next().unwrap();
        let cursor = BASE64_URL_SAFE_NO_PAD.decode(next.split("cursor=").nth(1).unwrap()).unwrap();
        let mut cursor: Value = serde_json::from_slice(&cursor).unwrap();
        cursor[2] = position.clone();
        let cursor = BASE64_URL_SAFE_NO_PAD.encode(cursor.to_string());
        let answer = author.get(&format!("{list}&cursor={cursor}")).await;
        let kind = if list.ends_with("name") { "text" } else { "time" };
        if answer.status != 200 || position["value"].get(kind).is_none() {
            assert_eq!(answer.problem(400), "cursor does not belong to this list", "{position}");
        }
    });
}

/// Lists to page through, some with filters.
const WALKS: [&str; 13] = [
    "/api/notes?",
    "/api/notes?important=true&",
    "/api/notes?search=e%261&",
    "/api/users?",
    "/api/users?admin=false&name=%25o%25&",
    "/api/teams?",
    "/api/teams?name=%251%25&",
    "/api/readinglists?read=false&",
    "/api/sessions?",
    "/api/notes?sort=date&important=true&",
    "/api/users?sort=-name&name=%25o%25&",
    "/api/teams?sort=name&",
    "/api/readinglists?sort=-date&",
];

/// Some rows of each kind, with gaps between their ids.
async fn fill(world: &World) {
    let author = world.caller("author");
    for number in 0..24 {
        let new = json!({ "content": format!("Note&{number}"), "important": number % 3 > 0 });
        let id = author.post("/api/notes", new).await.created()["id"].clone();
        author.post("/api/readinglists", json!({ "note_id": id })).await.created();
        author.post("/api/teams", json!({ "name": format!("Team {number}") })).await.created();
        if number % 4 == 0 {
            author.delete(&format!("/api/notes/{id}")).await.no_content();
            author.delete(&format!("/api/teams/{}", number / 2 + 2)).await.no_content();
            world.app.user(&format!("someone{number}")).await;
            world.app.log_in("author").await;
        }
    }
}

fn ids(page: &Value) -> Vec<i64> {
    page.as_array().unwrap().iter().map(|item| item["id"].as_i64().unwrap()).collect()
}

#[test]
fn pages_of_any_size_make_up_the_list_without_gaps_or_repetitions() {
    let lab = Lab::start();
    lab.runtime.block_on(fill(&lab.world));
    let inputs = (select(&WALKS), vec(1..30, 1..5));
    lab.try_on(60, inputs, async |world, (list, limits): (&str, Vec<i32>)| {
        let author = world.caller("author");
        let whole = ids(&author.get(&format!("{list}limit=200")).await.ok());
        assert!(whole.len() > 3, "{list} {whole:?}");
        let mut limits = limits.iter().cycle();
        let mut limit = limits.next().unwrap();
        let mut walked = Vec::new();
        let mut next = Some(format!("{list}limit={limit}"));
        while let Some(path) = next {
            let page = author.get(&path).await;
            let following = limits.next().unwrap();
            next = page
                .next()
                .map(|url| url.replace(&format!("limit={limit}"), &format!("limit={following}")));
            limit = following;
            walked.extend(ids(&page.ok()));
            assert!(walked.len() <= whole.len(), "{walked:?} instead of {whole:?}");
        }
        assert_eq!(walked, whole);
    });
}
