//! Closes connections of slow clients: actix-web limits the time for the first request head of a connection,
//! but not for later ones, nor for the reading of responses.

use std::{
    any::Any,
    io,
    net::{Shutdown, TcpStream as Socket},
    os::fd::AsFd,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    body::{BodySize, BoxBody, MessageBody},
    dev::Extensions,
    rt,
    web::Bytes,
};
use tokio::{net::TcpStream, sync::watch, time::timeout};

/// How long a connection is kept open for the next request.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// How long a client may take to read a response, as long as it reads at all.
const RESPONSE_TIMEOUT: Duration = Duration::from_mins(5);

/// Counts the requests of a connection that are in flight. Dropped with the connection.
pub(crate) struct Connection(watch::Sender<usize>);

impl Connection {
    /// Watches a new connection until it is closed.
    pub(crate) fn watch(stream: &dyn Any, client_timeout: Duration, data: &mut Extensions) {
        let Some(stream) = stream.downcast_ref::<TcpStream>() else { return };
        match Self::watched(stream, client_timeout) {
            Ok(connection) => drop(data.insert(connection)),
            Err(error) => log::warn!("can't watch a connection: {error}"),
        }
    }

    fn watched(stream: &TcpStream, client_timeout: Duration) -> io::Result<Self> {
        // How long sent data may stay unacknowledged (tcp(7)).
        #[cfg(target_os = "linux")]
        socket2::SockRef::from(stream).set_tcp_user_timeout(Some(client_timeout))?;
        let socket = Socket::from(stream.as_fd().try_clone_to_owned()?);
        let (sender, in_flight) = watch::channel(0);
        rt::spawn(close_when_slow(socket, in_flight, KEEP_ALIVE + client_timeout));
        Ok(Self(sender))
    }

    /// Counts a request as in flight until the value is dropped.
    pub(crate) fn begin_request(&self) -> InFlight {
        self.0.send_modify(|in_flight| *in_flight += 1);
        InFlight(self.0.clone())
    }
}

/// Waits for each request head, and for each response to be read, and closes the connection when one of
/// them takes too long.
async fn close_when_slow(
    socket: Socket,
    mut in_flight: watch::Receiver<usize>,
    head_timeout: Duration,
) {
    loop {
        let is_responding = *in_flight.borrow_and_update() > 0;
        let limit = if is_responding { RESPONSE_TIMEOUT } else { head_timeout };
        match timeout(limit, in_flight.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return,
            Err(_) => {
                // Fails if the client was faster.
                let _ = socket.shutdown(Shutdown::Both);
                return;
            }
        }
    }
}

/// A request whose response is being made or sent.
pub(crate) struct InFlight(watch::Sender<usize>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.send_modify(|in_flight| *in_flight -= 1);
    }
}

/// A response body with a guard that is dropped once the body is sent.
pub(crate) struct GuardedBody<G> {
    body: BoxBody,
    _guard: G,
}

impl<G> GuardedBody<G> {
    /// Keeps the guard for as long as the body.
    pub(crate) fn new(body: impl MessageBody + 'static, guard: G) -> Self {
        Self { body: body.boxed(), _guard: guard }
    }
}

impl<G: Unpin> MessageBody for GuardedBody<G> {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_next(context)
    }
}
