//! `/docs`: the OpenAPI document as a page on which requests can be tried. Its files are built in.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, dev::Payload, http::header::CONTENT_SECURITY_POLICY,
};
use api_macros::operation;
use service::Error;

use crate::http::{
    problem::Problem,
    reply::{File, Html, Reply},
};

/// The page may only load from and call this service, and runs no script that is written into it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The files of the page: name, media type, content.
const FILES: [(&str, &str, &str); 7] = [
    ("docs.css", "text/css; charset=utf-8", include_str!("docs.css")),
    ("docs.js", SCRIPT, include_str!("docs.js")),
    ("dom.js", SCRIPT, include_str!("dom.js")),
    ("icon.svg", "image/svg+xml", include_str!("icon.svg")),
    ("operation.js", SCRIPT, include_str!("operation.js")),
    ("request.js", SCRIPT, include_str!("request.js")),
    ("schema.js", SCRIPT, include_str!("schema.js")),
];

/// Returns the documentation of the API, a page on which requests can be tried.
#[operation]
pub(crate) async fn page() -> Result<Reply<Html>, Problem> {
    let response = HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .body(include_str!("page.html"));
    Ok(Reply::new(response))
}

/// Returns a file that the documentation page loads.
#[operation]
pub(crate) async fn asset(FileName(name): FileName) -> Result<Reply<File>, Problem> {
    let file = FILES.iter().find(|(known, ..)| *known == name);
    let &(_, media_type, content) = file.ok_or(Error::NotFound)?;
    Ok(Reply::new(HttpResponse::Ok().content_type(media_type).body(content)))
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
