use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    ops::AddAssign,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{Answer, Client};

/// How many write at once.
const WRITERS: usize = 8;

/// How many members each of the two sets has.
const MEMBERS: usize = 10;

/// A response that takes longer counts as missing.
const PATIENCE: Duration = Duration::from_secs(20);

/// The pause between a failure and the next try.
const PAUSE: Duration = Duration::from_millis(5);

/// Eight users who write concurrently, whatever happens to the service or its database, and compare
/// what is there afterwards with what was acknowledged: all of it, nothing twice, nothing in part.
///
/// Each writes notes, marks them, and replaces all members of a team each time.
#[derive(Debug)]
pub struct Writers {
    anyone: Client,
    writers: Vec<Writer>,
}

/// How many writes got which kind of response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// With a 200 or a 201.
    pub acknowledged: u32,
    /// With a 503: it may have been done or not.
    pub refused: u32,
    /// None, as the connection broke: it may have been done or not.
    pub unanswered: u32,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, Self { acknowledged, refused, unanswered }: Self) {
        self.acknowledged += acknowledged;
        self.refused += refused;
        self.unanswered += unanswered;
    }
}

/// How many rows there are of all that the writers wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// Their notes.
    pub notes: i64,
    /// Their marks.
    pub marks: i64,
    /// The members of their teams, including owners.
    pub memberships: i64,
}

impl AddAssign for Rows {
    fn add_assign(&mut self, Self { notes, marks, memberships }: Self) {
        self.notes += notes;
        self.marks += marks;
        self.memberships += memberships;
    }
}

impl Writers {
    /// Signs up the writers and the members of their teams, with the service at this URL.
    pub async fn sign_up(base: &str) -> Self {
        let anyone = Client::of(base);
        let mut sets = [Vec::new(), Vec::new()];
        for number in 0..2 * MEMBERS {
            sets[number % 2].push(anyone.sign_up(&format!("member{number}")).await);
        }
        let mut writers = Vec::new();
        for number in 0..WRITERS {
            writers.push(Writer::sign_up(&anyone, format!("writer{number}"), &sets).await);
        }
        Self { anyone, writers }
    }

    /// Uses the service at this URL from now on.
    pub fn move_to(&mut self, base: &str) {
        let clients = self.writers.iter_mut().map(|writer| &mut writer.client);
        for client in clients.chain([&mut self.anyone]) {
            client.move_to(base);
        }
    }

    /// Lets all write until the end comes, each one write after the other, while somebody looks at
    /// the teams.
    ///
    /// # Panics
    /// If an answer is neither a success nor a 503, or does not come in time; or half of a set of
    /// members is seen.
    pub async fn write_until<T>(&mut self, end: impl Future<Output = T>) -> (T, Tally) {
        let over = Arc::new(AtomicBool::new(false));
        let teams = self.writers.iter().map(|writer| writer.team.clone()).collect();
        let looking = tokio::spawn(look_on(self.anyone.clone(), teams, over.clone()));
        let writing = self.writers.drain(..).map(|writer| tokio::spawn(writer.write(over.clone())));
        let writing: Vec<_> = writing.collect();
        let ended = end.await;
        over.store(true, Ordering::Relaxed);
        let mut tally = Tally::default();
        for writer in writing {
            let (writer, answers) = writer.await.expect("a writer goes on");
            self.writers.push(writer);
            tally += answers;
        }
        looking.await.expect("whole sets only");
        (ended, tally)
    }

    /// Looks for what was acknowledged since the last check.
    ///
    /// # Panics
    /// If some of it is missing or there twice, or another set of members than the last one.
    pub async fn check(&mut self) {
        for writer in &mut self.writers {
            writer.check().await;
        }
    }

    /// Looks for all that was ever acknowledged, and counts what is there.
    ///
    /// # Panics
    /// As [`Writers::check`].
    pub async fn check_all(&mut self) -> Rows {
        let mut rows = Rows::default();
        for writer in &mut self.writers {
            writer.notes.checked = 0;
            writer.marks.checked = 0;
            rows += writer.check().await;
        }
        rows
    }
}

