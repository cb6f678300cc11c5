//! Connections to PostgreSQL, and when the statements on them are stopped.

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use log::LevelFilter;
use migration::server::lookalike_of;
use sea_orm::{
    ConnectOptions, ConnectionTrait, DbBackend, DbErr, Statement,
    sqlx::{
        self, ConnectOptions as _, Connection, Executor, PgConnection, Postgres, Row,
        postgres::PgConnectOptions,
    },
};
use tokio::time::timeout;

use super::{kept::Keepable, pool::Pool, sqlite::Watch};

/// PostgreSQL ends a transaction that has been idle for this long, and releases its locks.
const IDLE_IN_TRANSACTION: Duration = Duration::from_mins(1);

/// Asks what the server is, and has it look every half second whether the client is still there while a statement runs,
/// from version 14 on, so that a closed connection stops it.
const SET_UP: &str = "SELECT version(), (SELECT set_config(name, '500ms', false) FROM pg_settings \
                      WHERE name = 'client_connection_check_interval')";

/// The name of the server, once a connection has found out that it only resembles PostgreSQL.
#[derive(Clone, Debug, Default)]
pub(super) struct Lookalike(Arc<OnceLock<&'static str>>);

impl Lookalike {
    /// The name, unless it is PostgreSQL itself.
    pub(super) fn name(&self) -> Option<&'static str> {
        self.0.get().copied()
    }

    /// Takes note of what a server calls itself.
    fn note(&self, version: &str) {
        if let Some(name) = lookalike_of(version) {
            self.0.get_or_init(|| name);
        }
    }
}

/// When the oldest connections were opened that may still be used. A read-only connection may lead to a server that
/// is no longer the primary, whatever the address says.
#[derive(Clone, Debug)]
pub(super) struct TrustedSince(Arc<Mutex<Instant>>);

impl TrustedSince {
    /// Trusts connections that are opened from now on.
    pub(super) fn now() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    /// Stops trusting the connections that were opened until now.
    pub(super) fn renew(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Whether a connection of this age is trusted.
    pub(super) fn includes(&self, age: Duration) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).elapsed() >= age
    }
}

impl Keepable for Postgres {
    /// The server has the limit.
    async fn prepare(_: &mut PgConnection) -> sqlx::Result<Option<Arc<Watch>>> {
        Ok(None)
    }
}

/// Sets how the connections of the pool are opened, and which are kept.
pub(super) fn configure(options: &mut ConnectOptions, pool: &Pool<'_>) {
    let (trusted_since, abandoned_limit) = (pool.trusted_since.clone(), pool.abandoned_limit);
    let (needs_primary, lookalike) = (pool.needs_primary, pool.lookalike.clone());
    options
        .map_sqlx_postgres_opts(pool.session())
        .map_sqlx_postgres_before_acquire(move |_, connection| {
            let is_trusted = trusted_since.includes(connection.age);
            Box::pin(async move { Ok(is_trusted) })
        })
        .map_sqlx_postgres_pool_opts(move |pool| {
            let lookalike = lookalike.clone();
            pool.after_connect(move |connection, _| {
                Box::pin(set_up(connection, needs_primary, lookalike.clone()))
            })
            .after_release(move |connection, _| {
                Box::pin(require_answer(connection, abandoned_limit))
            })
        });
}

impl Pool<'_> {
    /// Adds to the address of a server what connections to it have in this pool.
    pub(super) fn session(&self) -> impl Fn(PgConnectOptions) -> PgConnectOptions + use<> {
        let (limit, slow) = (self.limit, self.settings.slow_statement);
        let plans = if self.plans_by_values { "force_custom_plan" } else { "auto" };
        move |server| {
            let mut settings = vec![
                ("idle_in_transaction_session_timeout", milliseconds(IDLE_IN_TRANSACTION)),
                ("plan_cache_mode", plans.to_owned()),
            ];
            settings.extend(limit.map(|limit| ("statement_timeout", milliseconds(limit))));
            server
                .options(settings)
                .log_statements(LevelFilter::Off)
                .log_slow_statements(LevelFilter::Warn, slow)
        }
    }
}

fn milliseconds(duration: Duration) -> String {
    duration.as_millis().to_string()
}

/// Prepares a new connection.
///
/// # Errors
/// If it leads to a standby but must not: sessions that have ended at the primary may still be there. The pool
/// then tries again until the caller's patience ends.
async fn set_up(
    connection: &mut PgConnection,
    needs_primary: bool,
    lookalike: Lookalike,
) -> sqlx::Result<()> {
    let row = connection.fetch_one(SET_UP).await?;
    lookalike.note(row.try_get(0)?);
    if needs_primary {
        let row = connection.fetch_one("SELECT pg_is_in_recovery()").await?;
        if row.try_get(0)? {
            return Err(sqlx::Error::Protocol("the server is a standby".into()));
        }
    }
    Ok(())
}

/// Whether changes are not possible.
pub(super) async fn is_read_only(db: &impl ConnectionTrait) -> Result<bool, DbErr> {
    let sql = "SELECT current_setting('transaction_read_only')::boolean";
    let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    row.map_or(Ok(false), |row| row.try_get_by_index(0))
}

/// Waits until a returned connection has finished the statement that it was abandoned with.
///
/// # Errors
/// If it does not finish: the connection is then closed, so that the pool loses no capacity to a statement that
/// nobody waits for, or to a server that is silently gone.
async fn require_answer(connection: &mut PgConnection, limit: Duration) -> sqlx::Result<bool> {
    // Unlike `ping`, this sends nothing if nothing is in progress.
    let answered = timeout(limit, connection.flush()).await;
    answered.map_err(|elapsed| sqlx::Error::Io(elapsed.into()))??;
    Ok(true)
}
