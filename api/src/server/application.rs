use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock},
    time::Duration,
};

use actix_web::dev::{Server, ServerHandle};
use service::{
    Auth, Db, DbSettings, Passwords, SessionRules, StatementHook, Throttle, TokenKeys,
    idempotency::{self, Idempotency},
    sessions,
    setup::{self, SetupToken},
    users,
};
use tokio::task::JoinHandle;

use super::{
    Settings, StartError, database, describe, findings, first_admin,
    http_server::{self, Offer},
    secret, sockets,
};
use crate::http::{Metrics, Readiness, State, server_timing, shares::Shares};

/// How often expired sessions are deleted, and interrupted deletions of users finished.
const PURGE_INTERVAL: Duration = Duration::from_mins(10);

/// How often the size of SQLite's write-ahead log is checked.
const WAL_INTERVAL: Duration = Duration::from_secs(5);

/// The service, listening on its port and ready.
pub struct Application {
    address: SocketAddr,
    server: RunningServer,
    metrics_server: Option<RunningServer>,
    db: Db,
    session_rules: SessionRules,
    setup_hint: Option<String>,
}

impl Application {
    /// Raises the limit on open files, opens the port, then the database. Until the database is open the
    /// service is alive but not ready: it answers 503 to everything but `/healthz`.
    ///
    /// # Errors
    /// See [`StartError`]; the port is closed again then.
    pub async fn build(settings: Settings) -> Result<Self, StartError> {
        Self::build_with(settings, None).await
    }

    /// Like [`Application::build`], with a hook that is called with each statement sent to the database.
    ///
    /// # Errors
    /// As [`Application::build`].
    pub async fn build_observed(
        settings: Settings,
        hook: StatementHook,
    ) -> Result<Self, StartError> {
        Self::build_with(settings, Some(hook)).await
    }

    async fn build_with(
        mut settings: Settings,
        hook: Option<StatementHook>,
    ) -> Result<Self, StartError> {
        if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
            log::warn!("can't raise the limit on open files: {error}");
        }
        settings.network.is_local = settings.host.iter().all(IpAddr::is_loopback);
        let readiness = Readiness::default();
        let (address, server) = start_api_server(&settings, &readiness)?;
        let prepared = prepare(&settings, &readiness, hook).await;
        if prepared.is_err() {
            server.handle.stop(false).await;
        }
        let Prepared { db, metrics_server, setup_token } = prepared?;
        let setup_hint = setup_token.map(|token| setup_hint(&settings, address, &token));
        Ok(Self {
            address,
            server,
            metrics_server,
            db,
            session_rules: settings.sessions,
            setup_hint,
        })
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How to make the first admin, if there is none. Has a secret.
    pub fn setup_hint(&self) -> Option<&str> {
        self.setup_hint.as_deref()
    }

    /// A handle to stop it from elsewhere.
    pub fn handle(&self) -> ServerHandle {
        self.server.handle.clone()
    }

    /// Answers requests until it is stopped, then finishes those in flight.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn run(self) -> io::Result<()> {
        let purging = tokio::spawn(keep_purging(self.db.clone(), self.session_rules));
        let emptying = tokio::spawn(keep_wal_short(self.db.clone()));
        self.server.task.await.map_err(io::Error::other)??;
        purging.abort();
        emptying.abort();
        if let Some(server) = self.metrics_server {
            server.handle.stop(false).await;
        }
        database::close(self.db).await;
        Ok(())
    }
}

/// A server that accepts connections.
struct RunningServer {
    handle: ServerHandle,
    task: JoinHandle<io::Result<()>>,
}

impl RunningServer {
    fn start(server: Server) -> Self {
        Self { handle: server.handle(), task: tokio::spawn(server) }
    }
}

fn start_api_server(
    settings: &Settings,
    readiness: &Readiness,
) -> Result<(SocketAddr, RunningServer), StartError> {
    let (host, port) = (&settings.host, settings.port);
    let failed = |source| {
        let addresses: Vec<String> = host.iter().map(ToString::to_string).collect();
        StartError::Bind { address: format!("{}, port {port}", addresses.join(", ")), source }
    };
    let (address, sockets) = sockets::listen(host, port).map_err(failed)?;
    let offer = Offer { has_metrics: settings.metrics_address.is_none(), has_page: settings.web };
    let server = http_server::api(sockets, settings.network.clone(), readiness, offer);
    Ok((address, RunningServer::start(server.map_err(failed)?)))
}

fn start_metrics_server(
    settings: &Settings,
    readiness: &Readiness,
) -> Result<Option<RunningServer>, StartError> {
    let Some(address) = settings.metrics_address else { return Ok(None) };
    let server = sockets::listen(&[address.ip()], address.port())
        .and_then(|(_, sockets)| http_server::metrics(sockets, settings.network.clone(), readiness))
        .map_err(|source| StartError::Bind { address: address.to_string(), source })?;
    Ok(Some(RunningServer::start(server)))
}

