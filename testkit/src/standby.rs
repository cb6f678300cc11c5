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
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/postgres-standby");
        let mut process = Command::new(script)
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
        let (_, name) = database.url().rsplit_once('/').expect("a URL with a database");
        let copy = format!("postgres://teamnotes@127.0.0.1:{}/{name}", self.port);
        number_at(&copy, sql).await
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
