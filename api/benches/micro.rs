//! Micro-benchmarks: single steps of requests. `cargo test --bench micro` runs each once.

#![expect(clippy::unwrap_used, reason = "a benchmark that can't continue fails on the spot")]

use std::hint::black_box;

use api::bench::{read_cursor, user_body, write_cursor};
use divan::Bencher;
use entity::NamePattern;
use service::{
    Actor, Auth, Db, DbSettings, Limits, PasswordCost, Passwords, Position, SessionRules, Throttle,
    TokenKeys, authenticate, demo,
    sessions::{self, LogIn},
    users::{self, Include, Password, Registration, UserKey},
};
use testkit::{PASSWORD, TestDatabase};
use tokio::runtime::Runtime;

fn main() {
    divan::main();
}

/// Made-up users, notes and marks.
struct World {
    runtime: Runtime,
    db: Db,
    auth: Auth,
    _database: TestDatabase,
}

impl World {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let passwords = Passwords::new(PasswordCost { memory: 8, passes: 1 }).unwrap();
        let (database, db) = runtime.block_on(async {
            let database = TestDatabase::migrated().await;
            let db = Db::connect(&DbSettings::new(database.url())).await.unwrap();
            let password = Password::parse(PASSWORD.into()).unwrap();
            demo::fill(&db, &passwords, 20, password, &|_, _| {}).await.unwrap();
            (database, db)
        });
        let auth = Auth {
            keys: TokenKeys::new(b"a secret of the benchmarks, and of nobody else"),
            passwords,
            sessions: SessionRules::default(),
            registration: Registration::Open,
            throttle: Throttle::new(Limits::default()),
        };
        Self { runtime, db, auth, _database: database }
    }
}

/// The check of a token, with its statement.
#[divan::bench]
fn token_check(bencher: Bencher) {
    let World { runtime, db, auth, .. } = &World::new();
    let request = LogIn {
        username: "user1".into(),
        password: PASSWORD.into(),
        address: None,
        user_agent: None,
    };
    let token = runtime.block_on(sessions::log_in(db, auth, request)).unwrap().token;
    bencher.bench(|| runtime.block_on(authenticate(db, auth, black_box(&token))).unwrap());
}

/// The body of a user with all lists, as JSON.
#[divan::bench]
fn user_as_json(bencher: Bencher) {
    let World { runtime, db, .. } = &World::new();
    let key = UserKey::parse("user1").unwrap();
    let include = Include { notes: true, marked_notes: true, teams: true, ..Include::default() };
    let user = users::get(db.reader(), &Actor::Anonymous, &key, include);
    let body = user_body(runtime.block_on(user).unwrap());
    bencher.bench(|| serde_json::to_vec(black_box(&body)).unwrap());
}

/// A position in a list that is sorted by name.
fn position() -> Position {
    serde_json::from_str(r#"{"id":1234567,"value":{"text":"élodie hämäläinen"}}"#).unwrap()
}

#[divan::bench]
fn cursor_written(bencher: Bencher) {
    let position = position();
    bencher.bench(|| write_cursor(black_box(&position)));
}

#[divan::bench]
fn cursor_read(bencher: Bencher) {
    let position = position();
    let cursor = write_cursor(&position);
    assert_eq!(read_cursor(&cursor), Some(position));
    bencher.bench(|| read_cursor(black_box(&cursor)));
}

/// The case folding of a text.
#[divan::bench(args = ["Operations", "ÉLODIE HÄMÄLÄINEN, Straße", "e\u{301}lodie ha\u{308}ma\u{308}la\u{308}inen"])]
fn case_folding(bencher: Bencher, text: &str) {
    bencher.bench(|| NamePattern::parse(black_box(text)));
}
