//! Answers in the form in which they are kept for repetitions of their request.

use actix_web::{
    HttpResponse, ResponseError,
    body::MessageBody,
    http::{
        StatusCode,
        header::{CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LOCATION},
    },
};
use serde::{Deserialize, Serialize};
use service::{Error, idempotency::Answer};

use crate::http::{
    etag,
    problem::{Problem, status_of},
    reply::Reply,
};

/// On an answer that was kept.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The headers that belong to the answer rather than to the exchange.
const HEADERS: [HeaderName; 3] = [CONTENT_TYPE, ETAG, LOCATION];

/// The failures that are kept. After others, such as an overload, a repetition may succeed.
const FAILURES: [StatusCode; 4] = [
    StatusCode::FORBIDDEN,
    StatusCode::NOT_FOUND,
    StatusCode::CONFLICT,
    StatusCode::UNPROCESSABLE_ENTITY,
];

#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// A successful answer.
///
/// # Errors
/// [`Error::Internal`] if it is not text.
pub(crate) fn reply<K>(reply: Reply<K>) -> Result<String, Error> {
    let (response, version) = reply.into_parts();
    keep(response, version)
}

/// The answer to a failure.
///
/// # Errors
/// The failure itself, if it is not to be kept.
pub(crate) fn failure(error: Error) -> Result<String, Error> {
    match FAILURES.contains(&status_of(&error)) {
        true => keep(Problem::from(error).error_response(), None),
        false => Err(error),
    }
}

fn keep(response: HttpResponse, version: Option<i64>) -> Result<String, Error> {
    let (mut response, body) = response.into_parts();
    let body = body.try_into_bytes().map_err(|_body| Error::internal("the body is a stream"))?;
    let tag = version.map(|version| etag::of(Some(version), &body));
    if let Some(tag) = tag.and_then(|tag| HeaderValue::try_from(tag).ok()) {
        response.headers_mut().insert(ETAG, tag);
    }
    let header = |name: HeaderName| {
        let value = response.headers().get(&name)?.to_str().ok()?.to_owned();
        Some((name.to_string(), value))
    };
    let kept = Kept {
        status: response.status().as_u16(),
        headers: HEADERS.into_iter().filter_map(header).collect(),
        body: String::from_utf8(body.into()).map_err(Error::internal)?,
    };
    serde_json::to_string(&kept).map_err(Error::internal)
}

/// The answer as a response.
///
/// # Errors
/// [`Error::Internal`] if this version can't read what was kept.
pub(crate) fn restore<K>(answer: &Answer) -> Result<Reply<K>, Error> {
    let (Answer::First(text) | Answer::Kept(text)) = answer;
    let Kept { status, headers, body } = serde_json::from_str(text).map_err(Error::internal)?;
    let status = StatusCode::from_u16(status).map_err(Error::internal)?;
    let mut response = HttpResponse::build(status);
    for header in headers {
        response.insert_header(header);
    }
    if matches!(answer, Answer::Kept(_)) {
        response.insert_header((REPLAYED, "true"));
    }
    Ok(Reply::new(response.body(body)))
}
