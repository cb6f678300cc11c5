//! Probes: whether the process is up, and whether it is ready.

use std::time::Duration;

use api_macros::operation;
use service::Error;
use tokio::time::timeout;

use crate::http::{
    problem::Problem,
    reply::{PlainText, Reply},
    state::AppState,
};

/// How long a probe waits for the database.
pub(super) const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// Reports that the process is alive.
#[operation]
pub(crate) async fn live() -> Result<Reply<PlainText>, Problem> {
    Ok(Reply::text("ok\n"))
}

/// Reports whether the database responds and takes changes, and no migration is pending.
#[operation]
pub(crate) async fn ready(state: AppState) -> Result<Reply<PlainText>, Problem> {
    let answer = timeout(PROBE_TIMEOUT, state.db.require_ready()).await;
    answer.unwrap_or_else(|_| Err(Error::unavailable("the database does not respond")))?;
    Ok(Reply::text("ok\n"))
}
