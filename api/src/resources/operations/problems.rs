//! `/problems/{kind}`: a page for each `type` of a failure.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, http::header::ContentType};
use api_macros::operation;
use service::Error;

use crate::http::{
    problem::Problem,
    reply::{Html, Reply},
};

/// The last segment of each type, its title, and what to do about it.
pub(crate) const PAGES: [(&str, &str, &str); 17] = [
    (
        "bad-request",
        "Bad request",
        "The body is not valid JSON or has a duplicate member, or a query parameter is unknown, repeated or not \
         valid. The detail says which. Correct the request; sending it again does not help.",
    ),
    (
        "unauthenticated",
        "Not signed in",
        "The call needs a session, and the token is missing, invalid or expired, or the credentials are wrong. \
         Log in with POST /api/login and send the token as Authorization: Bearer; or, on a page of the service, log in again.",
    ),
    (
        "forbidden",
        "Not allowed",
        "The user is signed in, but may not do this, or registration is closed.",
    ),
    (
        "cross-site",
        "Request of another site",
        "A browser sent this for a page of another site, which may not use the API. The operator can list its \
         origin in CORS_ORIGINS. With a session cookie, what changes something must come from a page of this service: \
         others send the token as Authorization: Bearer.",
    ),
    ("not-found", "Not found", "There is nothing here, or nothing that the caller may see."),
    (
        "method-not-allowed",
        "Method not allowed",
        "The path exists, but not for this method. The header Allow lists the methods that do.",
    ),
    (
        "conflict",
        "Conflict",
        "A value that must be unique is taken, or the state does not allow the change: an enabled admin and an \
         owner of each team must remain, and only notes of visibility team are shared with teams, at least with one. With Retry-After, the first request with this Idempotency-Key is still \
         in progress: send it again later.",
    ),
    (
        "precondition-failed",
        "Changed in the meantime",
        "The resource is in another version than If-Match names. The member current is what it is now: apply \
         the change to that, and send its ETag.",
    ),
    (
        "precondition-required",
        "If-Match required",
        "Changes must say which version they are for: read the resource, and send its ETag as If-Match.",
    ),
    ("too-large", "Body too large", "A body can have 256 KiB."),
    (
        "unsupported-media-type",
        "Unsupported media type",
        "Bodies must be declared as Content-Type: application/json, and must not have a Content-Encoding.",
    ),
    (
        "misdirected",
        "Misdirected request",
        "The service only listens on this machine, and the host of the URL is not localhost or a loopback \
         address. Set PUBLIC_URL to where clients reach it, or list the proxy in front of it in TRUSTED_PROXIES.",
    ),
    (
        "validation",
        "Validation failed",
        "The body is valid JSON, but a value is missing or not allowed. The member errors has a JSON pointer to \
         each, and says what is expected.",
    ),
    (
        "too-many-attempts",
        "Too many attempts",
        "There were too many attempts from this address. The header Retry-After says when to try again.",
    ),
    (
        "unavailable",
        "Not available",
        "The database is out of reach, or the service is overloaded. Try again after the seconds in Retry-After.",
    ),
    (
        "internal",
        "Internal error",
        "Something went wrong in the service. Its log has the cause, under the X-Request-Id of the response.",
    ),
    (
        "http",
        "HTTP error",
        "The request was not completed as HTTP requires, for example because its body did not arrive in time.",
    ),
];

/// Explains a kind of failure, named by the `type` of a problem.
#[operation]
pub(crate) async fn explain(Kind(kind): Kind) -> Result<Reply<Html>, Problem> {
    let known = PAGES.iter().find(|(known, ..)| *known == kind);
    let (_, title, text) = known.ok_or(Error::NotFound)?;
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <h1>{title}</h1>\n<p>{text}</p>\n<p><a href=\"../docs\">The API</a></p>\n</html>\n"
    );
    Ok(Reply::new(HttpResponse::Ok().content_type(ContentType::html()).body(html)))
}

/// The `{kind}` in the path.
pub(crate) struct Kind(String);

impl FromRequest for Kind {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(request.match_info().get("kind").unwrap_or_default().to_owned())))
    }
}
