//! All lists of the API have pages, and all in the same way.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use testkit::{Client, TestApp};

/// A list of the API.
struct List {
    /// Its route.
    route: &'static str,
    /// Parameters that all items match which [`Lists::add`] adds.
    filter: &'static str,
    /// Where an item says its position.
    position: &'static str,
    /// Whether positions go down.
    is_newest_first: bool,
}

const LISTS: [List; 14] = [
    List {
        route: "/api/notes",
        filter: "important=true&search=item",
        position: "/id",
        is_newest_first: true,
    },
    List {
        route: "/api/users",
        filter: "admin=false&name=Item%25",
        position: "/id",
        is_newest_first: false,
    },
    List { route: "/api/teams", filter: "name=ITEM%25", position: "/id", is_newest_first: false },
    List {
        route: "/api/readinglists",
        filter: "read=false",
        position: "/reading/id",
        is_newest_first: true,
    },
    List { route: "/api/sessions", filter: "", position: "/id", is_newest_first: true },
    List {
        route: "/api/users/{user}/sessions",
        filter: "",
        position: "/id",
        is_newest_first: true,
    },
    List { route: "/api/tokens", filter: "", position: "/id", is_newest_first: true },
    List { route: "/api/users/{user}/tokens", filter: "", position: "/id", is_newest_first: true },
    List { route: "/api/users/{user}/notes", filter: "", position: "/id", is_newest_first: true },
    List {
        route: "/api/users/{user}/marked_notes",
        filter: "read=false",
        position: "/reading/id",
        is_newest_first: true,
    },
    List { route: "/api/users/{user}/teams", filter: "", position: "/id", is_newest_first: true },
    List {
        route: "/api/notes/{id}/users_marked",
        filter: "",
        position: "/id",
        is_newest_first: true,
    },
    List { route: "/api/notes/{id}/teams", filter: "", position: "/id", is_newest_first: false },
    List { route: "/api/teams/{id}/members", filter: "", position: "/id", is_newest_first: false },
];

impl List {
    fn path(&self) -> String {
        self.route.replace("{user}", "alice").replace("{id}", "1")
    }

    /// The path with the filter and other parameters.
    fn url(&self, parameters: &str) -> String {
        format!("{}?{}&{parameters}", self.path(), self.filter)
    }

    fn positions(&self, page: &Value) -> Vec<i64> {
        let position = |item: &Value| item.pointer(self.position).unwrap().as_i64().unwrap();
        page.as_array().unwrap().iter().map(position).collect()
    }
}

/// A service with items in all lists.
struct Lists {
    app: TestApp,
    alice: Client,
    added: usize,
}

impl Lists {
    async fn with(count: usize) -> Self {
        let app = TestApp::start_with(|settings| settings.sessions.limit = 1_000).await;
        let alice = app.user("alice").await;
        app.admin().await.put("/api/users/alice", json!({ "admin": true })).await.ok();
        let mut lists = Self { app, alice, added: 0 };
        for _ in 0..count {
            lists.add().await;
        }
        lists
    }

    /// Adds an item to each list.
    async fn add(&mut self) {
        self.added += 1;
        let name = format!("Item{}", self.added);
        let note = json!({ "content": name, "important": true });
        let note = self.alice.post("/api/notes", note).await.created();
        self.alice.post("/api/readinglists", json!({ "note_id": note["id"] })).await.created();
        let team = self.alice.post("/api/teams", json!({ "name": name })).await.created();
        if self.added == 1 {
            let shared = json!({ "visibility": "team", "team_ids": [1] });
            self.alice.put("/api/notes/1", shared).await.ok();
        } else {
            let shared = format!("/api/notes/1/teams/{}", team["id"]);
            self.alice.put(&shared, json!({})).await.created();
        }
        let reader = self.app.user(&name.to_lowercase()).await;
        let member = format!("/api/teams/1/members/{}", reader.id);
        self.alice.put(&member, json!({})).await.created();
        reader.post("/api/readinglists", json!({ "note_id": 1 })).await.created();
        let token = json!({ "name": name, "scopes": ["read"] });
        self.alice.post("/api/tokens", token).await.created();
        self.app.log_in("alice").await;
    }

    async fn whole(&self, list: &List) -> Vec<i64> {
        let whole = self.alice.get(&list.url("limit=200")).await;
        assert_eq!(whole.next(), None, "{}", list.route);
        list.positions(&whole.ok())
    }
}

