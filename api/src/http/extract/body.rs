use std::{
    future::{Future, ready},
    net::IpAddr,
    pin::{Pin, pin},
    time::Duration,
};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    http::{
        Method, StatusCode,
        header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap},
    },
};
use deserr::Deserr;
use futures_util::StreamExt;
use serde_json::{Map, Value};
use service::Error;
use tokio::time::timeout;
use utoipa::{ToSchema, openapi::Required};

use super::{Violations, client_of, json, violations};
use crate::http::{
    Network,
    openapi::{Describe, OperationDoc},
    permit::Permit,
    problem::Problem,
    shares::Share,
    state::AppState,
};

/// RFC 7396. Here members can't be removed, so that `null` is a value that is not allowed.
pub(crate) const MERGE_PATCH_JSON: &str = "application/merge-patch+json";

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
            declared.require_json()?;
            let arrived = declared.read(payload).await?;
            declared.parse(&arrived).map(Self)
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
            let arrived = declared.read(payload).await?;
            let read = match arrived.bytes.is_empty() {
                true => violations::read(Value::Object(Map::new())),
                false => declared.parse(&arrived),
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

/// What the headers say about the body, and what limits its arrival.
pub(super) struct Declared {
    is_json: bool,
    /// The first content coding that is not supported, as none is.
    coding: Option<String>,
    length: Option<usize>,
    permit: Option<Permit>,
    client: Option<IpAddr>,
    state: Option<AppState>,
}

/// A content coding other than `identity`, which is none.
fn coding(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("unknown"));
    let mut codings = values.flat_map(|value| value.split(',')).map(str::trim);
    codings.find(|coding| !coding.eq_ignore_ascii_case("identity")).map(str::to_owned)
}

/// A body, and its share of the memory for bodies.
pub(super) struct Arrived {
    pub(super) bytes: Vec<u8>,
    share: Option<Share>,
}

impl Declared {
    pub(super) fn of(request: &HttpRequest) -> Self {
        let headers = request.headers();
        let content_type = request.content_type();
        let is_merge_patch = request.method() == Method::PATCH
            && content_type.eq_ignore_ascii_case(MERGE_PATCH_JSON);
        let is_json = is_merge_patch || content_type.eq_ignore_ascii_case("application/json");
        let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        Self {
            is_json,
            coding: coding(headers),
            length: length.and_then(|length| length.parse().ok()),
            permit: request.extensions().get::<Permit>().cloned(),
            client: client_of(request),
            state: AppState::of(request),
        }
    }

    pub(super) fn require_json(&self) -> Result<(), Problem> {
        match (&self.coding, self.is_json) {
            (Some(coding), _) => Err(Problem::UnsupportedCoding(coding.clone())),
            (None, false) => Err(Problem::UnsupportedMediaType),
            (None, true) => Ok(()),
        }
    }

    /// Reads the body. While the request waits for it, others have its permit.
    pub(super) async fn read(&self, payload: Payload) -> Result<Arrived, Problem> {
        if self.length.is_some_and(|length| length > LIMIT) {
            return Err(Problem::TooLarge);
        }
        let mut arrival = pin!(self.arrival(payload));
        tokio::select! {
            biased;
            arrived = &mut arrival => return arrived,
            () = ready(()) => {}
        }
        self.permit.iter().for_each(Permit::release);
        let arrived = timeout(self.time_limit(), arrival).await;
        let arrived =
            arrived.map_err(|_elapsed| Problem::Framework(StatusCode::REQUEST_TIMEOUT))??;
        self.permit.as_ref().map_or(Ok(()), Permit::reacquire)?;
        Ok(arrived)
    }

    async fn arrival(&self, mut payload: Payload) -> Result<Arrived, Problem> {
        let mut arrived = Arrived { bytes: Vec::new(), share: None };
        while let Some(chunk) = payload.next().await {
            let chunk = chunk
                .map_err(|_payload| Problem::BadRequest("the request body was cut off".into()))?;
            if arrived.bytes.len() + chunk.len() > LIMIT {
                return Err(Problem::TooLarge);
            }
            self.reserve(chunk.len(), &mut arrived.share)?;
            arrived.bytes.extend_from_slice(&chunk);
        }
        Ok(arrived)
    }

    /// Enlarges the share by this many bytes.
    fn reserve(&self, bytes: usize, share: &mut Option<Share>) -> Result<(), Problem> {
        let Some(state) = &self.state else { return Ok(()) };
        let reserved = match share {
            Some(share) => share.try_resize(share.amount() + bytes),
            None => state.bodies.try_take(self.client, bytes).map(|new| *share = Some(new)),
        };
        reserved.ok_or_else(|| Error::unavailable("too many bodies are arriving").into())
    }

    /// How long the body may take to arrive.
    fn time_limit(&self) -> Duration {
        let network = self.state.as_ref().map(|state| &state.network);
        network.map_or_else(|| Network::default().client_timeout, |network| network.client_timeout)
    }

    pub(super) fn parse<T: Deserr<Violations> + ToSchema>(
        &self,
        arrived: &Arrived,
    ) -> Result<T, Problem> {
        self.require_json()?;
        let json = json::parse(&arrived.bytes).map_err(Problem::BadRequest)?;
        violations::read(json)
    }
}
