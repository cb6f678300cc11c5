use std::{future::Future, pin::Pin, time::Duration};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    http::{
        StatusCode,
        header::{CONTENT_ENCODING, CONTENT_LENGTH},
    },
};
use deserr::Deserr;
use futures_util::StreamExt;
use serde_json::{Map, Value};

use utoipa::{ToSchema, openapi::Required};

use super::{Violations, json, violations};
use crate::http::{
    openapi::{Describe, OperationDoc},
    problem::Problem,
    state::AppState,
};

/// The largest body, in bytes.
const LIMIT: usize = 256 * 1024;

/// A JSON body, read.
pub(crate) struct Body<T>(pub(crate) T);

/// A JSON body, read, or `{}` when there is none.
pub(crate) struct OptionalBody<T>(pub(crate) T);

type Reading<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

impl<T: Deserr<Violations> + ToSchema> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Reading<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let declared = Declared::of(request);
        let payload = payload.take();
        Box::pin(async move {
            if !declared.is_json {
                return Err(Problem::UnsupportedMediaType);
            }
            let bytes = declared.read(payload).await?;
            declared.parse(&bytes).map(Self)
        })
    }
}

impl<T: Deserr<Violations> + ToSchema> FromRequest for OptionalBody<T> {
    type Error = Problem;
    type Future = Reading<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let declared = Declared::of(request);
        let payload = payload.take();
        Box::pin(async move {
            let bytes = declared.read(payload).await?;
            let read = match bytes.is_empty() {
                true => violations::read(Value::Object(Map::new())),
                false => declared.parse(&bytes),
            };
            read.map(Self)
        })
    }
}

impl<T: ToSchema> Describe for Body<T> {
    fn describe(operation: &mut OperationDoc) {
        operation.body::<T>(Required::True);
    }
}

impl<T: ToSchema> Describe for OptionalBody<T> {
    fn describe(operation: &mut OperationDoc) {
        operation.body::<T>(Required::False);
    }
}

/// What the headers say about the body.
struct Declared {
    is_json: bool,
    length: Option<usize>,
    /// How long it may take to arrive.
    time_limit: Duration,
}

impl Declared {
    fn of(request: &HttpRequest) -> Self {
        let headers = request.headers();
        let is_json = request.content_type().eq_ignore_ascii_case("application/json");
        let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        let network = AppState::of(request).map(|state| state.network.clone());
        Self {
            time_limit: network.unwrap_or_default().client_timeout,
            is_json: is_json && !headers.contains_key(CONTENT_ENCODING),
            length: length.and_then(|length| length.parse().ok()),
        }
    }

    async fn read(&self, mut payload: Payload) -> Result<Vec<u8>, Problem> {
        if self.length.is_some_and(|length| length > LIMIT) {
            return Err(Problem::TooLarge);
        }
        let arrival = async {
            let mut bytes = Vec::new();
            while let Some(chunk) = payload.next().await {
                let chunk = chunk.map_err(|_payload| {
                    Problem::BadRequest("the request body was cut off".into())
                })?;
                if bytes.len() + chunk.len() > LIMIT {
                    return Err(Problem::TooLarge);
                }
                bytes.extend_from_slice(&chunk);
            }
            Ok(bytes)
        };
        let in_time = tokio::time::timeout(self.time_limit, arrival).await;
        in_time.map_err(|_elapsed| Problem::Framework(StatusCode::REQUEST_TIMEOUT))?
    }

    fn parse<T: Deserr<Violations> + ToSchema>(&self, bytes: &[u8]) -> Result<T, Problem> {
        if !self.is_json {
            return Err(Problem::UnsupportedMediaType);
        }
        let json = json::parse(bytes).map_err(Problem::BadRequest)?;
        violations::read(json)
    }
}
