//! The HTTP servers: one for the API, and one for `/metrics` if that has its own address.

use std::{io, net::TcpListener};

use actix_cors::Cors;
use actix_server::Server;
use actix_web::{
    App, HttpRequest, HttpResponse, ResponseError,
    http::header::{HeaderValue, LINK},
    middleware::{Condition, from_fn},
    web::{self, ServiceConfig},
};

use super::acceptor::{available_files, serve};
use crate::{
    http::{
        Network, Readiness,
        middleware::{
            OpenRoutes, check_site, check_token, limit_concurrency, limit_responses,
            require_access, supervise,
        },
        problem::Problem,
        reply::TOTAL_COUNT,
    },
    routes,
};

/// Response headers that scripts of other origins may read.
const EXPOSED_HEADERS: [&str; 9] = [
    "ETag",
    "Idempotency-Replayed",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-Id",
    TOTAL_COUNT,
];

/// The most connections of clients that read metrics.
const MAX_METRICS_CONNECTIONS: usize = 100;

/// What the server offers beside the API.
#[derive(Clone, Copy)]
pub(super) struct Offer {
    /// `/metrics`.
    pub(super) has_metrics: bool,
    /// The page for people.
    pub(super) has_page: bool,
}

/// The server of the API, on these sockets. It answers 503 until there is a state.
pub(super) fn api(
    sockets: Vec<TcpListener>,
    network: Network,
    readiness: &Readiness,
    Offer { has_metrics, has_page }: Offer,
) -> io::Result<Server> {
    let readiness = web::Data::new(readiness.clone());
    let origins = network.cors_origins.clone();
    let app = move || {
        let app = App::new()
            .app_data(readiness.clone())
            .wrap(from_fn(limit_concurrency))
            .wrap(from_fn(limit_responses))
            .wrap(from_fn(check_site))
            .wrap(cors(&origins))
            .wrap(from_fn(supervise))
            .configure(configure);
        let app = if has_metrics { app.configure(metrics_route) } else { app };
        app.configure(if has_page { page } else { start })
    };
    let max_connections = network.max_connections.min(available_files()?);
    serve(Server::build(), sockets, network, max_connections, app)
}

/// The server of `/metrics` alone, for a private address.
pub(super) fn metrics(
    sockets: Vec<TcpListener>,
    network: Network,
    readiness: &Readiness,
) -> io::Result<Server> {
    let readiness = web::Data::new(readiness.clone());
    let app = move || {
        let app = App::new().app_data(readiness.clone()).wrap(from_fn(supervise));
        app.configure(metrics_route).default_service(web::to(not_found))
    };
    serve(Server::build().workers(1), sockets, network, MAX_METRICS_CONNECTIONS, app)
}

/// Lets pages of these origins call the API. Their scripts send the token, not the browser: there are no
/// credentials in the sense of CORS.
fn cors(origins: &[String]) -> Condition<Cors> {
    let mut cors = Cors::default()
        .allowed_methods(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers([
            "Authorization",
            "Content-Type",
            "Idempotency-Key",
            "If-Match",
            "If-None-Match",
            "X-Request-Id",
            "traceparent",
            "tracestate",
        ])
        .expose_headers(EXPOSED_HEADERS)
        .max_age(3_600);
    if origins.iter().any(|origin| origin == "*") {
        cors = cors.allow_any_origin();
    } else {
        for origin in origins {
            cors = cors.allowed_origin(origin);
        }
    }
    Condition::new(!origins.is_empty(), cors)
}

fn configure(app: &mut ServiceConfig) {
    routes::operations().register("", app);
    let open = OpenRoutes::from(routes::api().open());
    let also_open = open.clone();
    let api = web::scope("/api")
        .wrap(from_fn(move |state, request, next| {
            require_access(open.clone(), state, request, next)
        }))
        .wrap(from_fn(move |state, request, next| {
            check_token(also_open.clone(), state, request, next)
        }))
        .default_service(web::to(not_found))
        .configure(|api| routes::api().register("/api", api));
    app.service(api);
}

fn page(app: &mut ServiceConfig) {
    routes::page().register("", app);
    app.default_service(web::to(|request: HttpRequest| async move {
        match routes::page_not_found(&request) {
            Some(page) => page,
            None => not_found().await,
        }
    }));
}

fn start(app: &mut ServiceConfig) {
    routes::start().register("", app);
    app.default_service(web::to(not_found));
}

fn metrics_route(app: &mut ServiceConfig) {
    routes::metrics().register("", app);
}

/// Says where to read what there is (RFC 8631).
async fn not_found() -> HttpResponse {
    let mut response = Problem::from(service::Error::NotFound).error_response();
    let links = "</docs>; rel=\"service-doc\", </api/openapi.json>; rel=\"service-desc\"";
    response.headers_mut().insert(LINK, HeaderValue::from_static(links));
    response
}
