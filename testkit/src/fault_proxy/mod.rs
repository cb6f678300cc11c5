//! A proxy between the service and PostgreSQL that injects faults.

mod lookalike;
mod session;

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpSocket},
    sync::watch,
    task::JoinHandle,
    time::sleep,
};

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Delays what the service sends by this much.
    Delay(Moment, Duration),
    /// Cuts the connection instead of forwarding a `COMMIT`, so that the server rolls back.
    CutBeforeCommit,
    /// Lets the server commit, and cuts the connection before the response.
    CutAfterCommit,
    /// Has the server run this SQL in place of what the service sent. It must fail, since its response
    /// is not the one that the service expects.
    Replace(Moment, String),
    /// Refuses new sessions with this SQLSTATE.
    RefuseSessions(&'static str),
}

/// When a fault occurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// At anything the service sends, including the start of a session.
    Any,
    /// At a `BEGIN`.
    Begin,
    /// At a statement, inside a transaction or not; `BEGIN` and the like do not count.
    Statement,
    /// At a statement inside a transaction.
    InTransaction,
    /// At a `COMMIT`.
    Commit,
}

impl Moment {
    /// Whether a fault for this moment applies to that one.
    fn is(self, that: Self) -> bool {
        self == that || (self, that) == (Self::Statement, Self::InTransaction)
    }
}

impl Fault {
    /// The server fails with this SQLSTATE, and rolls back the transaction if there is one.
    pub fn raise(moment: Moment, code: &str) -> Self {
        let raise = raise(code);
        // A `COMMIT` that fails leaves no transaction behind.
        let before = if moment == Moment::Commit { "ROLLBACK; " } else { "" };
        Self::Replace(moment, format!("{before}{raise}"))
    }

    /// The server ends the session, as by an administrator or a restart (57P01).
    pub fn terminate(moment: Moment) -> Self {
        let sql = "DO $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()), pg_sleep(9); END $$";
        Self::Replace(moment, sql.into())
    }
}

/// SQL that fails with this SQLSTATE.
fn raise(code: &str) -> String {
    format!("DO $$ BEGIN RAISE EXCEPTION 'injected fault' USING ERRCODE = '{code}'; END $$")
}

/// Listens on loopback and forwards to a PostgreSQL server, with one kind of fault at a time.
#[derive(Debug)]
pub struct FaultProxy {
    url: String,
    /// Reserves the port while nobody listens on it.
    _reserved: TcpSocket,
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    /// `host:port`
    server: Mutex<String>,
    /// Whether the server poses as one that only resembles PostgreSQL.
    is_lookalike: bool,
    plan: Mutex<Plan>,
    /// Each change cuts all connections.
    cut: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Plan {
    fault: Option<Fault>,
    /// How often the fault was due, and in how many of these times it is injected once.
    due: usize,
    one_in: u64,
    times_left: usize,
    injected: usize,
}

impl Plan {
    /// Whether the fault is injected now that it is due: at irregular times, which are the same in each run.
    fn is_injected(&mut self) -> bool {
        self.due += 1;
        let mut hasher = DefaultHasher::new();
        self.due.hash(&mut hasher);
        hasher.finish().is_multiple_of(self.one_in)
    }
}

impl FaultProxy {
    /// Starts in front of the database with this URL, without any fault.
    pub fn start(url: &str) -> Self {
        Self::start_as(url, false)
    }

    /// The same, but the server poses as one that only resembles PostgreSQL: it commits before each change of the schema,
    /// and lacks advisory locks and locks on tables.
    pub fn start_as_lookalike(url: &str) -> Self {
        Self::start_as(url, true)
    }

    fn start_as(url: &str, is_lookalike: bool) -> Self {
        let (scheme, rest) = url.split_once("://").expect("a URL");
        let (authority, path) = rest.split_once('/').expect("a URL with a database");
        let (user, server) = authority.rsplit_once('@').unwrap_or(("", authority));
        let server = if server.contains(':') { server.into() } else { format!("{server}:5432") };
        let reserved = bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
        let address = reserved.local_addr().expect("an address");
        let at = if user.is_empty() { "" } else { "@" };
        let server = Mutex::new(server);
        let (plan, cut) = (Mutex::default(), watch::channel(()).0);
        let shared = Shared { server, is_lookalike, plan, cut };
        let proxy = Self {
            url: format!("{scheme}://{user}{at}{address}/{path}"),
            _reserved: reserved,
            address,
            shared: Arc::new(shared),
            acceptor: Mutex::default(),
        };
        proxy.come_up();
        proxy
    }

    /// The URL of the database through the proxy.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Injects the fault from now on, at most this many times.
    pub fn inject(&self, fault: Fault, times: usize) {
        let plan = Plan { fault: Some(fault), one_in: 1, times_left: times, ..Plan::default() };
        *self.shared.plan.lock().expect("lock") = plan;
    }

    /// Injects the fault from now on, once in so many times.
    pub fn inject_one_in(&self, fault: Fault, one_in: u64) {
        let plan = Plan { fault: Some(fault), one_in, times_left: usize::MAX, ..Plan::default() };
        *self.shared.plan.lock().expect("lock") = plan;
    }

    /// Stops injecting faults.
    pub fn clear(&self) {
        self.shared.plan.lock().expect("lock").times_left = 0;
    }

    /// How many times the fault was injected.
    pub fn injected(&self) -> usize {
        self.shared.plan.lock().expect("lock").injected
    }

    /// Cuts all connections; new ones are accepted.
    pub fn cut(&self) {
        self.shared.cut.send_replace(());
    }

    /// Cuts all connections, and leads new ones to another server on loopback, as after a failover.
    pub fn lead_to(&self, port: u16) {
        *self.shared.server.lock().expect("lock") = format!("127.0.0.1:{port}");
        self.cut();
    }

    /// Cuts all connections, and refuses new ones.
    pub async fn go_down(&self) {
        let acceptor = self.acceptor.lock().expect("lock").take();
        if let Some(acceptor) = acceptor {
            acceptor.abort();
            assert!(acceptor.await.is_err(), "it went down by itself");
        }
        self.cut();
    }

    /// Accepts connections again.
    pub fn come_up(&self) {
        let listener = bind(self.address).and_then(|socket| socket.listen(128)).expect("listens");
        let acceptor = tokio::spawn(accept(listener, self.shared.clone()));
        *self.acceptor.lock().expect("lock") = Some(acceptor);
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        let shared = shared.clone();
        let mut cut = shared.cut.subscribe();
        tokio::spawn(async move {
            tokio::select! {
                _ = cut.changed() => {}
                // However it ends, both sides are closed.
                _ = session::serve(&shared, client) => {}
            }
        });
    }
}

impl Shared {
    fn server(&self) -> String {
        self.server.lock().expect("lock").clone()
    }

    /// The fault, if it is one of these and is due.
    fn take(&self, is_meant: impl FnOnce(&Fault) -> bool) -> Option<Fault> {
        let mut plan = self.plan.lock().expect("lock");
        let fault = plan.fault.clone().filter(|fault| plan.times_left > 0 && is_meant(fault))?;
        if !plan.is_injected() {
            return None;
        }
        plan.times_left -= 1;
        plan.injected += 1;
        Some(fault)
    }

    async fn delay(&self, moment: Moment) {
        let delays = |fault: &Fault| matches!(fault, Fault::Delay(at, _) if at.is(moment));
        if let Some(Fault::Delay(_, time)) = self.take(delays) {
            sleep(time).await;
        }
    }
}
