//! The HTTP servers: one for the API, and one for `/metrics` if that has its own address.

use std::{
    fmt,
    future::ready,
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use actix_cors::Cors;
use actix_http::{HttpService, Protocol, Request, Response, error::DispatchError};
use actix_server::{Server, ServerBuilder};
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, fn_service, map_config,
};
use actix_web::{
    App,
    body::{BoxBody, MessageBody},
    dev::AppConfig,
    middleware::{Condition, from_fn},
    web::{self, ServiceConfig},
};
use rlimit::Resource;
use tokio::net::TcpStream;

use crate::{
    http::{
        Network, Readiness,
        connection::{ClientStream, KEEP_ALIVE},
        extract::check_token,
        middleware::{limit_concurrency, supervise},
        problem::Problem,
        shares::Shares,
    },
    routes,
};

/// Response headers that scripts of other origins may read.
const EXPOSED_HEADERS: [&str; 7] =
    ["ETag", "Link", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-Id"];

/// How long requests in flight may take during shutdown, in seconds.
const SHUTDOWN_TIMEOUT: u64 = 8;

/// Open files that are not connections of clients: those of the database, the log and the runtime.
const OTHER_FILES: usize = 512;

/// The most connections of clients that read metrics.
const MAX_METRICS_CONNECTIONS: usize = 100;

/// The server of the API, on these sockets. It answers 503 until there is a state.
pub(super) fn api(
    sockets: Vec<TcpListener>,
    network: Network,
    readiness: &Readiness,
    has_metrics: bool,
) -> io::Result<Server> {
    let readiness = web::Data::new(readiness.clone());
    let origins = network.cors_origins.clone();
    let app = move || {
        let app = App::new()
            .app_data(readiness.clone())
            .wrap(from_fn(limit_concurrency))
            .wrap(cors(&origins))
            .wrap(from_fn(supervise))
            .configure(configure);
        let app = if has_metrics { app.configure(metrics_route) } else { app };
        app.default_service(web::to(not_found))
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

/// How many files are left for connections, so that accepting one never fails for want of a file.
fn available_files() -> io::Result<usize> {
    let (files, _) = Resource::NOFILE.get()?;
    let files = usize::try_from(files).unwrap_or(usize::MAX);
    Ok(files - OTHER_FILES.min(files / 2))
}

/// Like [`actix_web::HttpServer`], which would not let the service limit connections.
fn serve<A, F, S, B>(
    mut builder: ServerBuilder,
    sockets: Vec<TcpListener>,
    network: Network,
    max_connections: usize,
    app: A,
) -> io::Result<Server>
where
    A: Fn() -> F + Clone + Send + 'static,
    F: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Response<BoxBody>> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    let network = Arc::new(network);
    let connections = Arc::new(Shares::new(max_connections));
    let shutdown = builder.graceful_shutdown_signal();
    for socket in sockets {
        let (network, connections) = (network.clone(), connections.clone());
        let (shutdown, app) = (shutdown.clone(), app.clone());
        builder = builder.listen("http", socket, move || {
            let shutdown = shutdown.clone();
            let http = HttpService::build()
                .graceful_shutdown_signal(move || {
                    let shutdown = shutdown.clone();
                    async move { shutdown.notified().await }
                })
                .keep_alive(KEEP_ALIVE)
                .client_request_timeout(network.client_timeout)
                // Otherwise the work goes on for a client that has closed its connection.
                .h1_allow_half_closed(false)
                .on_connect_ext(|stream: &ClientStream, data| {
                    drop(data.insert(stream.connection()))
                })
                .finish(map_config(app(), |()| AppConfig::default()));
            accept(network.clone(), connections.clone()).and_then(http)
        })?;
    }
    Ok(builder.shutdown_timeout(SHUTDOWN_TIMEOUT).disable_signals().run())
}

/// Takes connections on, or closes those that are too many.
fn accept(
    network: Arc<Network>,
    connections: Arc<Shares>,
) -> impl ServiceFactory<
    TcpStream,
    Config = (),
    Response = (ClientStream, Protocol, Option<SocketAddr>),
    Error = DispatchError,
    InitError = (),
> {
    fn_service(move |socket: TcpStream| {
        let accepted = socket.peer_addr().and_then(|peer| {
            let stream = ClientStream::accept(socket, peer.ip(), &network, &connections)?;
            Ok((stream, Protocol::Http1, Some(peer)))
        });
        ready(accepted.map_err(DispatchError::Io))
    })
}

/// Lets pages of these origins call the API. Their scripts send the token, not the browser: there are no
/// credentials in the sense of CORS.
fn cors(origins: &[String]) -> Condition<Cors> {
    let mut cors = Cors::default()
        .allowed_methods(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers([
            "Authorization",
            "Content-Type",
            "If-Match",
            "If-None-Match",
            "X-Request-Id",
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
    let api = web::scope("/api")
        .wrap(from_fn(check_token))
        .default_service(web::to(not_found))
        .configure(|api| routes::api().register("/api", api));
    app.service(api);
}

fn metrics_route(app: &mut ServiceConfig) {
    routes::metrics().register("", app);
}

async fn not_found() -> Result<&'static str, Problem> {
    Err(service::Error::NotFound.into())
}