#[test]
fn every_documented_list_has_a_row() {
    let document: Value = serde_json::from_str(api::routes::document_json()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let documented = paths.iter().filter(|(_, item)| {
        let content = &item["get"]["responses"]["200"]["content"]["application/json"];
        content["schema"]["type"] == "array"
    });
    let documented: BTreeSet<&str> = documented.map(|(path, _)| path.as_str()).collect();
    assert_eq!(documented, LISTS.iter().map(|list| list.route).collect());
}

#[tokio::test]
async fn pages_are_full_and_ordered_and_link_only_if_more_follows() {
    let lists = Lists::with(6).await;
    for list in &LISTS {
        let whole = lists.whole(list).await;
        assert!(whole.len() >= 6, "{}: {whole:?}", list.route);
        let is_ordered = |pair: &[i64]| (pair[0] > pair[1]) == list.is_newest_first;
        assert!(whole.windows(2).all(is_ordered), "{}: {whole:?}", list.route);
        for limit in 1..=whole.len() + 1 {
            let pages = lists.alice.pages(&list.url(&format!("limit={limit}"))).await;
            let (last, full) = pages.split_last().unwrap();
            assert!(full.iter().all(|page| page.len() == limit), "{} {limit}", list.route);
            assert!((1..=limit).contains(&last.len()), "{} {limit}", list.route);
            let items = Value::from(pages.concat());
            assert_eq!(list.positions(&items), whole, "{} {limit}", list.route);
        }
    }
}

#[tokio::test]
async fn pages_have_every_item_once_while_others_are_added() {
    for list in &LISTS {
        let mut lists = Lists::with(5).await;
        let before = lists.whole(list).await;
        let mut next = Some(list.url("limit=2"));
        let mut seen = Vec::new();
        while let Some(path) = next {
            let page = lists.alice.get(&path).await;
            next = page.next();
            seen.extend(list.positions(&page.ok()));
            if lists.added < 8 {
                lists.add().await;
            }
        }
        let of_before: Vec<i64> = seen.iter().copied().filter(|at| before.contains(at)).collect();
        assert_eq!(of_before, before, "{}", list.route);
        let distinct: BTreeSet<&i64> = seen.iter().collect();
        assert_eq!(distinct.len(), seen.len(), "{}: {seen:?}", list.route);
    }
}

#[tokio::test]
async fn a_page_has_50_items_by_default_and_200_at_most() {
    let lists = Lists::with(51).await;
    for list in &LISTS {
        let page = lists.alice.get(&list.path()).await;
        assert!(page.next().is_some(), "{}", list.route);
        assert_eq!(list.positions(&page.ok()).len(), 50, "{}", list.route);
        lists.alice.get(&list.url("limit=200")).await.ok();
        for limit in ["0", "201", "-1", "1.5", "", "ten", "99999999999999999999", "%2B5"] {
            let error = lists.alice.get(&list.url(&format!("limit={limit}"))).await.problem(400);
            assert_eq!(error, "limit must be an integer from 1 to 200", "{}", list.route);
        }
    }
}

/// The cursor of the second page.
async fn cursor(client: &Client, url: &str) -> String {
    let next = client.get(url).await.next().unwrap();
    next.split("cursor=").nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn a_cursor_is_valid_for_the_same_path_and_filters_only() {
    let lists = Lists::with(3).await;
    let mut cursors = Vec::new();
    for list in &LISTS {
        cursors.push(cursor(&lists.alice, &list.url("limit=1")).await);
    }
    for (list, own) in LISTS.iter().zip(&cursors) {
        let foreign = cursors.iter().filter(|cursor| *cursor != own).map(String::as_str);
        let garbage = ["", "x", "!!!", "bm90ZXM", &own[1..], &own[..own.len() - 1]];
        for cursor in foreign.chain(garbage) {
            let error = lists.alice.get(&list.url(&format!("cursor={cursor}"))).await.problem(400);
            assert_eq!(error, "cursor does not belong to this list", "{} {cursor}", list.route);
        }
        if !list.filter.is_empty() {
            let unfiltered = format!("{}?cursor={own}", list.path());
            lists.alice.get(&unfiltered).await.problem(400);
        }
        let other_limit = lists.alice.get(&list.url(&format!("limit=2&cursor={own}"))).await.ok();
        assert_eq!(list.positions(&other_limit), lists.whole(list).await[1..3], "{}", list.route);
    }
}

#[tokio::test]
async fn count_exact_counts_all_items_that_match_on_every_page() {
    let lists = Lists::with(3).await;
    let name = "x-total-count";
    for list in &LISTS {
        for url in [format!("{}?", list.path()), format!("{}?{}&", list.path(), list.filter)] {
            let whole = lists.alice.get(&format!("{url}limit=200")).await;
            assert_eq!(whole.header(name), "", "{url}");
            let total = whole.ok().as_array().unwrap().len();
            let mut next = Some(format!("{url}limit=2&count=exact"));
            while let Some(path) = next {
                let page = lists.alice.get(&path).await;
                assert_eq!(page.header(name), total.to_string(), "{path}");
                let head = lists.alice.send(reqwest::Method::HEAD, &path, None).await;
                for header in [name, "link", "etag", "content-type", "content-length"] {
                    assert_eq!(head.header(header), page.header(header), "{path} {header}");
                }
                next = page.next();
            }
            for count in ["", "true", "Exact", "estimated"] {
                let error = lists.alice.get(&format!("{url}count={count}")).await.problem(400);
                assert_eq!(error, "count must be exact");
            }
        }
    }
    let error = lists.alice.get("/api/notes/1?count=exact").await.problem(400);
    assert_eq!(error, "unknown query parameter: count");
}

#[tokio::test]
async fn names_that_only_may_match_a_pattern_are_not_counted() {
    let (app, alice) = TestApp::with_user("alice").await;
    for (number, name) in ["Großmann", "Grossmann", "GROẞMANN", "Gromann"].iter().enumerate() {
        let user = json!({ "username": format!("g{number}x"), "name": name, "password": testkit::PASSWORD });
        app.anonymous().post("/api/users", user).await.created();
        alice.post("/api/teams", json!({ "name": name })).await.created();
    }
    for (pattern, count) in
        [("gro_mann", 2), ("gro__mann", 1), ("grossmann", 3), ("gro%25", 4), ("%25_x", 0)]
    {
        for list in ["users", "teams"] {
            let url = format!("/api/{list}?name={pattern}&count=exact");
            let page = alice.get(&url).await;
            assert_eq!(page.header("x-total-count"), count.to_string(), "{url}");
            assert_eq!(page.ok().as_array().unwrap().len(), count, "{url}");
        }
    }
}

#[tokio::test]
async fn a_list_continues_after_an_item_that_was_deleted() {
    let lists = Lists::with(4).await;
    let first = lists.alice.get("/api/notes?limit=2").await;
    let next = first.next().unwrap();
    let ids: Vec<i64> = LISTS[0].positions(&first.ok());
    lists.alice.delete(&format!("/api/notes/{}", ids[1])).await.no_content();
    assert_eq!(LISTS[0].positions(&lists.alice.get(&next).await.ok()), [2, 1]);
}

#[tokio::test]
async fn a_link_is_short_enough_for_proxies() {
    let (_app, alice) = TestApp::with_user("alice").await;
    for name in ["one", "two"] {
        alice.post("/api/notes", json!({ "content": "🚀".repeat(200) })).await.created();
        // Its folded form takes more bytes than any other's.
        let name = format!("{}{name}", "ᾂ".repeat(97));
        alice.post("/api/teams", json!({ "name": name })).await.created();
    }
    let search = "%F0%9F%9A%80".repeat(200);
    assert_short_link(&alice, &format!("/api/notes?limit=1&search={search}")).await;
    let pattern = "%25".repeat(200);
    assert_short_link(&alice, &format!("/api/teams?limit=1&sort=name&name={pattern}")).await;
    let too_long = format!("/api/notes?user={}", "x".repeat(2_800));
    assert!(alice.get(&too_long).await.problem(400).contains("2800 bytes"));
}

/// The link has room for a query of the maximum length.
async fn assert_short_link(alice: &Client, path: &str) {
    let first = alice.get(path).await;
    let lines = first.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    let head = lines.sum::<usize>() + "HTTP/1.1 200 OK\r\n\r\n".len();
    let query = path.split('?').nth(1).unwrap().len();
    assert!(head + (2_800 - query) < 4_096, "{head}");
    let next = first.next().unwrap();
    assert_eq!(alice.get(&next).await.ok().as_array().unwrap().len(), 1);
}
