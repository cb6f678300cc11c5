use std::time::Duration;

use actix_web::{
    Error as ActixError, HttpMessage, ResponseError,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::StatusCode,
    middleware::Next,
};
use service::Error;
use tokio::time::sleep;

use crate::http::{
    connection::GuardedBody, extract::client_of, permit::Permit, problem::Problem, state::AppState,
};

/// How long a response with 429 is delayed.
const DELAY: Duration = Duration::from_millis(200);

/// Rejects requests until the service is ready, and those beyond `MAX_REQUESTS`, or beyond three quarters of
/// them from one network, at once, before anything is done for them. A request counts until its response is sent, but not while it waits for its body.
/// Liveness probes are always let in.
///
/// A client that has tried too often gets its response after a delay: one that never pauses takes little
/// from the others.
pub(crate) async fn limit_concurrency<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<GuardedBody<Option<Permit>>>, ActixError> {
    let permit = match AppState::of(request.request()) {
        Some(state) => Permit::acquire(&state.permits, client_of(request.request())),
        None => Err(Error::unavailable("not ready yet")),
    };
    let permit = match permit {
        Ok(permit) => Some(permit),
        Err(_) if request.path() == "/healthz" => None,
        Err(error) => {
            let response = request.into_response(Problem::from(error).error_response());
            return Ok(response.map_body(|_, body| GuardedBody::new(body, None)));
        }
    };
    if let Some(permit) = &permit {
        request.extensions_mut().insert(permit.clone());
    }
    let response = next.call(request).await?;
    if response.status() == StatusCode::TOO_MANY_REQUESTS {
        permit.iter().for_each(Permit::release);
        sleep(DELAY).await;
    }
    Ok(response.map_body(|_, body| GuardedBody::new(body, permit)))
}
