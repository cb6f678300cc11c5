//! `/` and what browsers ask for beside it.

use std::{
    convert::Infallible,
    future::{Ready, ready},
};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    http::header::{ACCEPT, ContentType, LOCATION, VARY},
};
use api_macros::operation;
use serde_json::json;

use crate::http::{
    PublicUrl,
    problem::Problem,
    reply::{File, NoContent, Redirect, Reply},
    state::AppState,
};

/// Says where the API and its documentation are, as a page or, to clients that do not ask for HTML, as JSON.
#[operation]
pub(crate) async fn index(
    state: AppState,
    AcceptsHtml(html): AcceptsHtml,
) -> Result<Reply<File>, Problem> {
    let base = state.network.public_url.as_ref().map_or("", PublicUrl::as_str);
    let mut response = HttpResponse::Ok();
    response.insert_header((VARY, ACCEPT.as_str()));
    Ok(Reply::new(if html {
        response.content_type(ContentType::html()).body(include_str!("start.html"))
    } else {
        response.json(json!({
            "name": "Teamnotes",
            "version": env!("CARGO_PKG_VERSION"),
            "api": format!("{base}/api"),
            "documentation": format!("{base}/docs"),
            "openapi": format!("{base}/api/openapi.json"),
        }))
    }))
}

/// Has no icon; browsers ask for one with every page.
#[operation]
pub(crate) async fn icon() -> Result<Reply<NoContent>, Problem> {
    Ok(Reply::no_content())
}

/// Leads to the documentation.
#[operation]
pub(crate) async fn to_docs() -> Result<Reply<Redirect>, Problem> {
    Ok(Reply::new(HttpResponse::PermanentRedirect().insert_header((LOCATION, "/docs")).finish()))
}

/// Whether the client asks for HTML.
pub(crate) struct AcceptsHtml(bool);

impl FromRequest for AcceptsHtml {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let accept = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok());
        ready(Ok(Self(accept.is_some_and(|accept| accept.contains("text/html")))))
    }
}
