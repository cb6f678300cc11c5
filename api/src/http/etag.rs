//! Entity tags (RFC 9110, section 8.8.3): strong, equal exactly when the bytes of the body are. The tag of
//! a resource with versions starts with its version: `"<version>-<rest>"`.

use actix_web::{
    HttpRequest, HttpResponse,
    body::{BoxBody, MessageBody},
    http::{
        Method, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH,
        },
    },
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Serialize;
use service::Error;

use crate::http::problem::Problem;

/// How many bytes of the BLAKE3 hash of a body are in its tag.
const HASH_BYTES: usize = 16;

/// Clients may keep what they have read, and ask with each use whether it is still what there is. Proxies
/// may not: what one may see, another may not.
const KEPT_BY_CLIENTS: HeaderValue = HeaderValue::from_static("private, no-cache");

/// The media types of what gets a tag.
const KEPT: [&str; 2] = ["application/json", "text/html; charset=utf-8"];

/// A note, a user or a team: it has versions.
pub(crate) trait Versioned {
    /// 1 when new, one more with each change.
    fn version(&self) -> i64;
}

/// Tells a caller whose change was meant for another version what the resource is now.
///
/// # Errors
/// Those of the change, and of reading the resource.
pub(crate) async fn or_current<T, B: Serialize + Versioned>(
    changed: Result<T, Error>,
    current: impl AsyncFnOnce() -> Result<B, Error>,
) -> Result<T, Problem> {
    match changed {
        Err(Error::Outdated) => Err(Problem::outdated(&current().await?)),
        changed => Ok(changed?),
    }
}

/// The tag of a body.
pub(crate) fn of(version: Option<i64>, body: &[u8]) -> String {
    let hash = blake3::hash(body);
    let hash = hash.as_slice().get(..HASH_BYTES).unwrap_or_default();
    let hash = BASE64_URL_SAFE_NO_PAD.encode(hash);
    match version {
        Some(version) => format!("\"{version}-{hash}\""),
        None => format!("\"{hash}\""),
    }
}

/// Adds the tag to a response that is a representation: to a `GET`, or of a resource with versions. A `GET`
/// whose `If-None-Match` has the tag gets 304 without the body.
pub(crate) fn add(
    request: &HttpRequest,
    response: HttpResponse,
    version: Option<i64>,
) -> HttpResponse {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let kind = response.headers().get(CONTENT_TYPE);
    let is_kept = kind.is_some_and(|kind| KEPT.iter().any(|kept| kind == kept));
    if !response.status().is_success() || !is_kept || !(is_read || version.is_some()) {
        return response;
    }
    let (mut response, body) = response.into_parts();
    let body = match body.try_into_bytes() {
        Ok(body) => body,
        Err(body) => return response.set_body(body),
    };
    let tag = of(version, &body);
    if let Ok(value) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(ETAG, value);
    }
    if is_read && !response.headers().contains_key(CACHE_CONTROL) {
        response.headers_mut().insert(CACHE_CONTROL, KEPT_BY_CLIENTS);
    }
    if is_read && is_known(request.headers(), &tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().remove(CONTENT_TYPE);
        return response.set_body(BoxBody::new(()));
    }
    response.set_body(BoxBody::new(body))
}

/// Whether the client has the body with this tag. A tag that a proxy weakened when it compressed the body
/// counts (RFC 9110, section 13.1.2).
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    tags(headers, IF_NONE_MATCH).any(|known| known == "*" || known == tag)
}

/// The tags in all headers of this name, weak ones as if they were strong.
pub(crate) fn tags(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).filter_map(|line| line.to_str().ok());
    let tags = lines.flat_map(|line| line.split(',')).map(str::trim);
    tags.map(|tag| tag.strip_prefix("W/").unwrap_or(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_equal_exactly_when_version_and_bytes_are() {
        let tag = of(Some(7), b"{}");
        assert!(tag.starts_with("\"7-") && tag.ends_with('"'), "{tag}");
        assert_eq!(tag, of(Some(7), b"{}"));
        for other in [of(Some(8), b"{}"), of(Some(7), b"{ }"), of(None, b"{}")] {
            assert_ne!(tag, other);
        }
    }

    #[test]
    fn weak_tags_and_several_headers_are_read() {
        let mut headers = HeaderMap::new();
        for line in ["\"1-a\" , W/\"2-b\"", "*"] {
            headers.append(IF_NONE_MATCH, HeaderValue::from_static(line));
        }
        let read: Vec<&str> = tags(&headers, IF_NONE_MATCH).collect();
        assert_eq!(read, ["\"1-a\"", "\"2-b\"", "*"]);
    }
}
