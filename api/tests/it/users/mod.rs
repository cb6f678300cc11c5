//! `/api/users`

mod admins;
mod change;
mod deletion;
mod detail;
mod disabling;
mod export;
mod listing;
mod password;
mod registration;
mod sign_up;

use serde_json::{Value, json};
use testkit::{Answer, PASSWORD, TestApp};

const USER: [&str; 8] =
    ["admin", "created_at", "disabled", "id", "name", "updated_at", "username", "version"];

const NOTE_CORE: [&str; 8] =
    ["content", "created_at", "date", "id", "important", "updated_at", "version", "visibility"];

fn new_user(username: &str) -> Value {
    json!({ "username": username, "name": "Somebody", "password": PASSWORD })
}

/// Signs up a user with a name of their own.
async fn sign_up(app: &TestApp, username: &str, name: &str) -> Value {
    let mut new = new_user(username);
    new["name"] = name.into();
    app.anonymous().post("/api/users", new).await.created()
}

async fn log_in(app: &TestApp, username: &str, password: &str) -> Answer {
    let credentials = json!({ "username": username, "password": password });
    app.anonymous().post("/api/login", credentials).await
}

/// The names of an object's members, in alphabetical order.
fn members(object: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = object.as_object().into_iter().flatten().map(|m| &**m.0).collect();
    names.sort_unstable();
    names
}

/// One member of every item of a list.
fn each<'a>(list: &'a Value, member: &str) -> Vec<&'a Value> {
    list.as_array().into_iter().flatten().map(|item| &item[member]).collect()
}
