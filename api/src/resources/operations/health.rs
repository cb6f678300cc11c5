//! Whether the process serves, and whether it can do its work.

use std::time::Duration;

use actix_web::{HttpResponse, Responder, http::header::ContentType};

use service::Error;
use tokio::time::timeout;

use crate::{http::openapi::ServerProblems, http::problem::Problem, http::state::AppState};

/// How long a probe waits for the database.
pub(crate) const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// Whether the process serves.
#[utoipa::path(get, path = "/healthz", tag = "operations",
    responses((status = 200, description = "It serves", body = str, content_type = "text/plain"), ServerProblems))]
pub(crate) async fn live() -> impl Responder {
    HttpResponse::Ok().content_type(ContentType::plaintext()).body("ok\n")
}

/// Whether the database answers and no migration is pending.
#[utoipa::path(get, path = "/readyz", tag = "operations",
    responses((status = 200, description = "It can do its work", body = str, content_type = "text/plain"),
        ServerProblems))]
pub(crate) async fn ready(state: AppState) -> Result<impl Responder, Problem> {
    let answer = timeout(PROBE_TIMEOUT, state.db.require_ready()).await;
    answer.unwrap_or_else(|_| Err(Error::unavailable("the database does not answer")))?;
    Ok(HttpResponse::Ok().content_type(ContentType::plaintext()).body("ok\n"))
}
