//! What servers that only resemble PostgreSQL do differently, according to the documentation of CockroachDB and
//! YugabyteDB.

/// What `version()` returns.
const VERSION: &str = "'CockroachDB CCL v24.1.0 (x86_64-pc-linux-gnu)'::text";

/// Parts of statements that they don't know.
const UNKNOWN: [&str; 3] = ["pg_advisory_xact_lock", "pg_try_advisory_xact_lock", "LOCK TABLE"];

/// What changes of a schema begin with.
const SCHEMA_CHANGES: [&str; 4] = ["CREATE", "ALTER", "DROP", "COMMENT"];

/// What the proxy does with a statement.
pub(super) enum Treatment {
    /// It is run as it is.
    Same,
    /// This is run instead.
    Instead(String),
    /// The transaction is committed before it, and another one begun.
    CommitBefore,
    /// It fails.
    Unknown,
}

impl Treatment {
    pub(super) fn of(sql: &str, is_in_transaction: bool) -> Self {
        let changes_schema = SCHEMA_CHANGES.iter().any(|word| sql.starts_with(word));
        if UNKNOWN.iter().any(|part| sql.contains(part)) {
            Self::Unknown
        } else if sql.contains("version()") {
            Self::Instead(sql.replace("version()", VERSION))
        } else if changes_schema && is_in_transaction {
            Self::CommitBefore
        } else {
            Self::Same
        }
    }
}
