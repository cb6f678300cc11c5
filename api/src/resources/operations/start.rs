//! `/` and what browsers ask for beside it, where the page for people is left out (`WEB`).

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
pub(crate) async fn index(state: AppState, accepts: Accepts) -> Result<Reply<File>, Problem> {
    Ok(Reply::new(match accepts {
        Accepts::Html => HttpResponse::Ok()
            .content_type(ContentType::html())
            .insert_header((VARY, ACCEPT.as_str()))
            .body(include_str!("start.html")),
        Accepts::Json | Accepts::Anything => index_json(&state),
    }))
}

/// Where the API and its documentation are.
pub(super) fn index_json(state: &AppState) -> HttpResponse {
    let base = state.network.public_url.as_ref().map_or("", PublicUrl::as_str);
    HttpResponse::Ok().insert_header((VARY, ACCEPT.as_str())).json(json!({
        "name": "Teamnotes",
        "version": env!("CARGO_PKG_VERSION"),
        "api": format!("{base}/api"),
        "documentation": format!("{base}/docs"),
        "openapi": format!("{base}/api/openapi.json"),
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

/// What the client asks for.
pub(crate) enum Accepts {
    /// HTML, as browsers do.
    Html,
    /// JSON and no HTML.
    Json,
    /// Neither by name.
    Anything,
}

impl Accepts {
    /// What this request asks for.
    pub(super) fn of(request: &HttpRequest) -> Self {
        let accept = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok());
        let accept = accept.unwrap_or_default();
        match (accept.contains("text/html"), accept.contains("application/json")) {
            (true, _) => Self::Html,
            (false, true) => Self::Json,
            (false, false) => Self::Anything,
        }
    }
}

impl FromRequest for Accepts {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}
