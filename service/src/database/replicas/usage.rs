use std::sync::atomic::{AtomicU64, Ordering};

use super::super::read_pool::ReadPool;

/// What a replica has been used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaUse {
    /// Its host and port.
    pub place: String,
    /// Whether reads go there at present.
    pub is_serving: bool,
    /// How many statements, by pool and outcome.
    pub statements: Vec<(&'static str, &'static str, u64)>,
}

/// What has become of a statement that was meant for a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Served,
    /// The primary served it, since the replica was behind.
    Behind,
    /// The primary served it, since others had all connections to the replica.
    Busy,
    /// The primary served it, since the replica failed.
    Failed,
}

/// One of the pools that lead to a replica, and what it has been used for.
#[derive(Debug)]
pub(super) struct Branch {
    pub(super) pool: ReadPool,
    served: AtomicU64,
    behind: AtomicU64,
    busy: AtomicU64,
    failed: AtomicU64,
}

impl Branch {
    pub(super) fn new(pool: ReadPool) -> Self {
        let [served, behind, busy, failed] = [const { AtomicU64::new(0) }; 4];
        Self { pool, served, behind, busy, failed }
    }

    pub(super) fn count(&self, outcome: Outcome) {
        let counter = match outcome {
            Outcome::Served => &self.served,
            Outcome::Behind => &self.behind,
            Outcome::Busy => &self.busy,
            Outcome::Failed => &self.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> [(&'static str, u64); 4] {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("served", count(&self.served)),
            ("behind", count(&self.behind)),
            ("busy", count(&self.busy)),
            ("failed", count(&self.failed)),
        ]
    }
}
