use std::{fmt, time::Duration};

use migration::sqlite_file;

/// How to reach the database, and how much of it to use.
#[derive(Clone)]
pub struct DbSettings {
    /// `sqlite:FILE`, `sqlite::memory:` or `postgres://…`.
    pub url: String,
    /// `postgres://…` of standbys that may serve reads.
    pub replica_urls: Vec<String>,
    /// How long a read waits for a standby to have replayed what its request must see.
    pub replica_wait: Duration,
    /// How many connections at most, all pools together; on SQLite one more, which writes.
    pub max_connections: u32,
    /// How long a call waits for a free connection, and on SQLite for the write lock.
    pub acquire_timeout: Duration,
    /// How long a statement may run that reads a list or a single resource for a client.
    pub read_timeout: Duration,
    /// How long any other statement may run; on SQLite, a transaction that writes.
    pub statement_timeout: Duration,
    /// Statements that take longer are logged, without their values.
    pub slow_statement: Duration,
    /// What keeps two processes from migrating at once, and how long to wait for it.
    pub migration_lock: migration::Lock,
}

impl fmt::Debug for DbSettings {
    /// Omits the URL, which may contain a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DbSettings")
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}

impl DbSettings {
    /// The default settings for the database at this URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            replica_urls: Vec::new(),
            replica_wait: Duration::from_millis(10),
            max_connections: 16,
            acquire_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            slow_statement: Duration::from_secs(1),
            migration_lock: migration::Lock::default(),
        }
    }

    /// Whether the database is an SQLite one that is gone with its last connection.
    pub fn is_in_memory(&self) -> bool {
        self.is_sqlite() && sqlite_file::of(&self.url).is_none()
    }

    /// Whether the database is an SQLite one.
    pub fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }
}

/// How the connections are divided, so that one kind of work can't keep another from running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shares {
    /// For what everything else waits for: the checks of sessions and logins, and whether the database
    /// is ready.
    pub(super) sessions: u32,
    /// For queries that may scan a whole table.
    pub(super) searches: u32,
    /// For all other queries.
    pub(super) reads: u32,
    /// For transactions that write. An SQLite file has one writer at a time.
    pub(super) writes: u32,
}

impl Shares {
    /// More searches than this would keep all cores of a small machine busy.
    const MAX_SEARCHES: u32 = 3;

    pub(super) fn of(settings: &DbSettings) -> Self {
        let sessions = (settings.max_connections / 5).max(1);
        let searches = sessions.min(Self::MAX_SEARCHES);
        let others = settings.max_connections.saturating_sub(sessions + searches);
        let writes = if settings.is_sqlite() { 0 } else { others / 2 };
        Self { sessions, searches, reads: (others - writes).max(1), writes: writes.max(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connections_are_divided_and_every_kind_of_work_has_one() {
        let of = |url: &str, max_connections| {
            let shares = Shares::of(&DbSettings { max_connections, ..DbSettings::new(url) });
            (shares.sessions, shares.searches, shares.reads, shares.writes)
        };
        assert_eq!(of("postgres://db/teamnotes", 4), (1, 1, 1, 1));
        assert_eq!(of("postgres://db/teamnotes", 16), (3, 3, 5, 5));
        assert_eq!(of("postgres://db/teamnotes", 100), (20, 3, 39, 38));
        assert_eq!(of("sqlite:notes.db", 4), (1, 1, 2, 1));
        assert_eq!(of("sqlite:notes.db", 16), (3, 3, 10, 1));
        assert_eq!(of("sqlite:notes.db", 1), (1, 1, 1, 1));
    }
}
