use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use actix_web::{
    Error as ActixError, HttpMessage, HttpResponse, ResponseError,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{CONTENT_TYPE, HeaderValue},
    },
    middleware::Next,
};
use futures_util::FutureExt;
use log::Level;
use service::{Actor, Error};
use tokio::time::timeout;

use super::headers::{add_headers, request_id};
use crate::http::{
    PublicUrl,
    connection::{Connection, GuardedBody, InFlight},
    metrics::{UNMATCHED, method_name},
    problem::{PROBLEM_JSON, Problem},
    server_timing,
    state::AppState,
    trace::TraceParent,
};

/// Routes that are called all the time by whoever monitors the service; their log lines are details.
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// The outermost layer. Gives the request an id and a time limit, catches panics, turns failures of the
/// framework into `problem+json`, adds the common headers, counts the request and logs it.
pub(crate) async fn supervise<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<GuardedBody<Option<InFlight>>>, ActixError> {
    let in_flight = request.conn_data::<Connection>().map(Connection::begin_request);
    let state = AppState::of(request.request());
    let time_limit = state.as_ref().map_or(Duration::MAX, |state| state.time_limit);
    let is_timed = state.as_ref().is_some_and(|state| state.has_server_timing);
    let supervision = Supervision::new(&request, state);
    let handled = timeout(time_limit, AssertUnwindSafe(next.call(request)).catch_unwind());
    let (handled, statements) = match is_timed {
        true => server_timing::measure(handled).map(|(handled, all)| (handled, Some(all))).await,
        false => (handled.await, None),
    };
    let response = match handled {
        Ok(Ok(response)) => response?,
        Ok(Err(_)) => return supervision.abort(Error::internal("panicked")),
        Err(_) => return supervision.abort(Error::unavailable("took too long")),
    };
    let mut response = as_problem(response);
    supervision.record(&response);
    if let Some(statements) = statements {
        statements.add_to(response.headers_mut(), supervision.started.elapsed());
    }
    if let Some(url) = supervision.public_url() {
        url.complete(response.headers_mut());
    }
    add_headers(response.headers_mut(), supervision.id);
    Ok(response.map_body(|_, body| GuardedBody::new(body, in_flight)))
}

/// What is known about a request from its start.
struct Supervision {
    id: HeaderValue,
    trace: Option<TraceParent>,
    method: Method,
    /// The pattern that the path matches. Paths are not logged: clients may put secrets into them.
    route: String,
    started: Instant,
    state: Option<AppState>,
}

impl Supervision {
    fn new(request: &ServiceRequest, state: Option<AppState>) -> Self {
        Self {
            id: request_id(request),
            trace: TraceParent::of(request.headers()),
            method: request.method().clone(),
            route: request.match_pattern().unwrap_or_else(|| UNMATCHED.to_owned()),
            started: Instant::now(),
            state,
        }
    }

    /// Gives up on a request. The request is gone by now, so no response can be made of it.
    fn abort<T>(self, error: Error) -> Result<T, ActixError> {
        let problem = Problem::from(error);
        let status = problem.status_code().as_u16();
        self.count(status);
        let (method, request) = (method_name(&self.method), self.id.to_str().unwrap_or_default());
        let (trace_id, parent_id) = self.trace_ids();
        log::error!(method, route = self.route, status, request, trace_id, parent_id; "{problem}");
        Err(Aborted { id: self.id, problem }.into())
    }

    /// Counts and logs a response.
    fn record<B>(&self, response: &ServiceResponse<B>) {
        let status = response.status().as_u16();
        self.count(status);
        let (method, request) = (method_name(&self.method), self.id.to_str().unwrap_or_default());
        let route = self.route.as_str();
        let milliseconds = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (user, api_token) = ids(response.request().extensions().get::<Actor>());
        let (trace_id, parent_id) = self.trace_ids();
        let level = if PROBES.contains(&route) { Level::Debug } else { Level::Info };
        log::log!(level, method, route, status, milliseconds, request, user, api_token, trace_id, parent_id; "answered");
        if let (500.., Some(error)) = (status, response.response().error()) {
            log::error!(method, route, status, request, user, api_token, trace_id, parent_id; "failed: {error}");
        }
    }

    fn public_url(&self) -> Option<&PublicUrl> {
        self.state.as_ref()?.network.public_url.as_ref()
    }

    fn trace_ids(&self) -> (Option<&str>, Option<&str>) {
        let ids = self.trace.as_ref().map(|trace| (trace.trace_id(), trace.parent_id()));
        ids.unzip()
    }

    fn count(&self, status: u16) {
        if let Some(state) = &self.state {
            state.metrics.request(&self.method, &self.route, status, self.started.elapsed());
        }
    }
}

/// The ids of the actor's user and API token, for the log.
fn ids(actor: Option<&Actor>) -> (Option<i64>, Option<i64>) {
    let Some(actor) = actor else { return (None, None) };
    (actor.user_id().map(i64::from), actor.api_token_id().map(i64::from))
}

/// Replaces the body of the framework's failures with a problem.
fn as_problem<B: MessageBody>(
    response: ServiceResponse<B>,
) -> ServiceResponse<EitherBody<B, BoxBody>> {
    let status = response.status();
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_own = kind.is_some_and(|kind| kind == PROBLEM_JSON || kind.starts_with("text/html"));
    if is_own || !(status.is_client_error() || status.is_server_error()) {
        return response.map_into_left_body();
    }
    let problem = match status {
        StatusCode::NOT_FOUND => Problem::Service(Error::NotFound),
        status => Problem::Framework(status),
    };
    response.into_response(problem.error_response()).map_into_right_body()
}

/// A handler panicked or took too long. Its connection stays open.
#[derive(Debug, thiserror::Error)]
#[error("{problem}")]
struct Aborted {
    id: HeaderValue,
    problem: Problem,
}

impl ResponseError for Aborted {
    fn status_code(&self) -> StatusCode {
        self.problem.status_code()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = self.problem.error_response();
        add_headers(response.headers_mut(), self.id.clone());
        response
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{App, middleware::from_fn, test, web};

    use super::*;

    async fn panics() -> HttpResponse {
        panic!("a secret of the inside")
    }

    #[actix_web::test]
    async fn a_panic_is_an_internal_error_and_reveals_nothing() {
        let app = App::new().wrap(from_fn(supervise)).route("/", web::get().to(panics));
        let app = test::init_service(app).await;
        let request = test::TestRequest::get().uri("/").insert_header(("X-Request-Id", "mine"));
        let error = test::try_call_service(&app, request.to_request()).await.unwrap_err();
        let response = error.error_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers().get("x-request-id").unwrap(), "mine");
        assert_eq!(response.headers().get("content-type").unwrap(), PROBLEM_JSON);
        let body = actix_web::body::to_bytes(response.into_body()).await.unwrap();
        assert!(!String::from_utf8_lossy(&body).contains("secret"), "{body:?}");
    }
}