/// Looks at one team after the other.
async fn look_on(anyone: Client, teams: Vec<Team>, over: Arc<AtomicBool>) {
    let mut teams = teams.iter().cycle();
    while let (false, Some(team)) = (over.load(Ordering::Relaxed), teams.next()) {
        match ask(&anyone, Method::GET, &team.path, None).await {
            Ok(answer) if answer.status == 200 => drop(team.members(&answer.body)),
            Ok(answer) => assert_eq!(answer.status, 503, "{}", answer.text),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// An answer, or none because the connection broke.
async fn ask(
    client: &Client,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> reqwest::Result<Answer> {
    let mut request = client.request(method, path).timeout(PATIENCE);
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = Answer::of(request).await;
    if let Err(error) = &answer {
        assert!(!error.is_timeout(), "{path} is not answered");
    }
    answer
}

#[derive(Debug)]
struct Writer {
    name: String,
    client: Client,
    team: Team,
    /// The sets of members that may be there: the last one that was acknowledged, and that of a
    /// request since then.
    members: BTreeSet<usize>,
    notes: Ledger,
    marks: Ledger,
    round: usize,
    tally: Tally,
}

impl Writer {
    async fn sign_up(anyone: &Client, name: String, sets: &[Vec<i64>; 2]) -> Self {
        anyone.sign_up(&name).await;
        let client = anyone.log_in(&name).await;
        let team = client.post("/api/teams", json!({ "name": name })).await.created();
        let path = format!("/api/teams/{}", team["id"]);
        let sets = sets.clone().map(|set| [&[client.id], &set[..]].concat());
        let team = Team { path, sets: sets.map(BTreeSet::from_iter) };
        let mut writer = Self {
            name,
            client,
            team,
            members: BTreeSet::new(),
            notes: Ledger::default(),
            marks: Ledger::default(),
            round: 0,
            tally: Tally::default(),
        };
        writer.set_members().await;
        writer
    }

    async fn write(mut self, over: Arc<AtomicBool>) -> (Self, Tally) {
        while !over.load(Ordering::Relaxed) {
            self.round += 1;
            if let Some(id) = self.note().await {
                self.mark(id).await;
            }
            self.set_members().await;
        }
        let tally = std::mem::take(&mut self.tally);
        (self, tally)
    }

    async fn note(&mut self) -> Option<i64> {
        let content = format!("{} {}", self.name, self.round);
        let note = json!({ "content": content });
        self.notes.sent.insert(content.clone());
        let note = self.send(Method::POST, "/api/notes", note).await?;
        Some(self.notes.acknowledge(&note["id"], content))
    }

    async fn mark(&mut self, note_id: i64) -> Option<i64> {
        self.marks.sent.insert(note_id.to_string());
        let mark = json!({ "note_id": note_id });
        let mark = self.send(Method::POST, "/api/readinglists", mark).await?;
        Some(self.marks.acknowledge(&mark["id"], note_id.to_string()))
    }

    async fn set_members(&mut self) {
        let next = self.round % 2;
        self.members.insert(next);
        let path = format!("{}/members", self.team.path);
        let set = json!({ "user_ids": self.team.sets[next] });
        if let Some(team) = self.send(Method::PUT, &path, set).await {
            assert_eq!(self.team.members(&team), next);
            self.members = BTreeSet::from([next]);
        }
    }

    /// The body of what was acknowledged.
    async fn send(&mut self, method: Method, path: &str, body: Value) -> Option<Value> {
        match ask(&self.client, method, path, Some(body)).await {
            Ok(answer) if answer.status.is_success() => {
                self.tally.acknowledged += 1;
                return Some(answer.body);
            }
            Ok(answer) => {
                assert_eq!(answer.status, 503, "{path}: {}", answer.text);
                self.tally.refused += 1;
            }
            Err(_) => self.tally.unanswered += 1,
        }
        tokio::time::sleep(PAUSE).await;
        None
    }

    async fn check(&mut self) -> Rows {
        let notes = format!("/api/notes?user={}&limit=200", self.name);
        let notes = self.read(&notes, "/id", "/content", self.notes.checked).await;
        let marks = "/api/readinglists?limit=200";
        let marks = self.read(marks, "/reading/id", "/id", self.marks.checked).await;
        let team = ask(&self.client, Method::GET, &self.team.path, None).await;
        let team = team.expect("an answer").ok();
        let set = self.team.members(&team);
        assert!(self.members.contains(&set), "{set} is none of {:?}", self.members);
        self.members = BTreeSet::from([set]);
        Rows {
            notes: self.notes.check(notes),
            marks: self.marks.check(marks),
            memberships: team["user_count"].as_i64().expect("a number"),
        }
    }

    /// The items of a list, newest first, as far as this id: what is at these pointers.
    async fn read(&self, list: &str, id: &str, what: &str, after: i64) -> Vec<(i64, String)> {
        let mut items = Vec::new();
        let mut next = Some(list.to_owned());
        while let Some(path) = next {
            let answer = ask(&self.client, Method::GET, &path, None).await.expect("an answer");
            next = answer.next();
            for item in answer.ok().as_array().expect("a list") {
                let id = item.pointer(id).and_then(Value::as_i64).expect("an id");
                if id <= after {
                    return items;
                }
                let what = item.pointer(what).expect("a value");
                items.push((id, what.as_str().map_or_else(|| what.to_string(), str::to_owned)));
            }
        }
        items
    }
}

/// A team and the two sets of members that it alternates between, each with the owner.
#[derive(Clone, Debug)]
struct Team {
    path: String,
    sets: [BTreeSet<i64>; 2],
}

impl Team {
    /// Which of the two sets the team has; anything else would be half a change.
    fn members(&self, team: &Value) -> usize {
        let users = team["users"].as_array().expect("users");
        let ids = users.iter().map(|user| user["id"].as_i64().expect("an id")).collect();
        let set = self.sets.iter().position(|set| *set == ids);
        assert_eq!(users.len(), ids.len(), "duplicate member: {team}");
        set.unwrap_or_else(|| panic!("not one of the sets: {team}"))
    }
}

/// What one writer has written to one table.
#[derive(Debug, Default)]
struct Ledger {
    sent: HashSet<String>,
    acknowledged: BTreeMap<i64, String>,
    /// The id up to which everything was checked.
    checked: i64,
}

impl Ledger {
    fn acknowledge(&mut self, id: &Value, what: String) -> i64 {
        let id = id.as_i64().expect("an id");
        let before = self.acknowledged.insert(id, what);
        assert_eq!(before, None, "id {id} was assigned twice");
        id
    }

    /// Checks that all that was acknowledged is among the rows found, and returns how many there are.
    fn check(&mut self, found: Vec<(i64, String)>) -> i64 {
        let mut seen = HashSet::new();
        for (id, what) in &found {
            assert!(self.sent.contains(what), "{id} was never sent: {what}");
            assert!(seen.insert(what), "duplicate: {what}");
        }
        let found: BTreeMap<i64, String> = found.into_iter().collect();
        for (id, what) in self.acknowledged.range(self.checked + 1..) {
            assert_eq!(found.get(id), Some(what), "{id} was acknowledged but lost");
        }
        self.checked = found.keys().max().copied().unwrap_or(self.checked);
        i64::try_from(found.len()).expect("not so many")
    }
}
