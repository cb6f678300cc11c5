use std::{
    io,
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use actix_cors::Cors;
use actix_web::{
    App, HttpServer,
    dev::{Server, ServerHandle},
    middleware::{Condition, from_fn},
    web::{self, ServiceConfig},
};
use service::{Db, SessionRules, StatementHook, sessions};

use crate::{
    http::State,
    http::connection::{Connection, KEEP_ALIVE},
    http::extract::check_token,
    http::middleware::{admit, frame},
    http::problem::Problem,
    routes,
    server::Settings,
    server::preparation::prepare,
    server::settings::SettingsError,
    server::starting::{self, Starting},
};

/// What scripts of other origins may read, beside the body.
const EXPOSED_HEADERS: [&str; 6] =
    ["Link", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-Id"];

/// How often sessions that are over are deleted.
const PURGE_INTERVAL: Duration = Duration::from_secs(600);

/// How long requests in flight have to be answered once the service is told to stop, in seconds.
const SHUTDOWN_TIMEOUT: u64 = 8;

/// The service, bound to its port.
pub struct Application {
    address: SocketAddr,
    server: Server,
    metrics_server: Option<Server>,
    db: Db,
    session_rules: SessionRules,
}

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings are wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A file can't be made or read.
    #[error("{0} can't be used: {1}")]
    File(String, #[source] io::Error),
    /// The address can't be bound.
    #[error("can't listen at {0}: {1}")]
    Bind(String, #[source] io::Error),
    /// The schema can't be brought up to date.
    #[error("the database can't be migrated: {0}")]
    Migrate(String),
    /// The schema is not that of this binary.
    #[error("the schema of the database does not fit: {0}; run `teamnotes migrate up`")]
    Schema(String),
    /// There are no threads to hash passwords on.
    #[error("passwords can't be hashed: {0}")]
    Passwords(String),
    /// A metric is declared wrongly.
    #[error("metrics can't be counted: {0}")]
    Metrics(String),
    /// The database can't be reached or read.
    #[error("the database can't be used: {0}")]
    Database(String),
}

impl Application {
    /// Lets the process open as many files as it may, binds the port, then prepares the database.
    /// Meanwhile it is alive, and not ready; after it requests are queued, and [`run`] answers them.
    ///
    /// [`run`]: Application::run
    ///
    /// # Errors
    /// When anything is not as it must be; no request was served then.
    pub async fn build(settings: Settings) -> Result<Self, StartError> {
        Self::build_with(settings, None).await
    }

    /// As [`Application::build`], with a hook that is called with each statement sent to the database.
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
        settings: Settings,
        hook: Option<StatementHook>,
    ) -> Result<Self, StartError> {
        if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
            log::warn!("the limit to open files stays as it is: {error}");
        }
        let (host, port) = (&settings.host, settings.port);
        let failed = |error| StartError::Bind(format!("{host:?}, port {port}"), error);
        let sockets = starting::listen(host, port).map_err(failed)?;
        let address = sockets[0].local_addr().map_err(failed)?;
        let starting = Starting::serve(&sockets).map_err(failed)?;
        let prepared = prepare(&settings, hook).await;
        starting.stop().await;
        let state = web::Data::new(prepared?);
        let db = state.db.clone();
        let metrics_server = settings
            .metrics_address
            .map(|address| bind_metrics(state.clone(), address))
            .transpose()?;
        let server = serve(state, sockets, metrics_server.is_none());
        let server = server.map_err(|error| StartError::Bind(address.to_string(), error))?;
        Ok(Self { address, server, metrics_server, db, session_rules: settings.sessions })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it from elsewhere.
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Answers requests until it is stopped, and those in flight after that.
    ///
    /// # Errors
    /// When the server fails.
    pub async fn run(self) -> io::Result<()> {
        let metrics_handle = self.metrics_server.as_ref().map(Server::handle);
        if let Some(server) = self.metrics_server {
            tokio::spawn(server);
        }
        let purging = tokio::spawn(keep_purging(self.db.clone(), self.session_rules));
        self.server.await?;
        purging.abort();
        if let Some(handle) = metrics_handle {
            handle.stop(false).await;
        }
        if let Err(error) = self.db.close().await {
            log::warn!("the database was not closed: {error}");
        }
        Ok(())
    }
}

/// Deletes sessions that are over, now and then.
async fn keep_purging(db: Db, rules: SessionRules) {
    let mut times = tokio::time::interval(PURGE_INTERVAL);
    loop {
        times.tick().await;
        match sessions::purge(&db, rules).await {
            Ok(0) => {}
            Ok(purged) => log::info!("{purged} sessions that were over are deleted"),
            Err(error) => log::warn!("sessions that are over were not deleted: {error}"),
        }
    }
}

fn serve(
    state: web::Data<State>,
    sockets: Vec<TcpListener>,
    with_metrics: bool,
) -> io::Result<Server> {
    let client_timeout = state.network.client_timeout;
    let app = move || {
        let app = App::new()
            .app_data(state.clone())
            .wrap(from_fn(admit))
            .wrap(cors(&state.network.cors_origins))
            .wrap(from_fn(frame))
            .configure(configure);
        let metrics = |app: &mut ServiceConfig| routes::metrics().register("", app);
        let app = if with_metrics { app.configure(metrics) } else { app };
        app.default_service(web::to(not_found))
    };
    let mut server = HttpServer::new(app)
        .on_connect(move |stream, data| Connection::watch(stream, client_timeout, data))
        .client_request_timeout(client_timeout)
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(SHUTDOWN_TIMEOUT)
        .disable_signals();
    for socket in sockets {
        server = server.listen(socket)?;
    }
    Ok(server.run())
}

/// Lets pages of these origins call the API. A token is sent by their scripts, never by the browser
/// itself: no credentials.
fn cors(origins: &[String]) -> Condition<Cors> {
    let mut cors = Cors::default()
        .allowed_methods(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers(["Authorization", "Content-Type", "X-Request-Id"])
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

/// `/metrics` alone, where only those who should see it can reach it.
fn bind_metrics(state: web::Data<State>, address: SocketAddr) -> Result<Server, StartError> {
    let app = move || {
        let app = App::new().app_data(state.clone()).wrap(from_fn(frame));
        let metrics = |app: &mut ServiceConfig| routes::metrics().register("", app);
        app.configure(metrics).default_service(web::to(not_found))
    };
    let server = HttpServer::new(app)
        .workers(1)
        .disable_signals()
        .bind(address)
        .map_err(|error| StartError::Bind(address.to_string(), error))?;
    Ok(server.run())
}

fn configure(app: &mut ServiceConfig) {
    routes::operations().register("", app);
    let api = web::scope("/api")
        .wrap(from_fn(check_token))
        .default_service(web::to(not_found))
        .configure(|api| routes::api().register("/api", api));
    app.service(api);
}

async fn not_found() -> Result<&'static str, Problem> {
    Err(service::Error::NotFound.into())
}
