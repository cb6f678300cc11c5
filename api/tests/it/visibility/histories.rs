//! Random histories with readers beside them: no answer holds a note that its reader could not see at any moment of the
//! request, and counts are those of a recount. `PROPTEST_CASES=500` tries that many.

use std::{
    collections::BTreeSet,
    env,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use futures_util::future::join_all;
use proptest::{
    collection::vec,
    prop_oneof,
    strategy::Strategy,
    test_runner::{Config, TestRunner},
};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Client, TestApp};
use tokio::runtime::Builder;

/// Who joins teams and leaves them, and reads all the time. An admin and somebody anonymous read too.
const MEMBERS: [&str; 2] = ["bob", "carol"];

/// What they read, time and again.
const READ: [&str; 4] =
    ["/api/notes", "/api/users/alice", "/api/users", "/api/notes?search=note&sort=date"];

#[derive(Clone, Copy, Debug)]
enum Step {
    Write { visibility: usize, teams: usize },
    Change { nth: usize, visibility: usize, teams: usize },
    Delete { nth: usize },
    Share { nth: usize, team: usize },
    Unshare { nth: usize, team: usize },
    Join { member: usize, team: usize },
    Leave { member: usize, team: usize },
    DeleteTeam { team: usize },
}

fn histories() -> impl Strategy<Value = Vec<Step>> {
    let (nth, visibility, teams) = (|| 0..6_usize, || 0..3_usize, || 1..4_usize);
    let (team, member) = (|| 0..2_usize, || 0..MEMBERS.len());
    let step = prop_oneof![
        4 => (visibility(), teams()).prop_map(|(visibility, teams)| Step::Write { visibility, teams }),
        4 => (nth(), visibility(), teams())
            .prop_map(|(nth, visibility, teams)| Step::Change { nth, visibility, teams }),
        1 => nth().prop_map(|nth| Step::Delete { nth }),
        2 => (nth(), team()).prop_map(|(nth, team)| Step::Share { nth, team }),
        2 => (nth(), team()).prop_map(|(nth, team)| Step::Unshare { nth, team }),
        3 => (member(), team()).prop_map(|(member, team)| Step::Join { member, team }),
        3 => (member(), team()).prop_map(|(member, team)| Step::Leave { member, team }),
        1 => team().prop_map(|team| Step::DeleteTeam { team }),
    ];
    vec(step, 4..16)
}

/// A note as the steps so far have left it. Its `number` is its text.
#[derive(Clone, Debug)]
struct Note {
    number: usize,
    visibility: &'static str,
    teams: BTreeSet<usize>,
}

/// What the steps so far have led to: notes, and the members of each team that is left.
#[derive(Clone, Debug)]
struct State {
    notes: Vec<Note>,
    teams: [Option<BTreeSet<usize>>; 2],
}

impl State {
    fn team(&self, team: usize) -> bool {
        self.teams[team].is_some()
    }

    /// Those of these teams, as bits, that are left.
    fn teams(&self, teams: usize) -> BTreeSet<usize> {
        (0..2).filter(|team| teams & (1 << team) != 0 && self.team(*team)).collect()
    }

    /// The texts of the notes that a reader sees; members come first, and others only see public ones.
    fn seen_by(&self, reader: usize) -> BTreeSet<usize> {
        let is_in =
            |team: &usize| self.teams[*team].as_ref().is_some_and(|of| of.contains(&reader));
        let is_seen = |note: &&Note| {
            note.visibility == "public"
                || (note.visibility == "team" && note.teams.iter().any(is_in))
        };
        self.notes.iter().filter(is_seen).map(|note| note.number).collect()
    }

