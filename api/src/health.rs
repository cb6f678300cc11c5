//! Whether the process serves, and whether it can do its work.

use actix_web::{HttpResponse, Responder, http::header::ContentType};

use crate::{openapi::ServerProblems, problem::Problem, state::AppState};

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
    state.db.require_ready().await?;
    Ok(HttpResponse::Ok().content_type(ContentType::plaintext()).body("ok\n"))
}