fn setup_hint(settings: &Settings, address: SocketAddr, token: &str) -> String {
    let public = settings.network.public_url.as_ref().map(|url| url.as_str().to_owned());
    let base = public.unwrap_or_else(|| format!("http://{address}"));
    match settings.web {
        true => format!("{base}/setup#token={token}"),
        false => format!("POST {base}/api/setup with the token {token}"),
    }
}

/// What serving requests needs.
struct Prepared {
    db: Db,
    metrics_server: Option<RunningServer>,
    /// What the first admin is made with, if there is none.
    setup_token: Option<String>,
}

/// Provides the state that requests need, and admits them.
async fn prepare(
    settings: &Settings,
    readiness: &Readiness,
    hook: Option<StatementHook>,
) -> Result<Prepared, StartError> {
    let metrics_server = start_metrics_server(settings, readiness)?;
    let state = open_state(settings, hook).await?;
    let db = state.db.clone();
    let is_needed =
        setup::is_needed(&db).await.map_err(StartError::database(&settings.database))?;
    let setup_token = is_needed.then(|| state.setup.text());
    readiness.set(state);
    Ok(Prepared { db, metrics_server, setup_token })
}

async fn open_state(settings: &Settings, hook: Option<StatementHook>) -> Result<State, StartError> {
    let metrics = Metrics::new().map_err(StartError::Metrics)?;
    let db =
        database::open(settings, count_statements(&metrics, settings.server_timing, hook)).await?;
    let (auth, setup, idempotency) = match open_auth(&db, settings).await {
        Ok(opened) => opened,
        Err(error) => {
            database::close(db).await;
            return Err(error);
        }
    };
    let network = settings.network.clone();
    Ok(State {
        db,
        auth,
        setup,
        findings: findings::of(settings),
        database: settings.database.clone(),
        idempotency,
        metrics,
        permits: Arc::new(Shares::three_quarters(network.max_requests)),
        bodies: Shares::quarters(network.body_bytes),
        responses: Shares::quarters(network.response_bytes),
        network,
        admits_anonymous: settings.anonymous_access,
        requires_if_match: settings.require_if_match,
        default_visibility: settings.default_visibility,
        document: OnceLock::new(),
        has_server_timing: settings.server_timing,
        time_limit: time_limit(settings),
    })
}

/// What the secret and the settings of passwords and sessions are for.
async fn open_auth(
    db: &Db,
    settings: &Settings,
) -> Result<(Auth, SetupToken, Idempotency), StartError> {
    let secret = secret::load(settings)?;
    let passwords = Passwords::new(settings.password_cost).map_err(StartError::Passwords)?;
    first_admin::create(db, &passwords, settings).await?;
    let auth = Auth {
        keys: TokenKeys::new(&secret),
        passwords,
        sessions: settings.sessions,
        registration: settings.registration,
        throttle: match settings.login_rate_limit {
            true => Throttle::new(settings.rate_limits),
            false => Throttle::off(),
        },
    };
    Ok((auth, SetupToken::new(&secret), Idempotency::new(&secret)))
}

/// Long enough for a slow body, a wait for a connection and a slow statement. The database's own limit
/// does not apply if it, or the network to it, does not respond at all.
fn time_limit(settings: &Settings) -> Duration {
    let DbSettings { acquire_timeout, read_timeout, statement_timeout, .. } = settings.database;
    settings.network.client_timeout + acquire_timeout + statement_timeout.max(read_timeout)
}

/// Counts each statement, in total and for its request, then calls the hook.
fn count_statements(
    metrics: &Metrics,
    has_server_timing: bool,
    next: Option<StatementHook>,
) -> StatementHook {
    let metrics = metrics.clone();
    Arc::new(move |sql, took| {
        metrics.statement();
        if has_server_timing {
            server_timing::count(took);
        }
        if let Some(next) = &next {
            next(sql, took);
        }
    })
}

/// Deletes periodically what is left over: expired sessions, and users whose deletion was interrupted.
async fn keep_purging(db: Db, rules: SessionRules) {
    let mut times = tokio::time::interval(PURGE_INTERVAL);
    loop {
        times.tick().await;
        match sessions::purge(&db, rules).await {
            Ok(0) => {}
            Ok(purged) => log::info!("purged {purged} expired sessions"),
            Err(error) => log::warn!("can't purge expired sessions: {}", describe(&error)),
        }
        match idempotency::purge(&db).await {
            Ok(0) => {}
            Ok(purged) => log::info!("purged {purged} expired idempotency keys"),
            Err(error) => log::warn!("can't purge idempotency keys: {}", describe(&error)),
        }
        match users::finish_deletions(&db).await {
            Ok(0) => {}
            Ok(finished) => log::info!("finished {finished} deletions of users"),
            Err(error) => log::warn!("can't finish deletions of users: {}", describe(&error)),
        }
    }
}

/// Empties SQLite's write-ahead log whenever it is large.
async fn keep_wal_short(db: Db) {
    let mut times = tokio::time::interval(WAL_INTERVAL);
    loop {
        times.tick().await;
        match db.empty_wal().await {
            Ok(true) => log::info!("emptied the write-ahead log"),
            Ok(false) => {}
            Err(error) => log::warn!("can't empty the write-ahead log: {}", describe(&error)),
        }
    }
}
