use std::{cell::RefCell, collections::HashMap};

use proptest::{collection::vec, sample::select, strategy::Strategy};
use testkit::Answer;

use super::Lab;
use crate::world::World;

/// Changes: who makes it, the method, the path and the body. `{n}` is a small number, `{w}` a word.
const CHANGES: [[&str; 4]; 22] = [
    ["author", "POST", "/api/notes", r#"{"content":"{w}"}"#],
    ["owner", "POST", "/api/notes", r#"{"content":"{w}","important":true}"#],
    ["author", "PUT", "/api/notes/{n}", r#"{"content":"{w}"}"#],
    ["author", "PUT", "/api/notes/{n}", r#"{"content":"{w}","date":"2026-11-22T10:00:0{n}Z"}"#],
    ["owner", "PUT", "/api/notes/{n}", r#"{"important":false}"#],
    ["admin", "DELETE", "/api/notes/{n}", ""],
    ["other", "POST", "/api/readinglists", r#"{"note_id":{n}}"#],
    ["author", "PUT", "/api/notes/{n}/mark", r#"{"read":true}"#],
    ["other", "PUT", "/api/notes/{n}/mark", r#"{"read":false}"#],
    ["author", "DELETE", "/api/notes/{n}/mark", ""],
    ["other", "PATCH", "/api/readinglists", r#"{"all":true,"read":true}"#],
    ["owner", "POST", "/api/teams", r#"{"name":"{w}"}"#],
    ["owner", "PUT", "/api/teams/{n}", r#"{"name":"{w}"}"#],
    ["admin", "PUT", "/api/teams/{n}/members/member", r#"{"role":"owner"}"#],
    ["admin", "PUT", "/api/teams/{n}/members/author", r#"{"role":"member"}"#],
    ["admin", "DELETE", "/api/teams/{n}/members/member", ""],
    ["admin", "PUT", "/api/users/other/teams", r#"{"team_ids":[]}"#],
    ["author", "PUT", "/api/users/author", r#"{"name":"{w}"}"#],
    ["member", "PUT", "/api/users/member", r#"{"name":"{w}"}"#],
    ["admin", "PUT", "/api/users/locked", r#"{"disabled":false}"#],
    ["admin", "PUT", "/api/users/locked", r#"{"disabled":true}"#],
    ["anonymous", "POST", "/api/login", r#"{"username":"author","password":"walnut-harbour-42"}"#],
];

const WORDS: [&str; 3] = ["one", "two", "Zwölf"];

const USERS: [&str; 3] = ["author", "member", "locked"];

/// How many reads follow a change.
const READS: usize = 10;

const READERS: [&str; 3] = ["author", "other", "admin"];

/// What may be requested of a resource or a list.
const QUERIES: [&str; 8] = [
    "",
    "include=",
    "fields=id",
    "fields=id,name",
    "fields=content",
    "sort=-id&limit=2",
    "teams=true",
    "include=users_marked",
];

/// A call: who makes it, the method, the path and the body.
type Call = [String; 4];

/// A change, and who reads which paths after it.
type Step = (Call, Vec<(&'static str, String)>);

fn steps() -> impl Strategy<Value = Step> {
    let change = (select(&CHANGES), 1..6_i64, select(&WORDS)).prop_map(|(call, number, word)| {
        call.map(|part| part.replace("{w}", word).replace("{n}", &number.to_string()))
    });
    let read = (select(&READERS), select(paths()), 1..4_i64, select(&USERS), select(&QUERIES));
    let read = read.prop_map(|(reader, path, number, user, query)| {
        let path = path.replace("{user}", user).replace("{team}", &number.to_string());
        (reader, format!("{}?{query}", path.replace("{id}", &number.to_string())))
    });
    (change, vec(read, READS))
}

/// Every path under `/api` that is read, but for the export, which is made while it is sent and has no tag.
fn paths() -> Vec<&'static str> {
    let operations = api::routes::api().operations().into_iter();
    let read = operations.filter(|(method, path)| method == "GET" && !path.ends_with("/export"));
    read.map(|(_, path)| path).collect()
}

async fn make(world: &World, [caller, method, path, body]: &Call) {
    let body = (!body.is_empty()).then(|| serde_json::from_str(body).unwrap());
    let answer = world.caller(caller).send(method.parse().unwrap(), path, body).await;
    assert!(answer.status.as_u16() < 500, "{method} {path}: {}", answer.text);
}

/// The version in the tag of a resource that has one.
fn version(tag: &str) -> Option<i64> {
    tag.trim_matches('"').split_once('-')?.0.parse().ok()
}

/// All that was ever read: by path, the tags and the bodies.
#[derive(Default)]
struct Seen(HashMap<String, Vec<(String, String)>>);

impl Seen {
    fn add(&mut self, path: String, answer: Answer) {
        let (tag, text) = (answer.header("etag").to_owned(), answer.text);
        assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 2, "{path}: {tag}");
        let known = self.0.entry(path.clone()).or_default();
        for (other_tag, other_text) in &*known {
            // `fields` may leave out the only members that differ between two versions.
            let equal = other_text == &text && version(other_tag) == version(&tag);
            assert_eq!(*other_tag == tag, equal, "{path}: {tag} {text}, {other_tag} {other_text}");
        }
        if !known.iter().any(|(known, _)| *known == tag) {
            known.push((tag, text));
        }
    }
}

#[test]
fn a_tag_is_equal_exactly_when_the_bytes_and_the_version_are() {
    let seen = RefCell::new(Seen::default());
    Lab::start().try_on(60, steps(), async |world, (change, reads)| {
        make(world, &change).await;
        for (reader, path) in reads {
            let answer = world.caller(reader).get(&path).await;
            if answer.status == 200 {
                seen.borrow_mut().add(path, answer);
            }
        }
    });
    let seen = seen.into_inner().0;
    let changed = seen.values().filter(|bodies| bodies.len() > 1).count();
    assert!(changed > 10, "{changed} of {} paths ever had another body", seen.len());
}
