use super::{Finding, Health};
use crate::{Db, ReplicaState, Result};

/// A replica that is further behind serves few reads, in bytes of the log.
const FAR_BEHIND: i64 = 16 * 1024 * 1024;

/// How far each replica is behind.
pub(super) async fn examine(db: &Db) -> Vec<Finding> {
    let states = db.replica_states().await;
    states.into_iter().map(|(place, state)| finding(&place, state)).collect()
}

fn finding(place: &str, state: Result<ReplicaState>) -> Finding {
    let found = Finding::of("replica", state.map(described));
    Finding { detail: format!("{place}: {}", found.detail), ..found }
}

fn described(ReplicaState { bytes, is_unsafe }: ReplicaState) -> Finding {
    let behind = format!("{bytes} bytes behind the primary");
    let (health, detail) = if is_unsafe {
        let why = "synchronous_commit is off: reads may miss what has just been written";
        (Health::Doubtful, format!("{behind}; {why}"))
    } else if bytes > FAR_BEHIND {
        (Health::Doubtful, format!("{behind}: that serves its reads"))
    } else {
        (Health::Good, behind)
    };
    Finding::new("replica", health, detail)
}
