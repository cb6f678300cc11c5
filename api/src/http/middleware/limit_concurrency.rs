use std::time::Duration;

use actix_web::{
    Error as ActixError, ResponseError,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::StatusCode,
    middleware::Next,
};
use service::Error;
use tokio::{sync::OwnedSemaphorePermit, time::sleep};

use crate::http::{connection::GuardedBody, problem::Problem, state::AppState};

/// How long a response with 429 is delayed.
const DELAY: Duration = Duration::from_millis(200);

/// Rejects requests until the service is ready, and those beyond `MAX_REQUESTS` at once, before anything
/// is done for them. A request counts until its response is sent. Liveness probes are always let in.
///
/// A client that has tried too often gets its response after a delay: one that never pauses takes little
/// from the others.
pub(crate) async fn limit_concurrency<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<GuardedBody<Option<OwnedSemaphorePermit>>>, ActixError> {
    let permit = match AppState::of(request.request()) {
        Some(state) => {
            state.permits.clone().try_acquire_owned().map_err(|_acquire| "too many requests")
        }
        None => Err("not ready yet"),
    };
    if let Err(why) = permit
        && request.path() != "/healthz"
    {
        let problem = Problem::from(Error::unavailable(why));
        let response = request.into_response(problem.error_response());
        return Ok(response.map_body(|_, body| GuardedBody::new(body, None)));
    }
    let mut permit = permit.ok();
    let response = next.call(request).await?;
    if response.status() == StatusCode::TOO_MANY_REQUESTS {
        permit = None;
        sleep(DELAY).await;
    }
    Ok(response.map_body(|_, body| GuardedBody::new(body, permit)))
}
