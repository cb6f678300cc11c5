//! Connections of clients: how many a network can have, and how slow they can be. Actix limits only the
//! time for the first request head of a connection, not for later ones, nor for the reading of responses.

use std::{
    cell::{Cell, RefCell},
    io,
    mem::MaybeUninit,
    net::IpAddr,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use actix_http::ServiceConfig;
use actix_web::{
    body::{BodySize, BoxBody, MessageBody},
    web::Bytes,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep, sleep_until},
};

use super::{
    Network,
    connections::{Connections, Presence},
    incoming::Incoming,
    shares::Share,
};

/// How long a connection is kept open for the next request.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// How long a client that has closed its sending half, as `nc -N` does, is waited on with a response. One that is
/// gone looks the same, and what it asked for is given up after this.
const LAST_RESPONSE_TIMEOUT: Duration = Duration::from_secs(1);

/// How much is read from a client at once, in bytes.
const READ_SIZE: usize = 8 * 1024;

/// How long a client may take to read a response, as long as it reads at all.
const RESPONSE_TIMEOUT: Duration = Duration::from_mins(5);

/// A client's connection. Reading and writing fail once the client has been too slow.
pub(crate) struct ClientStream {
    socket: TcpStream,
    incoming: Incoming,
    connection: Connection,
    _share: Share,
}

impl ClientStream {
    /// Takes a connection of this peer on, unless its network has too many, all of them busy. A trusted proxy may have all,
    /// since its clients share its connections.
    ///
    /// # Errors
    /// If there are too many, or the socket has failed.
    pub(crate) async fn accept(
        socket: TcpStream,
        peer: IpAddr,
        config: ServiceConfig,
        network: &Network,
        connections: &Connections,
    ) -> io::Result<Self> {
        let client = Some(peer.to_canonical()).filter(|peer| !network.trusts(peer));
        let admitted = connections.admit(client).await;
        let (share, presence) = admitted.ok_or(io::ErrorKind::QuotaExceeded)?;
        // How long sent data may stay unacknowledged (tcp(7)).
        #[cfg(target_os = "linux")]
        socket2::SockRef::from(&socket).set_tcp_user_timeout(Some(network.client_timeout))?;
        let connection = Connection::new(network.client_timeout, presence);
        Ok(Self { socket, incoming: Incoming::new(config), connection, _share: share })
    }

    /// The connection, as requests see it.
    pub(crate) fn connection(&self) -> Connection {
        self.connection.clone()
    }

    /// Fails instead of waiting for a client that is too slow, or has to make room.
    fn limit<T>(
        &self,
        context: &mut Context<'_>,
        progress: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if progress.is_ready() {
            return progress;
        }
        if !self.connection.0.presence.must_leave(context) {
            ready!(self.connection.poll_deadline(context));
        }
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while this.incoming.is_empty() {
            let mut space = [MaybeUninit::uninit(); READ_SIZE];
            let mut bytes = ReadBuf::uninit(&mut space);
            let progress = Pin::new(&mut this.socket).poll_read(context, &mut bytes);
            ready!(this.limit(context, progress))?;
            if bytes.filled().is_empty() && !this.incoming.end() {
                ready!(this.connection.poll_leave(context));
                return Poll::Ready(Ok(()));
            }
            this.incoming.push(bytes.filled());
            if this.incoming.is_in_head() {
                this.connection.begin_head();
            }
        }
        this.incoming.read(buffer);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let progress = Pin::new(&mut this.socket).poll_write(context, bytes);
        this.limit(context, progress)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_shutdown(context)
    }
}

/// What happens on a connection, and how long the client may take for it.
#[derive(Clone)]
pub(crate) struct Connection(Rc<Activity>);

struct Activity {
    /// The requests that are in flight.
    in_flight: Cell<usize>,
    /// Whether the head of a request has begun.
    has_begun: Cell<bool>,
    /// How long the client may take to send a head.
    head_timeout: Duration,
    presence: Arc<Presence>,
    /// How long a client that sends nothing more is still served.
    leave: RefCell<Option<Pin<Box<Sleep>>>>,
    /// When the client has been too slow.
    deadline: Cell<Instant>,
    /// Wakes the task then, or earlier, since moving it with each request would take a lock each time.
    alarm: RefCell<Pin<Box<Sleep>>>,
}

impl Connection {
    fn new(head_timeout: Duration, presence: Arc<Presence>) -> Self {
        // Actix answers 408 if there is no first head by then, a little before this.
        let deadline = Instant::now() + KEEP_ALIVE + head_timeout;
        Self(Rc::new(Activity {
            in_flight: Cell::new(0),
            has_begun: Cell::new(true),
            head_timeout,
            presence,
            leave: RefCell::default(),
            deadline: Cell::new(deadline),
            alarm: RefCell::new(Box::pin(sleep_until(deadline))),
        }))
    }

    /// Starts to wait for the rest of a head, after its first bytes.
    fn begin_head(&self) {
        if self.0.in_flight.get() == 0 && !self.0.has_begun.replace(true) {
            self.wait(self.0.head_timeout);
        }
    }

    /// Counts a request as in flight until the value is dropped.
    pub(crate) fn begin_request(&self) -> InFlight {
        self.set_in_flight(self.0.in_flight.get() + 1);
        InFlight(self.clone())
    }

    /// Starts to wait for a response to be read, or for the next head.
    fn set_in_flight(&self, in_flight: usize) {
        self.0.in_flight.set(in_flight);
        self.0.presence.set_busy(in_flight > 0);
        self.0.has_begun.set(false);
        self.wait(if in_flight > 0 { RESPONSE_TIMEOUT } else { KEEP_ALIVE });
    }

    /// Waits, once the client has sent all that it will, until its last request is answered, but not for long:
    /// it may have closed only its sending half, or be gone.
    fn poll_leave(&self, context: &mut Context<'_>) -> Poll<()> {
        if self.0.in_flight.get() == 0 && !self.0.has_begun.get() {
            return Poll::Ready(());
        }
        let mut leave = self.0.leave.borrow_mut();
        leave.get_or_insert_with(|| Box::pin(sleep(LAST_RESPONSE_TIMEOUT))).as_mut().poll(context)
    }

    /// Moves the deadline, at which the task that polled it is woken.
    fn wait(&self, limit: Duration) {
        let deadline = Instant::now() + limit;
        self.0.deadline.set(deadline);
        let mut alarm = self.0.alarm.borrow_mut();
        if deadline < alarm.deadline() || alarm.is_elapsed() {
            alarm.as_mut().reset(deadline);
        }
    }

    fn poll_deadline(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut alarm = self.0.alarm.borrow_mut();
        loop {
            ready!(alarm.as_mut().poll(context));
            let deadline = self.0.deadline.get();
            if deadline <= alarm.deadline() {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(deadline);
        }
    }
}

/// A request whose response is being made or sent.
pub(crate) struct InFlight(Connection);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.set_in_flight(self.0.0.in_flight.get() - 1);
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
