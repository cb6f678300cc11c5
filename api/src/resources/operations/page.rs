//! The page for people: an application in the browser that uses the API. Its files, built from `web/`, are
//! embedded. It shows itself what its paths stand for.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder,
    dev::Payload,
    http::{
        Method, StatusCode,
        header::{
            ACCEPT, ACCEPT_ENCODING, AcceptEncoding, CACHE_CONTROL, CONTENT_ENCODING,
            CONTENT_SECURITY_POLICY, ContentType, Encoding, Header, VARY,
        },
    },
};
use api_macros::operation;
use service::Error;

use super::start::{self, Accepts};
use crate::http::{
    PublicUrl,
    problem::Problem,
    reply::{File, Html, Reply},
    state::AppState,
};

// `INDEX` and `ASSETS`, which `build.rs` makes of `web/dist`.
include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// A file that the page loads. Its name changes with its content.
struct Asset {
    name: &'static str,
    content: &'static [u8],
    /// With gzip.
    compressed: &'static [u8],
}

/// The paths that the page knows, apart from `/`.
pub(crate) const PATHS: [&str; 12] = [
    "/notes/{id}",
    "/reading-list",
    "/teams",
    "/teams/{id}",
    "/people",
    "/people/{username}",
    "/account",
    "/admin",
    "/login",
    "/sign-up",
    "/accept-invitation",
    "/setup",
];

/// It loads from and calls this service only, and runs no script that is written into it.
const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
    object-src 'none'";

const FOREVER: &str = "public, max-age=31536000, immutable";

/// Returns the page or, to clients that ask for JSON, where the API and its documentation are.
#[operation]
pub(crate) async fn root(state: AppState, accepts: Accepts) -> Result<Reply<File>, Problem> {
    Ok(Reply::new(match accepts {
        Accepts::Json => start::index_json(&state),
        Accepts::Html | Accepts::Anything => html(&state, HttpResponse::Ok()),
    }))
}

/// Returns the page, which shows what the path names.
#[operation]
pub(crate) async fn page(state: AppState) -> Result<Reply<Html>, Problem> {
    Ok(Reply::new(html(&state, HttpResponse::Ok())))
}

/// The page, which says that there is nothing at the path, if a browser asks for one.
pub(crate) fn not_found(request: &HttpRequest) -> Option<HttpResponse> {
    let state = AppState::of(request)?;
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let is_asked = is_read && matches!(Accepts::of(request), Accepts::Html);
    is_asked.then(|| html(&state, HttpResponse::build(StatusCode::NOT_FOUND)))
}

/// The page. What it loads is below the path of the public URL.
fn html(state: &AppState, mut response: HttpResponseBuilder) -> HttpResponse {
    let path = state.network.public_url.as_ref().map_or("", PublicUrl::path);
    response
        .content_type(ContentType::html())
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((VARY, ACCEPT.as_str()))
        .body(INDEX.replace("=\"/", &format!("=\"{path}/")))
}

/// Returns a file that the page loads.
#[operation]
pub(crate) async fn asset(asset: Found) -> Result<Reply<File>, Problem> {
    let Found { asset: Asset { name, content, compressed }, is_compressed } = asset;
    let mut response = HttpResponse::Ok();
    response
        .content_type(media_type(name))
        .insert_header((CACHE_CONTROL, FOREVER))
        .insert_header((VARY, ACCEPT_ENCODING.as_str()));
    if !is_compressed {
        return Ok(Reply::new(response.body(*content)));
    }
    response.insert_header((CONTENT_ENCODING, "gzip"));
    Ok(Reply::new(response.body(*compressed)))
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

/// The asset in the path, and whether the client takes it compressed.
pub(crate) struct Found {
    asset: &'static Asset,
    is_compressed: bool,
}

impl FromRequest for Found {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let name = request.match_info().get("file").unwrap_or_default();
        let supported = [Encoding::gzip(), Encoding::identity()];
        let accepted = AcceptEncoding::parse(request).ok();
        let chosen = accepted.and_then(|accepted| accepted.negotiate(supported.iter()));
        let found = ASSETS.iter().find(|asset| asset.name == name);
        ready(
            found
                .ok_or(Error::NotFound.into())
                .map(|asset| Self { asset, is_compressed: chosen == Some(Encoding::gzip()) }),
        )
    }
}