    /// The state after a step, or none if the step has no effect.
    fn after(&self, step: Step, number: usize) -> Option<Self> {
        let mut next = self.clone();
        let visibility = |visibility: usize| ["public", "team", "private"][visibility];
        match step {
            Step::Write { visibility: of, teams } => {
                let (visibility, mut teams) = (visibility(of), self.teams(teams));
                if visibility == "team" && teams.is_empty() {
                    return None;
                }
                teams.retain(|_| visibility == "team");
                next.notes.push(Note { number, visibility, teams });
            }
            Step::Change { nth, visibility: to, teams } => {
                let (visibility, mut teams) = (visibility(to), self.teams(teams));
                if visibility == "team" && teams.is_empty() {
                    return None;
                }
                teams.retain(|_| visibility == "team");
                let note = next.notes.get_mut(nth)?;
                (note.visibility, note.teams) = (visibility, teams);
            }
            Step::Delete { nth } if nth < self.notes.len() => drop(next.notes.remove(nth)),
            Step::Share { nth, team } if self.team(team) => {
                let note = next.notes.get_mut(nth).filter(|note| note.visibility == "team")?;
                note.teams.insert(team);
            }
            Step::Unshare { nth, team } => {
                let note = next.notes.get_mut(nth).filter(|note| note.teams.len() == 2)?;
                note.teams.remove(&team);
            }
            Step::Join { member, team } => drop(next.teams[team].as_mut()?.insert(member)),
            Step::Leave { member, team } => {
                next.teams[team].as_mut().filter(|of| of.contains(&member))?.remove(&member);
            }
            Step::DeleteTeam { team } if self.team(team) => {
                next.teams[team] = None;
                for note in &mut next.notes {
                    if note.teams.remove(&team) && note.teams.is_empty() {
                        note.visibility = "private";
                    }
                }
            }
            _ => return None,
        }
        Some(next)
    }
}

/// The service, and who uses it. Each history has teams of its own.
struct Scene {
    app: TestApp,
    author: Client,
    members: Vec<Client>,
    admin: Client,
}

impl Scene {
    async fn open() -> Self {
        let app = TestApp::start().await;
        let author = app.user("alice").await;
        let mut members = Vec::new();
        for name in MEMBERS {
            members.push(app.user(name).await);
        }
        let admin = app.admin().await;
        Self { app, author, members, admin }
    }

    /// Takes one step after the other, while readers look at all that they can see.
    async fn play(&self, history: Vec<Step>) {
        let mut teams = Vec::new();
        for name in ["One", "Two"] {
            let team = self.author.post("/api/teams", json!({ "name": name })).await.created();
            teams.push(team["id"].as_i64().unwrap());
        }
        let mut states =
            vec![State { notes: Vec::new(), teams: [Some([].into()), Some([].into())] }];
        let mut steps = Vec::new();
        for (number, step) in history.into_iter().enumerate() {
            if let Some(next) = states[steps.len()].after(step, number) {
                steps.push(step);
                states.push(next);
            }
        }
        let [started, completed] = [(); 2].map(|()| AtomicUsize::new(0));
        let is_over = AtomicBool::new(false);
        let acting = async {
            let mut ids = Vec::new();
            for (at, step) in steps.iter().enumerate() {
                started.store(at + 1, Ordering::SeqCst);
                self.take(*step, &states[at + 1], &teams, &mut ids).await;
                completed.store(at + 1, Ordering::SeqCst);
            }
            is_over.store(true, Ordering::SeqCst);
            ids
        };
        let anyone = self.app.anonymous();
        let readers = self.members.iter().chain([&self.admin, &anyone]).enumerate();
        let reading = readers.map(async |(reader, client)| {
            for path in READ.into_iter().cycle() {
                let from = completed.load(Ordering::SeqCst);
                let answer = client.get(path).await;
                let until = started.load(Ordering::SeqCst);
                let seen = texts(&answer.body);
                let could_see: BTreeSet<usize> =
                    states[from..=until].iter().flat_map(|state| state.seen_by(reader)).collect();
                assert!(seen.is_subset(&could_see), "{path} told {reader}: {}", answer.text);
                let must_see = states[from..=until].iter().map(|state| state.seen_by(reader));
                let must_see = must_see.reduce(|all, seen| &all & &seen).unwrap();
                if path == "/api/notes" {
                    assert!(seen.is_superset(&must_see), "{reader} lacks some of {must_see:?}");
                }
                if is_over.load(Ordering::SeqCst) {
                    break;
                }
            }
        });
        let (ids, _) = tokio::join!(acting, join_all(reading));
        self.check_counts(&states[steps.len()]).await;
        self.clear(&ids, &teams).await;
    }

