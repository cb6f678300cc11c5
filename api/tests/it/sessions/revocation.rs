//! A token whose session has ended is rejected by every instance from the next request on.

use std::{env, time::Duration};

use serde_json::json;
use testkit::{Client, PASSWORD, TestApp};
use tokio::{task::JoinSet, time::sleep};

use super::{log_in, own_path};

/// The ways to end a session. Each has the same number of trials.
const WAYS: [&str; 5] = ["logout", "revocation", "disabling", "deletion", "new password"];

/// How many trials of all ways together there are unless `SESSION_TRIALS` says otherwise.
const TRIALS: usize = 250;

/// How many clients try concurrently.
const WORKERS: usize = 5;

fn trials() -> usize {
    env::var("SESSION_TRIALS").map_or(TRIALS, |trials| trials.parse().unwrap())
}

/// Ends the session of `user` on one instance.
async fn end(way: &str, user: &Client, admin: &Client) {
    let path = format!("/api/users/{}", user.id);
    match way {
        "logout" => user.delete("/api/logout").await.no_content(),
        "revocation" => {
            let session = own_path(user).await;
            admin.delete(&session).await.no_content();
        }
        "disabling" => drop(admin.put(&path, json!({ "disabled": true })).await.ok()),
        "deletion" => admin.delete(&path).await.no_content(),
        _ => drop(admin.put(&path, json!({ "password": PASSWORD })).await.ok()),
    }
}

/// One user's trials: each session is ended on one instance, then tried on all. Returns the misses.
async fn try_all(worker: usize, clients: Vec<Client>, admins: Vec<Client>) -> Vec<String> {
    let mut misses = Vec::new();
    for trial in 0..trials() / WORKERS {
        let way = WAYS[(worker + trial) % WAYS.len()];
        let username = format!("user-{worker}-{trial}");
        let new = json!({ "username": username, "name": "Anyone", "password": PASSWORD });
        let id = clients[0].post("/api/users", new).await.created()["id"].as_i64().unwrap();
        let there = trial % clients.len();
        let answer = log_in(&clients[there], &username, PASSWORD).await.ok();
        let users: Vec<Client> = (clients.iter())
            .map(|client| {
                let mut user = client.clone();
                user.id = id;
                user.token = answer["token"].as_str().map(str::to_owned);
                user
            })
            .collect();
        users[(there + 1) % users.len()].get("/api/sessions/current").await.ok();
        end(way, &users[there], &admins[there]).await;
        for (instance, user) in users.iter().enumerate() {
            let status = user.get("/api/notes?limit=1").await.status.as_u16();
            if status != 401 {
                misses.push(format!("{way} on {there}, then {status} on {instance}"));
            }
        }
    }
    misses
}

#[tokio::test(flavor = "multi_thread")]
async fn no_ended_session_is_accepted_by_any_of_three_instances_under_load() {
    let apps = TestApp::three().await;
    let admin = apps[0].admin().await;
    let admins: Vec<Client> = apps.iter().map(|app| admin.at(app)).collect();
    let clients: Vec<Client> = apps.iter().map(TestApp::anonymous).collect();

    let mut load = JoinSet::new();
    for reader in admins.clone() {
        load.spawn(async move {
            loop {
                reader.get("/api/notes?limit=5").await;
                sleep(Duration::from_millis(20)).await;
            }
        });
    }
    let mut workers = JoinSet::new();
    for worker in 0..WORKERS {
        workers.spawn(try_all(worker, clients.clone(), admins.clone()));
    }
    let misses = workers.join_all().await.concat();
    load.abort_all();
    assert!(misses.is_empty(), "{} of {}: {misses:?}", misses.len(), trials());
}
