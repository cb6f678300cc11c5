//! An API token that has ended is rejected by every instance from the next request on, and a request that was held
//! meanwhile writes nothing.

use std::env;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use testkit::{Client, PASSWORD, TestApp, TestDatabase};

use super::{made, path};
use crate::raw::Held;

/// How many trials there are unless `API_TOKEN_TRIALS` says otherwise.
const TRIALS: usize = 60;

/// How many trials run at once.
const WORKERS: usize = 4;

/// The ways to end a token, and the error afterwards.
const WAYS: [(&str, &str); 6] = [
    ("own", "token invalid"),
    ("all of the user", "token invalid"),
    ("new password", "token invalid"),
    ("expiry", "session expired"),
    ("disabling", "account disabled"),
    ("deletion", "token invalid"),
];

fn trials() -> usize {
    env::var("API_TOKEN_TRIALS").map_or(TRIALS, |trials| trials.parse().unwrap())
}

/// Ends a token at the instance that `user` and `admin` talk to.
async fn end(way: &str, database: &TestDatabase, user: &Client, admin: &Client, token: &str) {
    let user_path = format!("/api/users/{}", user.id);
    let change = async |change| drop(admin.put(&user_path, change).await.ok());
    match way {
        "own" => user.delete(token).await.no_content(),
        "all of the user" => admin.delete(&format!("{user_path}/tokens")).await.no_content(),
        "new password" => change(json!({ "password": PASSWORD, "end_tokens": true })).await,
        "expiry" => {
            let past = "UPDATE api_tokens SET expires_at = '2024-01-01T00:00:00+00:00'";
            database.execute(&format!("{past} WHERE user_id = {}", user.id)).await;
        }
        "disabling" => change(json!({ "disabled": true })).await,
        "deletion" => admin.delete(&user_path).await.no_content(),
        _ => panic!("unknown way: {way}"),
    }
}

/// Ends one token at one instance, and tries it at all. Returns what went wrong.
async fn try_one(trial: usize, apps: &[TestApp], admin: &Client) -> Vec<String> {
    let (way, error) = WAYS[trial % WAYS.len()];
    let [here, there] = [&apps[trial % apps.len()], &apps[(trial + 1) % apps.len()]];
    let user = here.user(&format!("user{trial}")).await;
    let (token, issued) = made(&user, &["notes:write"]).await;
    let note = json!({ "content": format!("By user{trial}") });
    let mut held = Vec::new();
    for app in apps {
        token.at(app).get("/api/tokens/current").await.ok();
        held.push(Held::start(app, &token, &Method::POST, "/api/notes", &note).await);
    }
    let database = &apps[0].database;
    end(way, database, &user.at(there), &admin.at(there), &path(&issued)).await;
    let mut told = Vec::new();
    for app in apps {
        let answer = token.at(app).get("/api/notes?limit=1").await;
        told.push((answer.status.as_u16(), answer.body["error"].clone()));
    }
    for held in held {
        let (status, body) = held.finish().await;
        told.push((status, body["error"].clone()));
    }
    let is_wrong = |(status, told): &(u16, _)| *status != 401 || *told != json!(error);
    told.into_iter().filter(is_wrong).map(|told| format!("{way}: {told:?}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_that_has_ended_is_accepted_by_any_of_three_instances() {
    let apps = TestApp::three().await;
    let admin = apps[0].admin().await;
    let (apps, admin) = (&apps, &admin);
    let workers = (0..WORKERS).map(async |worker| {
        let mut wrong = Vec::new();
        for trial in (worker..trials()).step_by(WORKERS) {
            wrong.extend(try_one(trial, apps, admin).await);
        }
        wrong
    });
    let wrong = join_all(workers).await.concat();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(apps[0].database.number("SELECT COUNT(*) FROM notes").await, 0);
}
