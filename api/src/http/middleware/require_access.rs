use actix_web::{
    Error as ActixError, HttpResponse,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::Method,
    middleware::Next,
};
use service::{Actor, Error};

use super::OpenRoutes;
use crate::http::{extract::actor, problem::Problem, state::AppState};

/// Where the anonymous have no access, rejects their requests, except `OPTIONS` and those for what is `open`.
pub(crate) async fn require_access<B: MessageBody>(
    open: OpenRoutes,
    state: AppState,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, ActixError> {
    let is_anonymous = matches!(actor(request.request()), Actor::Anonymous);
    let is_open = request.method() == Method::OPTIONS || open.include(&request);
    if state.admits_anonymous || !is_anonymous || is_open {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let response = HttpResponse::from_error(Problem::from(Error::TokenMissing));
    Ok(request.into_response(response).map_into_right_body())
}
