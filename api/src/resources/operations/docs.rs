//! `/docs`: the OpenAPI document as an interactive page. Its assets are built in.

use std::{
    future::{Ready, ready},
    sync::Arc,
};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, ContentEncoding},
};
use api_macros::operation;
use service::Error;
use utoipa_swagger_ui::Config;

use crate::http::{
    problem::Problem,
    reply::{File, Html, Reply},
};

/// The page may only load from and call this service.
const POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
    frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Returns the documentation of the API, a page on which requests can be tried.
#[operation]
pub(crate) async fn page() -> Result<Reply<Html>, Problem> {
    let response = HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .body(include_str!("docs.html"));
    Ok(Reply::new(response))
}

/// Returns a file that the documentation page loads.
#[operation]
pub(crate) async fn asset(FileName(name): FileName) -> Result<Reply<File>, Problem> {
    let config = Arc::new(Config::from("/api/openapi.json"));
    let asset = utoipa_swagger_ui::serve(&name, config)
        .map_err(|error| Error::internal(error.to_string()))?
        .ok_or(Error::NotFound)?;
    let charset = if asset.content_type.starts_with("text/") { "; charset=utf-8" } else { "" };
    let mut response = HttpResponse::Ok();
    if asset.gzpipped {
        response.insert_header(ContentEncoding::Gzip);
    }
    let response = response
        .content_type(asset.content_type + charset)
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .body(asset.bytes.into_owned());
    Ok(Reply::new(response))
}

/// The `{file}` in the path.
pub(crate) struct FileName(String);

impl FromRequest for FileName {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(request.match_info().get("file").unwrap_or_default().to_owned())))
    }
}
