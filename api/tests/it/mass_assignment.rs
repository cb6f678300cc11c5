//! Mass assignment: a body sets only the members that are documented for it, whatever columns and
//! members of other bodies are sent along.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::{permissions::route_of, world::World};

/// Every call that takes a body, who sends it, and a valid body.
const TABLE: &str = r#"
anonymous  POST   /api/login                  {"username":"other","password":"walnut-harbour-42"}
anonymous  POST   /api/users                  {"username":"newcomer","name":"New","password":"walnut-harbour-42"}
anonymous  POST   /api/setup                  {"token":"0zxJT52YBw0Bt22Cb5ScbKXzcNU569IF4CgLggk2fJc","username":"root","name":"Root","password":"cedar-lantern-77"}
author     PUT    /api/users/author           {"name":"Renamed"}
author     PATCH  /api/users/author           {"name":"Renamed"}
admin      PUT    /api/users/author           {"name":"Renamed"}
admin      PATCH  /api/users/author           {"disabled":true}
admin      PUT    /api/users/other/teams      {"team_ids":[1]}
admin      PATCH  /api/users/member/teams     {"team_ids":[]}
owner      PUT    /api/users/other/teams/1    {}
owner      PATCH  /api/users/other/teams/1    {"role":"member"}
other      POST   /api/tokens                 {"name":"Backup","scopes":["read"]}
admin      POST   /api/invitations            {"username":"newcomer","name":"New"}
anonymous  POST   /api/invitations/accept     {"token":"an invitation of the world","password":"cedar-lantern-77"}
other      POST   /api/notes                  {"content":"New"}
author     PUT    /api/notes/1                {"content":"Rewritten"}
author     PATCH  /api/notes/1                {"important":true}
owner      PUT    /api/notes/2/teams          {"team_ids":[1]}
owner      PATCH  /api/notes/2/teams          {"team_ids":[1]}
other      POST   /api/readinglists           {"note_id":1}
author     PATCH  /api/readinglists           {"ids":[1],"read":true}
other      PUT    /api/notes/1/mark           {}
author     PATCH  /api/notes/1/mark           {"read":true}
author     PUT    /api/readinglists/1         {"read":true}
author     PATCH  /api/readinglists/1         {}
other      POST   /api/teams                  {"name":"New"}
owner      PUT    /api/teams/1                {"name":"Renamed"}
owner      PATCH  /api/teams/1                {}
owner      PUT    /api/teams/1/members        {"user_ids":[3,5]}
owner      PATCH  /api/teams/1/members        {"user_ids":[3,5]}
owner      PUT    /api/teams/1/members/other  {}
owner      PATCH  /api/teams/1/members/other  {"role":"member"}
"#;

/// A row of the table.
struct Row {
    caller: &'static str,
    method: Method,
    path: &'static str,
    body: Map<String, Value>,
}

fn rows() -> Vec<Row> {
    let row = |line: &'static str| {
        let mut cells = line.splitn(2, '{');
        let mut call = cells.next().unwrap().split_whitespace();
        let body = format!("{{{}", cells.next().unwrap());
        Row {
            caller: call.next().unwrap(),
            method: call.next().unwrap().parse().unwrap(),
            path: call.next().unwrap(),
            body: serde_json::from_str(&body).unwrap(),
        }
    };
    TABLE.lines().filter(|line| !line.is_empty()).map(row).collect()
}

fn document() -> Value {
    serde_json::from_str(api::routes::document_json()).unwrap()
}

/// The members of every documented body, by method and route.
fn bodies() -> BTreeMap<(String, String), BTreeSet<String>> {
    let document = document();
    let mut bodies = BTreeMap::new();
    for (route, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let body = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
            if operation.get("requestBody").is_some() {
                let schema = document.pointer(&body.as_str().unwrap()[1..]).unwrap();
                let members = schema["properties"].as_object().unwrap().keys().cloned().collect();
                bodies.insert((method.to_uppercase(), route.clone()), members);
            }
        }
    }
    bodies
}

fn bodies_of_rows() -> Vec<(Row, (String, String))> {
    let routes = api::routes::api().operations();
    let routes: Vec<&str> = routes.iter().map(|(_, route)| *route).collect();
    let key = |row: &Row| (row.method.to_string(), route_of(row.path, &routes).to_owned());
    rows().into_iter().map(|row| (key(&row), row)).map(|(key, row)| (row, key)).collect()
}

