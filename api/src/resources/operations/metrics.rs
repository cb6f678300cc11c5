//! `/metrics`: what the service counts, in Prometheus' text format.

use actix_web::HttpResponse;
use prometheus::TEXT_FORMAT;
use service::sessions;
use tokio::time::timeout;

use super::health::PROBE_TIMEOUT;
use crate::{
    http::metrics::Gauges,
    http::openapi::ServerProblems,
    http::problem::Problem,
    http::state::{AppState, State},
};

/// What the service counts.
#[utoipa::path(get, path = "/metrics", tag = "operations",
    responses((status = 200, description = "Prometheus text", body = str, content_type = "text/plain"),
        ServerProblems))]
pub(crate) async fn metrics(state: AppState) -> Result<HttpResponse, Problem> {
    let text = state.metrics.render(&gauges(&state).await)?;
    Ok(HttpResponse::Ok().content_type(format!("{TEXT_FORMAT}; charset=utf-8")).body(text))
}

async fn gauges(state: &State) -> Gauges {
    let live = timeout(PROBE_TIMEOUT, sessions::count_live(&state.db, &state.auth)).await;
    Gauges {
        pools: state.db.pools(),
        hashing_queue: state.auth.passwords.queued(),
        // Omitted while the database does not answer: that is when the other numbers are looked at.
        live_sessions: live.ok().and_then(Result::ok),
    }
}
