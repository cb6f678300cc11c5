//! Connections to PostgreSQL, and when the statements on them are stopped.

use std::time::Duration;

use sea_orm::{
    ConnectOptions,
    sqlx::{self, Connection, Executor, PgConnection},
};
use tokio::time::timeout;

/// PostgreSQL ends a transaction that has been idle for this long, and releases its locks.
const IDLE_IN_TRANSACTION: Duration = Duration::from_mins(1);

/// Has the server look every half second whether the client is still there while a statement runs, from version 14
/// on, so that a closed connection stops it.
const WATCH_CLIENT: &str = "SELECT set_config(name, '500ms', false) FROM pg_settings \
                            WHERE name = 'client_connection_check_interval'";

/// Sets how connections are opened, how long a statement may run on them, and how long one that was abandoned may
/// go on before its connection is closed.
pub(super) fn configure(
    options: &mut ConnectOptions,
    limit: Option<Duration>,
    abandoned_limit: Duration,
) {
    if let Some(limit) = limit {
        options.statement_timeout(limit);
    }
    options
        .map_sqlx_postgres_opts(|postgres| {
            let milliseconds = IDLE_IN_TRANSACTION.as_millis().to_string();
            postgres.options([("idle_in_transaction_session_timeout", milliseconds)])
        })
        .map_sqlx_postgres_pool_opts(move |pool| {
            pool.after_connect(|connection, _| Box::pin(set_up(connection))).after_release(
                move |connection, _| Box::pin(require_answer(connection, abandoned_limit)),
            )
        });
}

async fn set_up(connection: &mut PgConnection) -> sqlx::Result<()> {
    connection.execute(WATCH_CLIENT).await.map(drop)
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
