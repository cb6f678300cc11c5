//! What happens to every request, whatever it is for.

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
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName,
            HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
    },
    middleware::Next,
};
use futures_util::FutureExt;
use service::{Error, SignedIn};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{sleep, timeout},
};

use crate::{
    http::connection::{Answering, Connection, Sending},
    http::metrics::UNMATCHED,
    http::problem::{PROBLEM_JSON, Problem},
    http::state::AppState,
};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// So long an answer is held back that asks the client to wait.
const PAUSE: Duration = Duration::from_millis(200);

/// Sent with every answer, unless it says otherwise itself: nothing of the service is kept by caches, or
/// shown inside of other pages. TLS, and so HSTS, is the proxy's.
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

/// The outermost layer: gives the request its id, turns what went wrong on the way into
/// `problem+json`, and writes the log.
pub(crate) async fn frame<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<Sending<Option<Answering>>>, ActixError> {
    let started = Instant::now();
    let answering = request.conn_data::<Connection>().map(Connection::begin);
    let id = request_id(&request);
    let (method, path) = (request.method().clone(), request.path().to_owned());
    let state = AppState::of(request.request());
    let metrics = state.as_ref().map(|state| state.metrics.clone());
    let time_limit = state.map_or(Duration::MAX, |state| state.time_limit);
    // The request is gone then, so the answer can't be made of it.
    let lost = |error: Error| {
        let lost = Lost { id: id.clone(), problem: error.into() };
        let status = lost.status_code().as_u16();
        if let Some(metrics) = &metrics {
            metrics.request(&method, UNMATCHED, status, started.elapsed());
        }
        let (method, request) = (method.as_str(), id.to_str().unwrap_or_default());
        log::error!(method, route = path, status, request; "{lost}");
        Err(lost.into())
    };
    let called = AssertUnwindSafe(next.call(request)).catch_unwind();
    let response = match timeout(time_limit, called).await {
        Ok(Ok(response)) => response?,
        Ok(Err(_)) => return lost(Error::internal("panicked")),
        Err(_) => return lost(Error::unavailable("took too long")),
    };
    let mut response = as_problem(response);
    let route = response.request().match_pattern();
    let status = response.status();
    let elapsed = started.elapsed();
    if let Some(metrics) = metrics {
        let route = route.as_deref().unwrap_or(UNMATCHED);
        metrics.request(&method, route, status.as_u16(), elapsed);
    }
    write_log(&response, &method, &route.unwrap_or(path), elapsed, &id);
    add_headers(response.headers_mut(), id);
    Ok(response.map_body(|_, body| Sending::new(body, answering)))
}

fn write_log<B>(
    response: &ServiceResponse<B>,
    method: &Method,
    route: &str,
    elapsed: Duration,
    id: &HeaderValue,
) {
    let status = response.status().as_u16();
    let request = id.to_str().unwrap_or_default();
    let method = method.as_str();
    let milliseconds = elapsed.as_millis() as i64;
    let user = response.request().extensions().get::<SignedIn>().map_or(0, |me| me.user.id);
    log::info!(method, route, status, milliseconds, request, user; "answered");
    if let (500.., Some(error)) = (status, response.response().error()) {
        log::error!(method, route, status, request, user; "failed: {error}");
    }
}

fn add_headers(headers: &mut HeaderMap, id: HeaderValue) {
    headers.insert(X_REQUEST_ID, id);
    for (name, value) in HEADERS {
        if !headers.contains_key(&name) {
            headers.insert(name, value);
        }
    }
}

/// Rejects requests until the service is ready, and those beyond what it may answer at once. A response
/// counts until it is sent. Liveness probes are always let in. A client that has tried too often gets its
/// response after a pause, so that one that never pauses takes little from the others.
pub(crate) async fn admit<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<Sending<Option<OwnedSemaphorePermit>>>, ActixError> {
    let free = match AppState::of(request.request()) {
        Some(state) => state.places.clone().try_acquire_owned().map_err(|_| "too many requests"),
        None => Err("not ready yet"),
    };
    if let Err(why) = free
        && request.path() != "/healthz"
    {
        let problem = Problem::from(Error::unavailable(why));
        let response = request.into_response(problem.error_response());
        return Ok(response.map_body(|_, body| Sending::new(body, None)));
    }
    let mut place = free.ok();
    let response = next.call(request).await?;
    if response.status() == StatusCode::TOO_MANY_REQUESTS {
        place = None;
        sleep(PAUSE).await;
    }
    Ok(response.map_body(|_, body| Sending::new(body, place)))
}

/// The request's own id if it is 1 to 128 visible ASCII characters, a new one otherwise.
fn request_id(request: &ServiceRequest) -> HeaderValue {
    let given = request.headers().get(&X_REQUEST_ID).filter(|id| {
        (1..=128).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic)
    });
    given.cloned().unwrap_or_else(|| {
        let id = service::random::text(12).ok().and_then(|id| HeaderValue::from_str(&id).ok());
        id.unwrap_or(HeaderValue::from_static("none"))
    })
}

/// Failures that the framework made itself get the body of all others.
fn as_problem<B: MessageBody>(
    response: ServiceResponse<B>,
) -> ServiceResponse<EitherBody<B, BoxBody>> {
    let status = response.status();
    let is_problem = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == PROBLEM_JSON);
    if is_problem || !(status.is_client_error() || status.is_server_error()) {
        return response.map_into_left_body();
    }
    let problem = match status {
        StatusCode::NOT_FOUND => Problem::Service(Error::NotFound),
        status => Problem::Framework(status),
    };
    response.into_response(problem.error_response()).map_into_right_body()
}

/// A handler panicked or took too long; its connection goes on.
#[derive(Debug, thiserror::Error)]
#[error("{problem}")]
struct Lost {
    id: HeaderValue,
    problem: Problem,
}

impl ResponseError for Lost {
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
    async fn a_panic_is_an_internal_error_and_tells_nothing() {
        let app = App::new().wrap(from_fn(frame)).route("/", web::get().to(panics));
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
