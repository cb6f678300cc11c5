//! What the service counts, in Prometheus' text format.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use actix_web::http::Method;
use prometheus::{
    HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder, core::Collector,
};
use service::{Error, PoolUse, ReplicaUse};

use super::process;

/// Bucket bounds in seconds. Most requests are far below the first, logins around the middle.
const BUCKETS: [f64; 10] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// The route of a request that matches none, since clients can make up any number of paths.
pub(crate) const UNMATCHED: &str = "unmatched";

/// Log lines that this process has lost.
static LOST_LOG_LINES: AtomicU64 = AtomicU64::new(0);

/// Counts log lines that were lost.
pub(crate) fn count_lost_log_lines(lines: u64) {
    LOST_LOG_LINES.fetch_add(lines, Ordering::Relaxed);
}

/// The metrics of one process.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    durations: HistogramVec,
    logins: IntCounterVec,
    statements: IntCounter,
    connections: IntGaugeVec,
    live_sessions: IntGauge,
    hashing_queue: IntGauge,
    lost_log_lines: IntCounter,
    wal_bytes: IntGauge,
    replica_reads: IntCounterVec,
    replicas_serving: IntGaugeVec,
}

impl Metrics {
    /// Creates all metrics at zero.
    ///
    /// # Errors
    /// If a metric is not declared correctly.
    pub fn new() -> prometheus::Result<Self> {
        let route = &["method", "route"];
        let metrics = Self {
            registry: Registry::new(),
            requests: IntCounterVec::new(
                Opts::new("teamnotes_http_requests_total", "Requests answered"),
                &["method", "route", "status"],
            )?,
            durations: HistogramVec::new(
                HistogramOpts::new(
                    "teamnotes_http_request_duration_seconds",
                    "Time from the head of a request to the head of its response",
                )
                .buckets(BUCKETS.to_vec()),
                route,
            )?,
            logins: IntCounterVec::new(
                Opts::new("teamnotes_logins_total", "Login attempts"),
                &["outcome"],
            )?,
            statements: IntCounter::new(
                "teamnotes_database_statements_total",
                "Statements sent to the database",
            )?,
            connections: IntGaugeVec::new(
                Opts::new("teamnotes_database_connections", "Connections in the pools"),
                &["pool", "state"],
            )?,
            live_sessions: IntGauge::new(
                "teamnotes_live_sessions",
                "Sessions that have not expired",
            )?,
            hashing_queue: IntGauge::new(
                "teamnotes_password_hashing_queue",
                "Passwords being hashed or waiting",
            )?,
            lost_log_lines: IntCounter::new(
                "teamnotes_log_lines_lost_total",
                "Log lines lost because the log was not read or could not be written",
            )?,
            wal_bytes: IntGauge::new(
                "teamnotes_database_wal_bytes",
                "Size of SQLite's write-ahead log",
            )?,
            replica_reads: IntCounterVec::new(
                Opts::new("teamnotes_replica_statements_total", "Statements meant for replicas"),
                &["replica", "pool", "outcome"],
            )?,
            replicas_serving: IntGaugeVec::new(
                Opts::new("teamnotes_replica_serving", "Whether reads go to a replica at present"),
                &["replica"],
            )?,
        };
        metrics.register()?;
        process::start();
        Ok(metrics)
    }

    fn register(&self) -> prometheus::Result<()> {
        let build = IntGaugeVec::new(
            Opts::new("teamnotes_build_info", "Always 1; the label has the version"),
            &["version"],
        )?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        self.registry.register(Box::new(build))?;
        self.registry.register(Box::new(self.requests.clone()))?;
        self.registry.register(Box::new(self.durations.clone()))?;
        self.registry.register(Box::new(self.logins.clone()))?;
        self.registry.register(Box::new(self.statements.clone()))?;
        self.registry.register(Box::new(self.connections.clone()))?;
        self.registry.register(Box::new(self.replica_reads.clone()))?;
        self.registry.register(Box::new(self.replicas_serving.clone()))?;
        self.registry.register(Box::new(self.hashing_queue.clone()))?;
        self.registry.register(Box::new(self.lost_log_lines.clone()))
    }

    /// Counts a request that was answered.
    pub(crate) fn request(&self, method: &Method, route: &str, status: u16, took: Duration) {
        let method = method_name(method);
        self.requests.with_label_values(&[method, route, &status.to_string()]).inc();
        self.durations.with_label_values(&[method, route]).observe(took.as_secs_f64());
    }

    /// Counts a statement.
    pub(crate) fn statement(&self) {
        self.statements.inc();
    }

    /// Counts a login attempt by its outcome.
    pub(crate) fn login(&self, outcome: &str) {
        self.logins.with_label_values(&[outcome]).inc();
    }

    fn count_replica(&self, ReplicaUse { place, is_serving, statements }: &ReplicaUse) {
        self.replicas_serving.with_label_values(&[place]).set(i64::from(*is_serving));
        for (pool, outcome, count) in statements {
            let counter = self.replica_reads.with_label_values(&[place.as_str(), pool, outcome]);
            counter.inc_by(count.saturating_sub(counter.get()));
        }
    }

    /// Renders all metrics as text.
    ///
    /// # Errors
    /// [`Error::Internal`] if a metric can't be encoded.
    pub(crate) fn render(&self, now: &Gauges) -> Result<String, Error> {
        for pool in &now.pools {
            let connections = |state| self.connections.with_label_values(&[&*pool.name, state]);
            connections("idle").set(i64::from(pool.idle));
            connections("in_use").set(i64::from(pool.open.saturating_sub(pool.idle)));
        }
        now.replicas.iter().for_each(|replica| self.count_replica(replica));
        self.hashing_queue.set(now.hashing_queue);
        let lost = LOST_LOG_LINES.load(Ordering::Relaxed);
        self.lost_log_lines.inc_by(lost.saturating_sub(self.lost_log_lines.get()));
        let mut families = self.registry.gather();
        families.extend(process::collect().map_err(Error::internal)?);
        if let Some(live) = now.live_sessions {
            self.live_sessions.set(live);
            families.extend(self.live_sessions.collect());
        }
        if let Some(bytes) = now.wal_bytes {
            self.wal_bytes.set(bytes);
            families.extend(self.wal_bytes.collect());
        }
        TextEncoder::new().encode_to_string(&families).map_err(Error::internal)
    }
}

/// Values measured at the time of a scrape.
pub(crate) struct Gauges {
    /// The connection pools.
    pub(crate) pools: Vec<PoolUse>,
    /// What the replicas have been used for.
    pub(crate) replicas: Vec<ReplicaUse>,
    /// Passwords being hashed or waiting.
    pub(crate) hashing_queue: i64,
    /// Live sessions, unless the database does not respond.
    pub(crate) live_sessions: Option<i64>,
    /// The size of the write-ahead log of an SQLite file, in bytes.
    pub(crate) wal_bytes: Option<i64>,
}
/// The method, or `other` for one that clients have made up.
pub(crate) fn method_name(method: &Method) -> &str {
    let known = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
    ];
    if known.contains(method) { method.as_str() } else { "other" }
}
