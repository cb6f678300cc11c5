//! `/metrics`: what the service counts, in Prometheus' text format.

use actix_web::HttpResponse;
use api_macros::operation;
use prometheus::TEXT_FORMAT;
use service::sessions;
use tokio::time::timeout;

use super::health::PROBE_TIMEOUT;
use crate::http::{
    metrics::Gauges,
    problem::Problem,
    reply::{PlainText, Reply},
    state::{AppState, State},
};

/// Returns the service's metrics in the Prometheus text format.
#[operation]
pub(crate) async fn metrics(state: AppState) -> Result<Reply<PlainText>, Problem> {
    let text = state.metrics.render(&gauges(&state).await)?;
    let content_type = format!("{TEXT_FORMAT}; charset=utf-8");
    Ok(Reply::new(HttpResponse::Ok().content_type(content_type).body(text)))
}

async fn gauges(state: &State) -> Gauges {
    let live = timeout(PROBE_TIMEOUT, sessions::count_live(state.db.reader(), &state.auth)).await;
    Gauges {
        pools: state.db.pools(),
        replicas: state.db.replicas(),
        wal_bytes: state.db.wal_bytes().and_then(|bytes| bytes.try_into().ok()),
        hashing_queue: state.auth.passwords.queued(),
        // Omitted while the database does not respond, when the other metrics are needed most.
        live_sessions: live.ok().and_then(Result::ok).and_then(|live| live.try_into().ok()),
    }
}
