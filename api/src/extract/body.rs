use std::{future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap},
};
use futures_util::StreamExt;
use serde_json::{Map, Value};

use super::{FromBody, Members};
use crate::problem::Problem;

/// The largest body, in bytes.
const LIMIT: usize = 256 * 1024;

/// A JSON body, read. A request without any body is read as `{}`.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: FromBody> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let headers = request.headers().clone();
        let is_json = request.content_type().eq_ignore_ascii_case("application/json");
        let payload = payload.take();
        Box::pin(async move {
            let is_typed = headers.contains_key(CONTENT_TYPE);
            if (is_typed && !is_json) || headers.contains_key(CONTENT_ENCODING) {
                return Err(Problem::UnsupportedMediaType);
            }
            let bytes = read(&headers, payload).await?;
            let json = match (bytes.is_empty(), is_typed) {
                (true, false) => Value::Object(Map::new()),
                (false, false) => return Err(Problem::UnsupportedMediaType),
                (_, true) => serde_json::from_slice(&bytes).map_err(|error| {
                    Problem::BadRequest(format!("the body is no JSON: {error}"))
                })?,
            };
            Members::read(json).map(Self)
        })
    }
}

async fn read(headers: &HeaderMap, mut payload: Payload) -> Result<Vec<u8>, Problem> {
    let declared =
        headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length: usize| length > LIMIT) {
        return Err(Problem::TooLarge);
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Problem::BadRequest("the body did not arrive".into()))?;
        if bytes.len() + chunk.len() > LIMIT {
            return Err(Problem::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
