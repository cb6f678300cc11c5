//! The parts of [`actix_web::HttpServer`], with limits on connections.

use std::{
    fmt, io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use actix_http::{
    HttpService, KeepAlive, Protocol, Request, Response, ServiceConfig, error::DispatchError,
};
use actix_server::{Server, ServerBuilder};
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, fn_service, map_config,
};
use actix_web::{
    body::{BoxBody, MessageBody},
    dev::AppConfig,
};
use rlimit::Resource;
use tokio::net::TcpStream;

use crate::http::{Network, connection::ClientStream, connections::Connections};

/// How long requests in flight may take during shutdown, in seconds.
const SHUTDOWN_TIMEOUT: u64 = 8;

/// How long a connection that is being closed waits for its client to do the same, so that the client reads
/// the last response even if it is still sending.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Open files that are not connections of clients: those of the database, the log and the runtime.
const OTHER_FILES: usize = 512;

/// How many files are left for connections, so that accepting one never fails for want of a file.
pub(super) fn available_files() -> io::Result<usize> {
    let (files, _) = Resource::NOFILE.get()?;
    let files = usize::try_from(files).unwrap_or(usize::MAX);
    Ok(files - OTHER_FILES.min(files / 2))
}

/// Runs a server. [`actix_web::HttpServer`] does the same, but would not let the service limit connections.
pub(super) fn serve<A, F, S, B>(
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
    let connections = Arc::new(Connections::new(max_connections));
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
                // The stream does that.
                .keep_alive(KeepAlive::Os)
                .client_request_timeout(network.client_timeout)
                .client_disconnect_timeout(DISCONNECT_TIMEOUT)
                // Otherwise the work goes on for a client that has closed its connection.
                .h1_allow_half_closed(false)
                .on_connect_ext(|stream: &ClientStream, data| {
                    drop(data.insert(stream.connection()));
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
    connections: Arc<Connections>,
) -> impl ServiceFactory<
    TcpStream,
    Config = (),
    Response = (ClientStream, Protocol, Option<SocketAddr>),
    Error = DispatchError,
    InitError = (),
> {
    let config = ServiceConfig::default();
    fn_service(move |socket: TcpStream| {
        let (config, network, connections) = (config.clone(), network.clone(), connections.clone());
        async move {
            let peer = socket.peer_addr().map_err(DispatchError::Io)?;
            let stream = ClientStream::accept(socket, peer.ip(), config, &network, &connections);
            let stream = stream.await.map_err(DispatchError::Io)?;
            Ok((stream, Protocol::Http1, Some(peer)))
        }
    })
}
