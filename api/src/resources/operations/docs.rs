//! `/docs`: the OpenAPI document as a page to read and try. Its assets are built in.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, http::header};
use service::Error;
use utoipa_swagger_ui::Config;

use crate::{
    http::openapi::{Missing, ServerProblems},
    http::problem::Problem,
};

/// Only this service may be asked, and nothing be loaded from elsewhere.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
    frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The page.
#[utoipa::path(get, path = "/docs", tag = "operations",
    responses((status = 200, description = "This document as a page", body = str, content_type = "text/html"), ServerProblems))]
pub(crate) async fn page() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .body(include_str!("docs.html"))
}

/// What the page loads.
#[utoipa::path(get, path = "/docs/{file}", tag = "operations", params(("file" = String, Path)),
    responses((status = 200, description = "An asset of the page"), ServerProblems, Missing))]
pub(crate) async fn asset(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let file = request.match_info().get("file").unwrap_or_default();
    let config = Arc::new(Config::from("/api/openapi.json"));
    let asset = utoipa_swagger_ui::serve(file, config)
        .map_err(|error| Error::internal(error.to_string()))?
        .ok_or(Error::NotFound)?;
    let charset = if asset.content_type.starts_with("text/") { "; charset=utf-8" } else { "" };
    Ok(HttpResponse::Ok()
        .content_type(asset.content_type + charset)
        .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
        .body(asset.bytes.into_owned()))
}
