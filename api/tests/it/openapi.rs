//! The OpenAPI document agrees with the routes and with the file in the repository.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use testkit::TestApp;

fn document() -> Value {
    serde_json::from_str(api::routes::document_json()).unwrap()
}

/// (method, path) of each operation.
fn documented() -> BTreeSet<(String, String)> {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let operations = |(path, item): (&String, &Value)| {
        let methods = item.as_object().unwrap().keys().cloned();
        let path = path.clone();
        methods.map(move |method| (method.to_uppercase(), path.clone())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(operations).collect()
}

#[test]
fn every_route_of_the_api_is_documented_and_nothing_else_is() {
    let routes = api::routes::api().operations();
    let routed: BTreeSet<(String, String)> = routes
        .into_iter()
        .filter(|(_, path)| *path != "/api/openapi.json")
        .map(|(method, path)| (method, path.to_owned()))
        .collect();
    assert_eq!(documented(), routed);
}

#[test]
fn the_document_in_the_repository_is_the_one_served() {
    let committed = include_str!("../../../openapi.json");
    assert!(
        committed == api::routes::document_json(),
        "openapi.json is out of date: cargo run -- openapi > openapi.json"
    );
}

/// (path, method, operation)
fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        let operations = item.as_object().unwrap().iter();
        operations.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

/// What a reference refers to.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let reference = value["$ref"].as_str();
    reference.map_or(value, |reference| document.pointer(&reference[1..]).unwrap())
}

#[test]
fn every_operation_can_be_called_by_its_id_and_is_described() {
    let document = document();
    let tags = document["tags"].as_array().unwrap().iter();
    let tags: BTreeSet<&str> = tags.map(|tag| tag["name"].as_str().unwrap()).collect();
    let (mut ids, mut used) = (BTreeSet::new(), BTreeSet::new());
    for (path, method, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(id.chars().all(|c| c.is_ascii_alphabetic()), "{id}");
        assert!(id.starts_with(|c: char| c.is_ascii_lowercase()), "{id}");
        assert!(ids.insert(id.to_owned()), "{id} is taken");
        for text in ["summary", "description"] {
            assert!(operation[text].is_string(), "{method} {path} has no {text}");
        }
        let summary = operation["summary"].as_str().unwrap();
        assert!(summary.len() <= 80 && !summary.contains('.'), "{summary} is not short");
        assert!(operation["security"].is_array(), "{method} {path} does not say who may call it");
        used.extend(operation["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap()));
        for (status, response) in operation["responses"].as_object().unwrap() {
            let response = resolved(&document, response);
            assert!(response["description"].is_string(), "{method} {path} {status}");
        }
    }
    assert_eq!(used, tags);
}

#[test]
fn an_operation_that_another_does_too_is_tagged_as_an_alias() {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let mut aliases = 0;
    for (path, item) in paths.iter().filter(|(_, item)| item["patch"].is_object()) {
        let is_alias = item["patch"]["tags"] == json!(["aliases"]);
        assert_eq!(is_alias, item["put"].is_object(), "{path}");
        aliases += usize::from(is_alias);
    }
    assert!(aliases > 5);
}

/// Whether a schema, or the one that it refers to, has an example. Those of an object are with its members.
fn has_example(document: &Value, schema: &Value) -> bool {
    let schema = resolved(document, schema);
    let has_own = schema["example"] != Value::Null || schema["examples"].is_array();
    let is_list = schema["items"].is_object() && has_example(document, &schema["items"]);
    let is_object = schema["type"] == "object" || schema["allOf"].is_array();
    has_own || is_list || is_object
}

#[test]
fn every_parameter_is_described_and_has_an_example() {
    let document = document();
    for (path, method, operation) in operations(&document) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let name = format!("{} of {method} {path}", parameter["name"]);
            assert!(parameter["description"].is_string(), "{name} is not described");
            let has_own = parameter["example"] != Value::Null;
            let has_example = has_own || has_example(&document, &parameter["schema"]);
            assert!(has_example, "{name} has no example");
        }
    }
}

#[test]
fn every_member_is_described_and_has_an_example() {
    fn check(document: &Value, schema: &Value, name: &str) {
        for part in schema["allOf"].as_array().into_iter().flatten() {
            check(document, part, name);
        }
        for (member, schema) in schema["properties"].as_object().into_iter().flatten() {
            let name = format!("{member} of {name}");
            let is_described = schema["description"].is_string()
                || resolved(document, schema)["description"].is_string();
            assert!(is_described, "{name} is not described");
            assert!(has_example(document, schema), "{name} has no example");
            assert_ne!(schema["default"], false, "{name} is required for some generators");
        }
    }
    let document = document();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas {
        check(&document, schema, name);
    }
    for id in ["Id", "Version"] {
        assert_eq!(schemas[id]["maximum"], i64::MAX);
    }
}

#[test]
fn text_is_documented_without_the_characters_that_are_rejected() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let accepts = |name: &str, text: &str| jsonschema::is_valid(&schemas[name], &json!(text));
    let texts = [
        "Content",
        "Name",
        "Password",
        "SentPassword",
        "SentUsername",
        "TeamName",
        "TokenName",
        "Username",
    ];
    for name in texts {
        assert!(accepts(name, "walnut-harbour"), "{name}");
        assert!(!accepts(name, "walnut-harbour\0"), "{name}");
    }
    for name in ["Content", "Name", "TeamName", "TokenName"] {
        for control in ["\u{1}", "\u{1b}", "\u{7f}", "\u{9f}"] {
            assert!(!accepts(name, &format!("a{control}")), "{name} {control:?}");
        }
    }
    assert!(accepts("Content", "a\tb\r\n"));
    assert!(!accepts("Name", "a\tb"));
}

#[test]
fn every_reference_resolves() {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(members) => {
                if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                    found.push(reference);
                }
                members.values().for_each(|value| references(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 100);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere_and_runs_no_script_that_is_written_into_it() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    assert_eq!(anyone.get("/api/openapi.json").await.ok(), document());
    let page = anyone.get("/docs").await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; "), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let mut unread: Vec<String> = files(&page.text, "docs/");
    let mut read = BTreeSet::from(["/docs".to_owned()]);
    assert_eq!(unread.len(), 3, "{unread:?}");
    while let Some(file) = unread.pop() {
        let answer = anyone.get(&format!("/docs/{file}")).await;
        assert_eq!(answer.status, 200, "{file}");
        assert!(!answer.text.replace("http://www.w3.org/2000/svg", "").contains("://"), "{file}");
        if read.insert(file) {
            unread.extend(files(&answer.text, "./"));
        }
    }
    assert!(read.len() > 5 && !page.text.contains("://"), "{read:?}");
    anyone.get("/docs/no-such-file.js").await.problem(404);
}

/// The files that a page or a script loads by a name with this prefix.
fn files(text: &str, prefix: &str) -> Vec<String> {
    let names = text.split('"').filter_map(|part| part.strip_prefix(prefix));
    names.map(str::to_owned).collect()
}
