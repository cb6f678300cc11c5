//! Lists sorted by a key: in the same order on each database, and in pages that follow it.

use std::collections::BTreeSet;

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizer;
use serde_json::{Value, json};
use testkit::{Client, TestApp};

/// A list, and a key that it can be sorted by.
struct Sorted {
    path: &'static str,
    key: &'static str,
    /// Where an item has the value.
    value: &'static str,
    /// Where an item has the id that orders equal values.
    id: &'static str,
}

const fn sorted(path: &'static str, key: &'static str, value: &'static str) -> Sorted {
    Sorted { path, key, value, id: "/id" }
}

const SORTED: [Sorted; 12] = [
    sorted("/api/notes", "id", "/id"),
    sorted("/api/notes", "date", "/date"),
    sorted("/api/notes", "created_at", "/created_at"),
    sorted("/api/notes", "updated_at", "/updated_at"),
    sorted("/api/users", "id", "/id"),
    sorted("/api/users", "username", "/username"),
    sorted("/api/users", "name", "/name"),
    sorted("/api/users", "created_at", "/created_at"),
    sorted("/api/teams", "id", "/id"),
    sorted("/api/teams", "name", "/name"),
    Sorted { path: "/api/readinglists", key: "id", value: "/reading/id", id: "/reading/id" },
    Sorted { path: "/api/readinglists", key: "date", value: "/date", id: "/reading/id" },
];

/// Names whose order depends on case, on the locale, or on the encoding.
const NAMES: [&str; 12] = [
    "straße", "STRASSF", "Zoë", "zoe", "Äpfel", "apfel", "🚀", "\u{ff21}", "_x", "B-c", "b c", "ﬁn",
];

/// Times with as many digits as the service writes, some equal.
const TIMES: [&str; 6] = [
    "2026-11-22T10:00:00.100Z",
    "2026-11-22T10:00:00Z",
    "2026-11-22T10:00:00.099999Z",
    "0999-01-01T00:00:00Z",
    "2026-11-22T10:00:00.100Z",
    "2026-11-22T10:00:00.100001Z",
];

/// What a value is compared by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Number(i64),
    Text(String),
    Time(chrono::DateTime<chrono::Utc>),
}

impl Sorted {
    fn url(&self, sign: &str, parameters: &str) -> String {
        format!("{}?sort={sign}{}&{parameters}", self.path, self.key)
    }

    fn rank(&self, item: &Value) -> (Rank, i64) {
        let id = item.pointer(self.id).unwrap().as_i64().unwrap();
        let rank = match item.pointer(self.value).unwrap() {
            Value::Number(number) => Rank::Number(number.as_i64().unwrap()),
            Value::String(text) => match text.parse() {
                Ok(time) => Rank::Time(time),
                Err(_) => Rank::Text(folded(text)),
            },
            other => panic!("{other}"),
        };
        (rank, id)
    }

    fn ids(&self, items: &[Value]) -> Vec<i64> {
        items.iter().map(|item| self.rank(item).1).collect()
    }
}

fn folded(text: &str) -> String {
    let nfc = ComposingNormalizer::new_nfc();
    nfc.normalize(&CaseMapper::new().fold_string(&nfc.normalize(text))).into_owned()
}

/// A service with rows of all kinds, whose times and names are partly equal.
struct Rows {
    app: TestApp,
    alice: Client,
    added: usize,
}

impl Rows {
    async fn fill() -> Self {
        let (app, alice) = TestApp::with_user("alice").await;
        let mut rows = Self { app, alice, added: 0 };
        for _ in 0..12 {
            rows.add().await;
        }
        for table in ["notes", "users"] {
            for (at, time) in TIMES.iter().enumerate() {
                let time = time.replace('Z', "+00:00");
                let at = format!("id % {} = {at}", TIMES.len());
                let set = format!("UPDATE {table} SET created_at = '{time}' WHERE {at}");
                rows.app.database.execute(&set).await;
            }
        }
        rows.app
            .database
            .execute("UPDATE notes SET updated_at = created_at WHERE id % 4 > 0")
            .await;
        rows
    }

