use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

use jsonschema::Validator;
use reqwest::Method;
use serde_json::{Value, json};

use crate::Answer;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(api::routes::document_json()).expect("the document is JSON")
});

/// Asserts that the response is documented, if its path is one of the API: that the operation has this
/// status, and the body matches its schema.
pub(crate) fn check(method: &Method, path: &str, answer: &Answer) {
    assert!(!answer.header("x-request-id").is_empty(), "{path} has no X-Request-Id");
    check_type(answer);
    if !path.starts_with("/api/") || path.starts_with("/api/openapi.json") {
        return;
    }
    let Some(operation) = operation(method, path) else {
        let status = answer.status.as_u16();
        assert!(
            matches!(status, 400 | 401 | 404 | 405) || (method, status) == (&Method::OPTIONS, 204),
            "{method} {path} gave {status} undocumented"
        );
        return;
    };
    let status = answer.status.as_u16().to_string();
    let mut response = &operation["responses"][&status];
    if let Some(reference) = response["$ref"].as_str() {
        response = DOCUMENT.pointer(reference.trim_start_matches('#')).expect("a response");
    }
    assert!(!response.is_null(), "{method} {path} gave {status} undocumented: {}", answer.text);
    let kind = answer.header("content-type").split(';').next().unwrap_or_default();
    let content = &response["content"];
    if content.is_null() || method == Method::HEAD {
        return;
    }
    assert!(!content[kind].is_null(), "{method} {path} gave {kind} undocumented");
    if kind.ends_with("/json") || kind.ends_with("+json") {
        let mut schema = content[kind]["schema"].clone();
        // `fields` leaves out members that are required otherwise.
        schema["x-partial"] = Value::Bool(path.contains("fields="));
        check_schema(&schema, &answer.body, &format!("{method} {path} {status}"));
    }
}

/// The type of a problem must have a page.
fn check_type(answer: &Answer) {
    if answer.header("content-type") == "application/problem+json" && !answer.body.is_null() {
        let is_known = api::routes::problem_types().any(|kind| answer.body["type"] == kind);
        assert!(is_known, "{} has no page", answer.body["type"]);
    }
}

fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let path = path.split('?').next().unwrap_or_default();
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    let exact = paths.get(path);
    let item = exact.or_else(|| {
        paths.iter().find(|(template, _)| matches(template, path)).map(|(_, item)| item)
    })?;
    let method = if method == Method::HEAD { "get" } else { &method.as_str().to_lowercase() };
    item.get(method)
}

fn matches(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template.zip(path).all(|(t, p)| t == p || (t.starts_with('{') && !p.is_empty()))
}

fn check_schema(schema: &Value, body: &Value, what: &str) {
    let validator = validator(schema);
    let wrong: Vec<String> = validator
        .iter_errors(body)
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{what} does not match the document: {wrong:#?}\n{body}");
}

/// Makes all members optional.
fn require_nothing(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.remove("required");
            members.values_mut().for_each(require_nothing);
        }
        Value::Array(items) => items.iter_mut().for_each(require_nothing),
        _ => {}
    }
}

/// The validator of this schema; cached, since compiling it takes longer than most requests.
fn validator(schema: &Value) -> Arc<Validator> {
    static MADE: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let make = || {
        let mut schema = schema.clone();
        schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
        schema["components"] = DOCUMENT["components"].clone();
        if schema["x-partial"] == true {
            require_nothing(&mut schema);
        }
        Arc::new(jsonschema::validator_for(&schema).expect("a schema"))
    };
    MADE.lock().expect("lock").entry(schema.to_string()).or_insert_with(make).clone()
}
