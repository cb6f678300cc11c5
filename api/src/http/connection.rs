//! Closes stalled connections: actix itself only limits the time for the first head of a connection, and
//! not that for reading responses.

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

/// How long an idle connection is kept for the next request.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// How long a client may take to read a response, provided that it reads at all.
const LONGEST_ANSWER: Duration = Duration::from_secs(300);

/// The number of requests in progress on a connection. Dropped with the connection.
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
        // How long a client may read nothing of a response (tcp(7)).
        #[cfg(target_os = "linux")]
        socket2::SockRef::from(stream).set_tcp_user_timeout(Some(client_timeout))?;
        let socket = Socket::from(stream.as_fd().try_clone_to_owned()?);
        let (sender, answering) = watch::channel(0);
        rt::spawn(cut_off_when_slow(socket, answering, KEEP_ALIVE + client_timeout));
        Ok(Self(sender))
    }

    /// Records a request. It is in progress until the returned value is dropped.
    pub(crate) fn begin(&self) -> Answering {
        self.0.send_modify(|answering| *answering += 1);
        Answering(self.0.clone())
    }
}

/// Waits for the next complete head, or for a response to be read, until either takes too long or the
/// connection is closed.
async fn cut_off_when_slow(
    socket: Socket,
    mut answering: watch::Receiver<usize>,
    longest_head: Duration,
) {
    loop {
        let is_answering = *answering.borrow_and_update() > 0;
        let longest = if is_answering { LONGEST_ANSWER } else { longest_head };
        match timeout(longest, answering.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return,
            Err(_) => {
                // Fails if the client has closed it already.
                let _ = socket.shutdown(Shutdown::Both);
                return;
            }
        }
    }
}

/// A response that is being produced or sent.
pub(crate) struct Answering(watch::Sender<usize>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.send_modify(|answering| *answering -= 1);
    }
}

/// A body, and a guard that is kept until it is sent.
pub(crate) struct Sending<K> {
    body: BoxBody,
    _kept: K,
}

impl<K> Sending<K> {
    /// Keeps this until the body is sent.
    pub(crate) fn new(body: impl MessageBody + 'static, kept: K) -> Self {
        Self { body: body.boxed(), _kept: kept }
    }
}

impl<K: Unpin> MessageBody for Sending<K> {
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