    /// Adds a row of each kind.
    async fn add(&mut self) {
        let number = self.added;
        self.added += 1;
        let name = NAMES[number % NAMES.len()];
        let date = TIMES[number % TIMES.len()];
        let note = json!({ "content": name, "date": date });
        let note = self.alice.post("/api/notes", note).await.created();
        self.alice.post("/api/readinglists", json!({ "note_id": note["id"] })).await.created();
        let team = if number < NAMES.len() { name.into() } else { format!("{name}{number}") };
        self.alice.post("/api/teams", json!({ "name": team })).await.created();
        let username = format!("{}{number}", ["zz", "aa_", "aa.", "aa-", "aaa"][number % 5]);
        let user = json!({ "username": username, "name": name, "password": testkit::PASSWORD });
        self.app.anonymous().post("/api/users", user).await.created();
    }

    /// Deletes an item of a list.
    async fn delete(&self, path: &str, id: i64) {
        let admin = self.app.admin().await;
        let caller = if path == "/api/readinglists" { &self.alice } else { &admin };
        caller.delete(&format!("{path}/{id}")).await.no_content();
    }
}

#[tokio::test]
async fn the_order_is_that_of_the_values_and_then_of_the_ids() {
    let rows = Rows::fill().await;
    for list in &SORTED {
        let mut previous = None;
        for sign in ["", "-"] {
            let items = rows.alice.get(&list.url(sign, "limit=200")).await.ok();
            let items = items.as_array().unwrap();
            let mut ranks: Vec<_> = items.iter().map(|item| list.rank(item)).collect();
            assert!(ranks.len() >= 12, "{} {ranks:?}", list.path);
            if sign == "-" {
                ranks.reverse();
            }
            assert!(ranks.is_sorted(), "{} {sign}{}: {ranks:?}", list.path, list.key);
            assert!(previous.replace(ranks.clone()).is_none_or(|other| other == ranks));
        }
    }
}

#[tokio::test]
async fn pages_have_every_row_once_while_others_are_added_and_deleted() {
    let mut rows = Rows::fill().await;
    for list in &SORTED {
        for sign in ["", "-"] {
            let whole = rows.alice.get(&list.url(sign, "limit=200")).await.ok();
            let mut expected = list.ids(whole.as_array().unwrap());
            let own = rows.alice.id;
            let mut seen = Vec::new();
            let mut next = Some(list.url(sign, "limit=3"));
            let mut pages = 0;
            while let Some(path) = next {
                let page = rows.alice.get(&path).await;
                next = page.next();
                seen.extend(list.ids(page.ok().as_array().unwrap()));
                pages += 1;
                if pages == 2 {
                    for _ in 0..2 {
                        rows.add().await;
                    }
                    // The last that was seen, so that the next page starts after a row that is gone, and one
                    // that follows.
                    let last = *seen.last().unwrap();
                    let following = expected.iter().copied().find(|id| {
                        !(seen.contains(id) || (list.path == "/api/users" && [own, 1].contains(id)))
                    });
                    let following = following.unwrap();
                    if list.path != "/api/users" || ![own, 1].contains(&last) {
                        rows.delete(list.path, last).await;
                    }
                    rows.delete(list.path, following).await;
                    expected.retain(|&id| id != following);
                }
            }
            let of_before: Vec<i64> =
                seen.iter().copied().filter(|id| expected.contains(id)).collect();
            assert_eq!(of_before, expected, "{} {sign}{}", list.path, list.key);
            let distinct: BTreeSet<&i64> = seen.iter().collect();
            assert_eq!(distinct.len(), seen.len(), "{} {sign}{}: {seen:?}", list.path, list.key);
        }
    }
}

