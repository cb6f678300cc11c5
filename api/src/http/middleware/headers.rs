use actix_web::{
    dev::ServiceRequest,
    http::header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue,
        REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Sent with every response that does not set them itself, to keep it out of caches and frames. TLS, and
/// so HSTS, is up to the proxy.
const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// Adds the request's id and the common headers to a response.
pub(super) fn add_headers(headers: &mut HeaderMap, id: HeaderValue) {
    headers.insert(X_REQUEST_ID, id);
    for (name, value) in HEADERS {
        if !headers.contains_key(&name) {
            headers.insert(name, value);
        }
    }
}

/// The request's own id if it is 1 to 128 visible ASCII characters, a new one otherwise.
pub(super) fn request_id(request: &ServiceRequest) -> HeaderValue {
    let given = request.headers().get(&X_REQUEST_ID).filter(|id| {
        (1..=128).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic)
    });
    given.cloned().unwrap_or_else(|| {
        let id = service::random::text(12).ok().and_then(|id| HeaderValue::from_str(&id).ok());
        id.unwrap_or(HeaderValue::from_static("none"))
    })
}