#[test]
fn every_documented_body_has_a_row() {
    let in_table: BTreeSet<(String, String)> =
        bodies_of_rows().into_iter().map(|(_, key)| key).collect();
    assert_eq!(in_table, bodies().into_keys().collect());
}

/// The names of all members of all schemas.
fn documented_names(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::Object(properties)) = members.get("properties") {
                found.extend(properties.keys().cloned());
            }
            members.values().for_each(|value| documented_names(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| documented_names(value, found)),
        _ => {}
    }
}

/// Names that frameworks are known to treat specially.
const LOOKALIKES: [&str; 10] = [
    "Admin",
    "ADMIN",
    "admin ",
    "is_admin",
    "isAdmin",
    "user[admin]",
    "user.id",
    "/admin",
    "__proto__",
    "constructor",
];

/// Every name there is in the document and in the database, and some that exist nowhere.
async fn names(world: &World) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = LOOKALIKES.iter().map(|name| (*name).to_owned()).collect();
    documented_names(&document()["components"]["schemas"], &mut names);
    names.extend(world.app.database.columns().await.into_iter().map(|(_, column)| column));
    for known in ["admin", "password_hash", "user_id", "joined_at", "note_count", "content_folded"]
    {
        assert!(names.contains(known), "{known} is not among {names:?}");
    }
    names
}

/// Values that would have an effect if they were read: no row has any of them otherwise.
fn tempting(name: &str) -> Value {
    match name {
        "admin" | "disabled" | "important" | "read" | "current" => json!(true),
        "role" => json!("owner"),
        "user" => json!({ "id": 1, "admin": true }),
        "user_ids" | "team_ids" => json!([1]),
        _ if name.ends_with("_at") || name == "date" => json!("2001-01-01T00:00:00Z"),
        _ if name.ends_with("id") || name.ends_with("count") => json!(1),
        _ => json!("intruder"),
    }
}

/// The status of the response and everything stored afterwards, without what differs between calls.
async fn after(world: &World, row: &Row, body: Map<String, Value>) -> (u16, String) {
    let caller = world.caller(row.caller);
    let answer = caller.send(row.method.clone(), row.path, Some(body.into())).await;
    let mut rows = world.app.database.rows().await;
    let stored = format!("{rows:?}");
    for sent in ["intruder", "2001-01-01"] {
        assert!(!stored.contains(sent), "{} {} stored {sent}: {stored}", row.method, row.path);
        assert!(!answer.text.contains(sent), "{} {} told {sent}", row.method, row.path);
    }
    for (name, value) in rows.iter_mut().filter_map(|(_, row)| row.as_object_mut()).flatten() {
        if name.ends_with("_at") || name.ends_with("_hash") || name == "date" {
            *value = Value::Null;
        }
    }
    (answer.status.as_u16(), format!("{rows:#?}"))
}

/// A world in which the call has an effect.
async fn world_for(row: &Row) -> World {
    let world = World::start().await;
    if row.path == "/api/setup" {
        world.app.database.execute("UPDATE users SET password_hash = NULL WHERE admin").await;
    }
    world
}

#[tokio::test]
async fn unknown_members_of_a_body_set_nothing() {
    let bodies = bodies();
    for (row, key) in bodies_of_rows() {
        let mut world = world_for(&row).await;
        let names = names(&world).await;
        let foreign = names.difference(&bodies[&key]);
        let plain = after(&world, &row, row.body.clone()).await;
        assert!((200..300).contains(&plain.0), "{key:?}: {}", plain.0);
        let tempting = foreign.clone().map(|name| (name.clone(), tempting(name)));
        let unreadable = foreign.clone().map(|name| (name.clone(), Value::Null));
        for with in [tempting.collect::<Vec<_>>(), unreadable.collect()] {
            // Repeating a change has no effect; a call that creates a row needs a new world.
            let expected = match row.method {
                Method::POST => {
                    world = world_for(&row).await;
                    plain.clone()
                }
                _ => after(&world, &row, row.body.clone()).await,
            };
            let body = row.body.clone().into_iter().chain(with).collect();
            let (status, stored) = after(&world, &row, body).await;
            assert_eq!(status, expected.0, "{key:?}");
            let is_new = |line: &&str| !expected.1.lines().any(|expected| expected == *line);
            let set: Vec<&str> = stored.lines().filter(is_new).collect();
            assert!(stored == expected.1, "{key:?} set {set:?}");
        }
    }
}