#[tokio::test]
async fn filters_narrow_a_sorted_list() {
    let rows = Rows::fill().await;
    for (list, filter) in [
        (&SORTED[1], "search=o"),
        (&SORTED[2], "user=alice&important=false"),
        (&SORTED[5], "with_notes=0"),
        (&SORTED[6], "name=%25_%25&admin=false"),
        (&SORTED[6], "name=stra_e"),
        (&SORTED[9], "name=%25s_ra%25"),
        (&SORTED[11], "read=false"),
    ] {
        for sign in ["", "-"] {
            let whole = rows.alice.get(&list.url(sign, &format!("limit=200&{filter}"))).await.ok();
            let whole = whole.as_array().unwrap();
            assert!(!whole.is_empty(), "{filter}");
            let pages = rows.alice.pages(&list.url(sign, &format!("limit=2&{filter}"))).await;
            assert_eq!(&pages.concat(), whole, "{} {sign}{} {filter}", list.path, list.key);
        }
    }
}

#[tokio::test]
async fn a_cursor_is_valid_for_its_order_only() {
    let rows = Rows::fill().await;
    for list in &SORTED {
        let next = rows.alice.get(&list.url("-", "limit=1")).await.next().unwrap();
        let cursor = next.split("cursor=").nth(1).unwrap();
        for other in SORTED.iter().filter(|other| other.path == list.path) {
            for sign in ["", "-"] {
                let answer = rows.alice.get(&other.url(sign, &format!("cursor={cursor}"))).await;
                if (other.key, sign) == (list.key, "-") {
                    answer.ok();
                } else {
                    assert_eq!(answer.problem(400), "cursor does not belong to this list");
                }
            }
        }
        let unsorted = rows.alice.get(&format!("{}?cursor={cursor}", list.path)).await;
        assert_eq!(unsorted.problem(400), "cursor does not belong to this list");
    }
}

#[tokio::test]
async fn other_keys_and_other_lists_are_rejected() {
    let rows = Rows::fill().await;
    for (path, keys) in [
        ("/api/notes", "id, date, created_at, updated_at"),
        ("/api/users", "id, username, name, created_at"),
        ("/api/teams", "id, name"),
        ("/api/readinglists", "id, date"),
    ] {
        for key in ["", "-", "content", "--id", "id,date", "ID", "%2Bid", "id%20"] {
            let error = rows.alice.get(&format!("{path}?sort={key}")).await.problem(400);
            let expected =
                format!("sort must be one of {keys}, with - before it for descending order");
            assert_eq!(error, expected, "{path} {key}");
        }
    }
    for path in [
        "/api/sessions",
        "/api/users/alice/notes",
        "/api/users/alice/marked_notes",
        "/api/users/alice/teams",
        "/api/notes/1/users_marked",
        "/api/teams/1/members",
        "/api/notes/1",
    ] {
        let error = rows.alice.get(&format!("{path}?sort=id")).await.problem(400);
        assert_eq!(error, "unknown query parameter: sort", "{path}");
    }
}

#[tokio::test]
async fn a_page_in_any_order_ends_before_its_notes_exceed_1_mib() {
    let app = TestApp::start().await;
    let content = "🚀".repeat(10_000);
    for name in ["dave", "carol", "bob"] {
        let user = app.user(name).await;
        for _ in 0..20 {
            user.post("/api/notes", json!({ "content": content })).await.created();
        }
    }
    let pages = app.anonymous().pages("/api/users?sort=name&admin=false").await;
    let names = |page: &Vec<Value>| -> Vec<String> {
        page.iter().map(|user| user["username"].as_str().unwrap().to_owned()).collect()
    };
    let names: Vec<Vec<String>> = pages.iter().map(names).collect();
    assert_eq!(names, [vec!["bob"], vec!["carol"], vec!["dave"]]);
    assert!(pages.concat().iter().all(|user| user["notes"].as_array().unwrap().len() == 20));
}
