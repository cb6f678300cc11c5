//! Changed export files: by accident, which the checksum reveals, or on purpose, which it does not. Tried
//! on generated changes: a few by default, or `PROPTEST_CASES` of them.

mod accidents;
mod edits;
mod versions;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use proptest::{
    strategy::Strategy,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};
use service::{
    Db, DbSettings, PasswordCost,
    transfer::{self, TransferError, Transferred},
};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use testkit::TestDatabase;
use tokio::runtime::{Builder, Runtime};

const HEADER: &str = r#"{"header":{"format":"teamnotes export","version":3}}"#;

/// Rows of every kind, in the order of a file.
const ROWS: &str = r#"{"user":{"id":1,"username":"admin","name":"Admin","password_hash":null,"admin":true,"disabled":false,"created_at":"2024-02-29T23:59:59.123456Z","updated_at":"2024-02-29T23:59:59.123456Z"}}
{"user":{"id":2,"username":"alice","name":"Älice \\ \"Walker\"","password_hash":"$argon2id$v=19$m=8,t=1,p=1$c29tZXRoaW5ncmFuZG9t$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","admin":false,"disabled":true,"created_at":"2024-03-01T00:00:00Z","updated_at":"2024-03-02T00:00:00Z"}}
{"user":{"id":5,"username":"bob","name":"Bob","password_hash":null,"admin":false,"disabled":false,"created_at":"2024-03-01T00:00:00Z","updated_at":"2024-03-02T00:00:00Z"}}
{"team":{"id":1,"name":"Operations"}}
{"team":{"id":3,"name":"operations"}}
{"membership":{"id":1,"user_id":1,"team_id":1,"role":"owner","joined_at":"2024-03-01T00:00:00Z"}}
{"membership":{"id":2,"user_id":2,"team_id":1,"role":"member","joined_at":"2024-03-01T00:00:00Z"}}
{"membership":{"id":9,"user_id":2,"team_id":3,"role":"owner","joined_at":"2024-03-01T00:00:00Z"}}
{"note":{"id":1,"content":"One\nline, another 🦀","important":true,"date":"0001-01-01T00:00:00Z","user_id":2,"created_at":"2024-03-01T00:00:00Z","updated_at":"2024-03-02T00:00:00Z"}}
{"note":{"id":2,"content":"Two","important":false,"date":"9999-12-31T23:59:59.999999Z","user_id":5,"created_at":"2024-03-01T00:00:00Z","updated_at":"2024-03-02T00:00:00Z"}}
{"note":{"id":3,"content":"Three","important":false,"date":"2024-03-01T00:00:00Z","user_id":2,"created_at":"2024-03-01T00:00:00Z","updated_at":"2024-03-02T00:00:00Z","version":4,"visibility":"team"}}
{"note":{"id":4,"content":"Four","important":false,"date":"2024-03-01T00:00:00Z","user_id":5,"created_at":"2024-03-01T00:00:00Z","updated_at":"2024-03-02T00:00:00Z","version":1,"visibility":"private"}}
{"share":{"id":1,"note_id":3,"team_id":1}}
{"share":{"id":3,"note_id":3,"team_id":3}}
{"mark":{"id":1,"user_id":1,"note_id":1,"read":true}}
{"mark":{"id":2,"user_id":1,"note_id":2,"read":false}}
{"mark":{"id":4,"user_id":2,"note_id":2,"read":false}}
{"last_ids":{"users":7,"teams":3,"memberships":9,"notes":4,"marks":4,"shares":5}}
"#;

fn rows() -> Vec<Value> {
    ROWS.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A file with these rows and a correct last line.
fn sealed(rows: &[Value]) -> String {
    let count = |kind| rows.iter().filter(|row| row.get(kind).is_some()).count();
    let lines = rows.iter().map(|row| format!("{row}\n"));
    let lines = format!("{HEADER}\n{}", lines.collect::<String>());
    let sha256: String = Sha256::digest(&lines).iter().map(|byte| format!("{byte:02x}")).collect();
    let counts = json!({
        "users": count("user"), "teams": count("team"), "memberships": count("membership"),
        "notes": count("note"), "shares": count("share"), "marks": count("mark"),
    });
    format!("{lines}{}\n", json!({ "end": { "counts": counts, "sha256": sha256 } }))
}

/// An empty database, the files next to it, and a runtime.
struct Lab {
    db: Db,
    database: TestDatabase,
    directory: TempDir,
    runtime: Runtime,
}

impl Lab {
    fn start() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let database = runtime.block_on(TestDatabase::migrated());
        let db = runtime.block_on(Db::connect(&DbSettings::new(database.url()))).unwrap();
        Self { db, database, directory: tempfile::tempdir().unwrap(), runtime }
    }

    fn write(&self, bytes: &[u8]) -> PathBuf {
        let file = self.directory.path().join("file");
        fs::write(&file, bytes).unwrap();
        file
    }

    fn verify(&self, bytes: &[u8]) -> Result<Transferred, TransferError> {
        transfer::verify(&self.write(bytes), PasswordCost::MAX)
    }

    fn import(&self, file: &Path) -> Result<Transferred, TransferError> {
        self.runtime.block_on(transfer::import(&self.db, file, PasswordCost::MAX, &|_, _| {}))
    }

    /// The contents of an export to a file with this name.
    fn export(&self, name: &str) -> Vec<u8> {
        let file = self.directory.path().join(name);
        let exported = self.runtime.block_on(transfer::export(&self.db, &file, &|_, _| {}));
        let exported = exported.unwrap();
        assert_eq!(transfer::verify(&file, PasswordCost::MAX).unwrap(), exported);
        let bytes = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        bytes
    }

    /// The contents of an export of all rows.
    fn sample(&self, name: &str) -> Vec<u8> {
        self.import(&self.write(sealed(&rows()).as_bytes())).unwrap();
        let sample = self.export(name);
        self.clear();
        sample
    }

    fn clear(&self) {
        let clear = "DELETE FROM users; DELETE FROM teams";
        self.runtime.block_on(self.database.execute(clear));
    }

    /// How many rows there are, except sessions.
    fn count(&self) -> i64 {
        let tables = ["users", "teams", "memberships", "notes", "note_teams", "user_notes"];
        let counts = tables.map(|table| format!("(SELECT COUNT(*) FROM {table})"));
        let sum = format!("SELECT CAST({} AS bigint)", counts.join(" + "));
        self.runtime.block_on(self.database.number(&sum))
    }
}

/// Tries a property on this many inputs, unless `PROPTEST_CASES` is set.
fn try_on<S: Strategy>(cases: u32, inputs: S, property: impl Fn(S::Value)) {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    let tried = TestRunner::new(config).run(&inputs, |input| {
        property(input);
        Ok(())
    });
    if let Err(error) = tried {
        panic!("{error}");
    }
}
