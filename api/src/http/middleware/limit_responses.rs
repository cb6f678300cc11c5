use std::time::Duration;

use actix_web::{
    Error as ActixError, HttpResponse,
    body::{BodySize, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::Method,
    middleware::Next,
};
use service::{Error, PAGE_BYTES};

use crate::http::{
    connection::GuardedBody, extract::client_of, problem::Problem, shares::Share, state::AppState,
};

/// What an orchestrator asks, in a few bytes.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

/// How long a request waits for others' responses to be read.
const WAIT: Duration = Duration::from_secs(2);

/// What a response takes at least, in bytes.
const LEAST: usize = 64 * 1024;

/// What a network is charged for a response that is being made, in bytes: less than a full page, so that
/// dozens of slow searches leave room for its other reads, but enough that it can't have all that can be made
/// at once: with the default settings 56 of 64. A response that is ready and waits for its share of the network's part
/// is charged nothing of that, while it keeps what it has of the total: with such ones a network can hold more, for up to
/// [`WAIT`].
const IN_THE_MAKING: usize = 288 * 1024;

/// Limits the memory that responses to reads take until they are sent. Before a response is made it takes as
/// much as a full page. How much of that its network is charged is in [`IN_THE_MAKING`].
/// Responses to writes are small, and `MAX_REQUESTS` limits their number.
pub(crate) async fn limit_responses<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<GuardedBody<Option<Share>>>, ActixError> {
    let Some(state) = AppState::of(request.request()).filter(|_| is_limited(&request)) else {
        let response = next.call(request).await?;
        return Ok(response.map_body(|_, body| GuardedBody::new(body, None)));
    };
    let client = client_of(request.request());
    let Some(mut share) = state.responses.take(client, (IN_THE_MAKING, PAGE_BYTES), WAIT).await
    else {
        return Ok(request.into_response(rejection()));
    };
    let response = next.call(request).await?;
    if share.resize(size_of(&response).max(LEAST), WAIT).await.is_none() {
        return Ok(response.into_response(rejection()));
    }
    Ok(response.map_body(|_, body| GuardedBody::new(body, Some(share))))
}

fn is_limited(request: &ServiceRequest) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD) && !PROBES.contains(&request.path())
}

fn size_of<B: MessageBody>(response: &ServiceResponse<B>) -> usize {
    match response.response().body().size() {
        BodySize::Sized(size) => usize::try_from(size).unwrap_or(usize::MAX),
        BodySize::None => 0,
        // Each part is read when the one before is sent, and none is larger than a page.
        BodySize::Stream => PAGE_BYTES,
    }
}

fn rejection() -> HttpResponse<GuardedBody<Option<Share>>> {
    let problem = Problem::from(Error::unavailable("too many responses are waiting to be read"));
    HttpResponse::from_error(problem).map_body(|_, body| GuardedBody::new(body, None))
}