    async fn take(&self, step: Step, after: &State, teams: &[i64], ids: &mut Vec<i64>) {
        let sharing = |note: &Note| {
            let shared: Vec<i64> = note.teams.iter().map(|team| teams[*team]).collect();
            match note.visibility {
                "team" => json!({ "visibility": "team", "team_ids": shared }),
                visibility => json!({ "visibility": visibility }),
            }
        };
        let author = &self.author;
        match step {
            Step::Write { .. } => {
                let note = after.notes.last().unwrap();
                let mut new = sharing(note);
                new["content"] = json!(format!("note {}", note.number));
                let written = author.post("/api/notes", new).await.created();
                ids.push(written["id"].as_i64().unwrap());
            }
            Step::Change { nth, .. } => {
                let changed = sharing(&after.notes[nth]);
                author.put(&format!("/api/notes/{}", ids[nth]), changed).await.ok();
            }
            Step::Delete { nth } => {
                author.delete(&format!("/api/notes/{}", ids.remove(nth))).await.no_content();
            }
            Step::Share { nth, team } => {
                let path = format!("/api/notes/{}/teams/{}", ids[nth], teams[team]);
                assert!(author.send(Method::PUT, &path, None).await.status.is_success());
            }
            Step::Unshare { nth, team } => {
                let path = format!("/api/notes/{}/teams/{}", ids[nth], teams[team]);
                author.delete(&path).await.no_content();
            }
            Step::Join { member, team } => {
                let path = format!("/api/teams/{}/members/{}", teams[team], MEMBERS[member]);
                assert!(author.send(Method::PUT, &path, None).await.status.is_success());
            }
            Step::Leave { member, team } => {
                let path = format!("/api/teams/{}/members/{}", teams[team], MEMBERS[member]);
                self.members[member].delete(&path).await.no_content();
            }
            Step::DeleteTeam { team } => {
                author.delete(&format!("/api/teams/{}", teams[team])).await.no_content();
            }
        }
    }

    /// The kept count is that of the public notes, and what each reader is told that of what they see.
    async fn check_counts(&self, last: &State) {
        let public = last.notes.iter().filter(|note| note.visibility == "public").count();
        let recounted = "SELECT COUNT(*) FROM notes WHERE visibility = 'public'";
        assert_eq!(usize::try_from(self.app.database.number(recounted).await), Ok(public));
        let kept = "SELECT CAST(COALESCE(SUM(notes), 0) AS bigint) FROM note_counts";
        assert_eq!(usize::try_from(self.app.database.number(kept).await), Ok(public));
        for (reader, client) in self.members.iter().chain([&self.admin]).enumerate() {
            let user = client.get("/api/users/alice").await.ok();
            assert_eq!(user["visible_note_count"], last.seen_by(reader).len());
            assert_eq!(texts(&user["notes"]), last.seen_by(reader));
        }
        let own = self.author.get("/api/users/alice").await.ok();
        assert_eq!(own["visible_note_count"], last.notes.len());
    }

    async fn clear(&self, ids: &[i64], teams: &[i64]) {
        for id in ids {
            self.author.delete(&format!("/api/notes/{id}")).await.no_content();
        }
        for team in teams {
            let deleted = self.author.delete(&format!("/api/teams/{team}")).await;
            assert!([204, 404].contains(&deleted.status.as_u16()), "{}", deleted.text);
        }
    }
}

/// The numbers in the texts of all notes in an answer, however deep.
fn texts(body: &Value) -> BTreeSet<usize> {
    match body {
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => {
            let own = members.get("content").and_then(Value::as_str);
            let own = own.map(|text| text.trim_start_matches("note ").parse().unwrap());
            own.into_iter().chain(members.values().flat_map(texts)).collect()
        }
        _ => BTreeSet::new(),
    }
}

#[test]
fn readers_see_what_they_may_at_every_moment_of_any_history() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let scene = runtime.block_on(Scene::open());
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 20;
    }
    let tried = TestRunner::new(config).run(&histories(), |history| {
        runtime.block_on(scene.play(history));
        Ok(())
    });
    if let Err(error) = tried {
        panic!("{error}");
    }
}
