//! The OpenAPI document agrees with the routes and with the file in the repository.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;
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
fn every_route_is_documented_and_nothing_else_is() {
    let routes = [api::routes::api(), api::routes::operations(), api::routes::metrics()];
    let routed: BTreeSet<(String, String)> = routes
        .iter()
        .flat_map(|table| table.operations())
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

#[test]
fn every_operation_has_a_unique_id_and_every_response_a_description() {
    let document = document();
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} is taken");
            assert!(operation["summary"].is_string(), "{method} {path} has no summary");
            for (status, response) in operation["responses"].as_object().unwrap() {
                let is_described =
                    response["description"].is_string() || response["$ref"].is_string();
                assert!(is_described, "{method} {path} {status} has no description");
            }
        }
    }
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
async fn the_document_and_its_page_load_nothing_from_elsewhere() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    assert_eq!(anyone.get("/api/openapi.json").await.ok(), document());
    let page = anyone.get("/docs").await;
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("://"), "{}", page.text);
    let quoted: Vec<&str> =
        page.text.split('"').filter(|part| part.starts_with("/docs/")).collect();
    assert_eq!(quoted.len(), 5, "{quoted:?}");
    for asset in quoted {
        let answer = anyone.request(Method::GET, asset).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{asset}");
        let is_gzip = answer.headers().get("content-encoding").is_some_and(|value| value == "gzip");
        let bytes = answer.bytes().await.unwrap();
        assert_eq!(bytes.starts_with(&[0x1f, 0x8b]), is_gzip, "{asset}");
        assert!(!bytes.is_empty());
    }
    anyone.get("/docs/no-such-file.js").await.problem(404);
}
