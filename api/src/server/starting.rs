//! What answers while the database is prepared, which takes as long as its migrations, or as another
//! instance's.

use std::{
    io,
    net::{IpAddr, SocketAddr, TcpListener},
};

use actix_web::{
    App, HttpServer,
    dev::ServerHandle,
    http::KeepAlive,
    middleware::from_fn,
    web::{self, ServiceConfig},
};
use tokio::net::TcpSocket;

use crate::{http::middleware::frame, http::problem::Problem, routes};

/// Connections that wait to be taken, for each address.
const BACKLOG: u32 = 1_024;

/// Listens at every address of the host that this machine has. Fails where one of them is taken.
pub(crate) fn listen(host: &[IpAddr], port: u16) -> io::Result<Vec<TcpListener>> {
    let mut sockets = Vec::new();
    let mut failed = io::ErrorKind::AddrNotAvailable.into();
    for &address in host {
        match socket(SocketAddr::new(address, port)) {
            Ok(socket) => sockets.push(socket),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
            Err(error) => failed = error,
        }
    }
    if sockets.is_empty() { Err(failed) } else { Ok(sockets) }
}

fn socket(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A port that was the last process's a moment ago can be taken.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// Answers that it is alive, and 503 to all else.
pub(crate) struct Starting(ServerHandle);

impl Starting {
    /// Takes requests from these sockets until it is stopped.
    pub(crate) fn serve(sockets: &[TcpListener]) -> io::Result<Self> {
        let app = || {
            let live = |app: &mut ServiceConfig| routes::liveness().register("", app);
            App::new().wrap(from_fn(frame)).configure(live).default_service(web::to(not_yet))
        };
        let mut server = HttpServer::new(app)
            .workers(1)
            // Nobody stays connected to what will be gone.
            .keep_alive(KeepAlive::Disabled)
            .disable_signals();
        for socket in sockets {
            server = server.listen(socket.try_clone()?)?;
        }
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Ok(Self(handle))
    }

    /// Leaves the sockets to who comes next.
    pub(crate) async fn stop(self) {
        self.0.stop(true).await;
    }
}

async fn not_yet() -> Result<&'static str, Problem> {
    Err(service::Error::unavailable("the database is being prepared").into())
}
