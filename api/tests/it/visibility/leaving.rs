//! A note that is shared with a team is hidden from a member who loses it, at every instance from the next request on,
//! and a request that was held meanwhile marks nothing.

use std::env;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Client, TestApp};

use crate::raw::Held;

/// How many trials there are unless `LEAVING_TRIALS` says otherwise.
const TRIALS: usize = 60;

/// How many trials run at once.
const WORKERS: usize = 4;

/// The ways to lose a note.
const WAYS: [&str; 7] = [
    "leaving",
    "removal",
    "fewer teams of the user",
    "fewer members of the team",
    "deletion of the team",
    "fewer teams of the note",
    "a note made private",
];

fn trials() -> usize {
    env::var("LEAVING_TRIALS").map_or(TRIALS, |trials| trials.parse().unwrap())
}

/// Takes the note away from the member, at the instance that all three talk to.
async fn lose(way: &str, [admin, author, member]: &[Client; 3], team: &Value, note: &str) {
    let team = format!("/api/teams/{team}");
    match way {
        "leaving" => {
            let left = team.replace("/api", &format!("/api/users/{}", member.id));
            member.delete(&left).await.no_content();
        }
        "removal" => author.delete(&format!("{team}/members/{}", member.id)).await.no_content(),
        "fewer teams of the user" => {
            let teams = format!("/api/users/{}/teams", member.id);
            admin.put(&teams, json!({ "team_ids": [] })).await.ok();
        }
        "fewer members of the team" => {
            let members = json!({ "user_ids": [author.id] });
            author.put(&format!("{team}/members"), members).await.ok();
        }
        "deletion of the team" => author.delete(&team).await.no_content(),
        "fewer teams of the note" => {
            let own = author.post("/api/teams", json!({ "name": format!("Own {note}") })).await;
            let teams = json!({ "team_ids": [own.created()["id"]] });
            author.put(&format!("{note}/teams"), teams).await.ok();
        }
        "a note made private" => {
            author.put(note, json!({ "visibility": "private" })).await.ok();
        }
        _ => panic!("unknown way: {way}"),
    }
}

/// Has a member lose a note at one instance, and looks for it at all. Returns what went wrong.
async fn try_one(trial: usize, apps: &[TestApp], admin: &Client) -> Vec<String> {
    let way = WAYS[trial % WAYS.len()];
    let [here, there] = [&apps[trial % apps.len()], &apps[(trial + 1) % apps.len()]];
    let author = here.user(&format!("author{trial}")).await;
    let member = here.user(&format!("member{trial}")).await;
    let team = author.post("/api/teams", json!({ "name": format!("Team {trial}") })).await;
    let team = team.created()["id"].clone();
    author.put(&format!("/api/teams/{team}/members/{}", member.id), json!({})).await.created();
    let text = format!("Xylophone {trial} of the team");
    let new = json!({ "content": text, "visibility": "team", "team_ids": [team] });
    let note = author.post("/api/notes", new).await.created()["id"].clone();
    let path = format!("/api/notes/{note}");
    let mut held = Vec::new();
    for app in apps {
        member.at(app).get(&path).await.ok();
        let mark = json!({ "note_id": note });
        held.push(Held::start(app, &member, &Method::POST, "/api/readinglists", &mark).await);
    }
    let there = [admin, &author, &member].map(|client| client.at(there));
    lose(way, &there, &team, &path).await;
    let mut wrong = Vec::new();
    for app in apps {
        let one = member.at(app).get(&path).await;
        let list = member.at(app).get(&format!("/api/users/author{trial}/notes")).await;
        let found = member.at(app).get(&format!("/api/notes?search=xylophone+{trial}+of")).await;
        let is_told = one.status != 404 || [list, found].iter().any(|list| list.text != "[]");
        wrong.extend(is_told.then(|| format!("{way}: the note was shown")));
    }
    for held in held {
        let (status, body) = held.finish().await;
        wrong.extend((status != 422).then(|| format!("{way}: marked with {status} {body}")));
    }
    wrong
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_that_a_member_loses_is_shown_by_none_of_three_instances() {
    let apps = TestApp::three().await;
    let admin = &apps[0].admin().await;
    let workers = (0..WORKERS).map(async |worker| {
        let mut wrong = Vec::new();
        for trial in (worker..trials()).step_by(WORKERS) {
            wrong.extend(try_one(trial, &apps, admin).await);
        }
        wrong
    });
    let wrong = join_all(workers).await.concat();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(apps[0].database.number("SELECT COUNT(*) FROM user_notes").await, 0);
}
