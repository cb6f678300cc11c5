//! Ends connections that hold up: actix times the first head of a connection alone, and no answer.

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

/// So long a connection is kept for the next request, before its first byte.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// So long a client may take to read an answer, as long as it reads at all.
const LONGEST_ANSWER: Duration = Duration::from_secs(300);

/// How many requests of a connection are being answered. Goes with the connection.
pub(crate) struct Connection(watch::Sender<usize>);

impl Connection {
    /// Watches a new connection, for as long as it is there.
    pub(crate) fn watch(stream: &dyn Any, client_timeout: Duration, data: &mut Extensions) {
        let Some(stream) = stream.downcast_ref::<TcpStream>() else { return };
        match Self::watched(stream, client_timeout) {
            Ok(connection) => drop(data.insert(connection)),
            Err(error) => log::warn!("a connection can't be watched: {error}"),
        }
    }

    fn watched(stream: &TcpStream, client_timeout: Duration) -> io::Result<Self> {
        // For so long nothing of an answer may be taken (tcp(7)).
        #[cfg(target_os = "linux")]
        socket2::SockRef::from(stream).set_tcp_user_timeout(Some(client_timeout))?;
        let socket = Socket::from(stream.as_fd().try_clone_to_owned()?);
        let (sender, answering) = watch::channel(0);
        rt::spawn(cut_off_when_slow(socket, answering, KEEP_ALIVE + client_timeout));
        Ok(Self(sender))
    }

    /// A request has come. It is being answered until what is returned is gone.
    pub(crate) fn begin(&self) -> Answering {
        self.0.send_modify(|answering| *answering += 1);
        Answering(self.0.clone())
    }
}

/// Waits for the next whole head, or for an answer to be taken, until one takes too long or the
/// connection is gone.
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
                // Fails where the client was faster.
                let _ = socket.shutdown(Shutdown::Both);
                return;
            }
        }
    }
}

/// An answer that is being made or sent.
pub(crate) struct Answering(watch::Sender<usize>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.send_modify(|answering| *answering -= 1);
    }
}

/// A body, and what is kept until it is sent.
pub(crate) struct Sending<K> {
    body: BoxBody,
    _kept: K,
}

impl<K> Sending<K> {
    /// Keeps this for as long as the body.
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
