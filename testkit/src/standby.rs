use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::{TestDatabase, database::number_at};

/// A streaming standby of the PostgreSQL server that the tests use, which is stopped when this is dropped.
#[derive(Debug)]
pub struct Standby {
    process: Child,
    /// Its port on loopback.
    pub port: u16,
}

impl Standby {
    /// Copies the server and starts the copy, which takes a few seconds.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// A standby of this one.
    pub fn start_next(&self) -> Self {
        Self::start_with(&[&self.url_of("postgres")])
    }

    fn start_with(arguments: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/postgres-standby");
        let mut process = Command::new(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("scripts/postgres-standby runs");
        let mut port = String::new();
        let output = process.stdout.as_mut().expect("an output");
        BufReader::new(output).read_line(&mut port).expect("reads");
        let port = port.trim().parse().expect("a standby, which needs scripts/with-postgres");
        Self { process, port }
    }

    /// The number that a query returns from the standby's copy of a database.
    pub async fn number(&self, database: &TestDatabase, sql: &str) -> i64 {
        number_at(&self.url(database), sql).await
    }

    /// The URL of the standby's copy of a database.
    pub fn url(&self, database: &TestDatabase) -> String {
        let (_, name) = database.url().rsplit_once('/').expect("a URL with a database");
        self.url_of(name)
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://teamnotes@127.0.0.1:{}/{database}", self.port)
    }

    /// Has the standby follow the primary again.
    pub async fn resume(&self, database: &TestDatabase) {
        let resume = "SELECT 1::bigint FROM (SELECT pg_wal_replay_resume()) AS resumed";
        self.number(database, resume).await;
    }

    /// Makes it a primary, which takes changes once this returns.
    pub async fn promote(&self, database: &TestDatabase) {
        let promote = "SELECT pg_promote()::int::bigint";
        assert_eq!(self.number(database, promote).await, 1, "it was not promoted in time");
    }

    /// Keeps the standby as it is, whatever changes at the primary.
    pub async fn pause(&self, database: &TestDatabase) {
        let pause = "SELECT 1::bigint FROM (SELECT pg_wal_replay_pause()) AS paused";
        self.number(database, pause).await;
    }
}

impl Drop for Standby {
    fn drop(&mut self) {
        // The script ends with its input.
        drop(self.process.stdin.take());
        if let Err(error) = self.process.wait() {
            eprintln!("a standby was not stopped: {error}");
        }
    }
}
