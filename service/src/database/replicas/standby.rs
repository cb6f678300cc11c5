//! What a standby says of itself.

use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, RuntimeErr, Statement,
    sqlx::{self, PgConnection, Row},
};

use super::super::read_pool::ReadPool;

/// Whether a server is a standby, how far it has replayed, and since when it runs.
const PROGRESS: &str = "SELECT pg_is_in_recovery(), \
     (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint, \
     (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint";

/// The timeline that a standby follows, as text. Only roles with `pg_read_all_stats` see what it receives; the control
/// file follows with the next checkpoint after a promotion.
pub(super) const TIMELINE: &str = "SELECT greatest((SELECT received_tli FROM pg_stat_wal_receiver), \
     (SELECT timeline_id FROM pg_control_checkpoint()), \
     (SELECT min_recovery_end_timeline FROM pg_control_recovery()))::text";

/// What a standby has in common with its primary.
pub(super) const IDENTITY: &str = "SELECT system_identifier::text || ' ' || \
     (SELECT oid::text || ' ' || datname FROM pg_database WHERE datname = current_database()) \
     FROM pg_control_system()";

/// Why a replica does not serve a read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfit {
    #[error("has not replayed what the primary has committed")]
    Behind,
    #[error("has no connection left")]
    Busy,
    #[error(
        "is on timeline {0}, as far as its role can see, and the primary on timeline {1}: with pg_read_all_stats it sees \
         a promotion at once"
    )]
    OtherTimeline(i64, i64),
    #[error("is not a standby")]
    Promoted,
    #[error("has been restarted")]
    Restarted,
    #[error("is no copy of the primary's database")]
    Foreign,
    #[error("lacks migrations, such as {0}")]
    Outdated(String),
    #[error("does not answer")]
    Away,
    #[error("can't be compared with the primary: {0}")]
    Unknown(#[source] DbErr),
    #[error("fails: {0}")]
    Failed(#[from] DbErr),
}

impl From<sqlx::Error> for Unfit {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(DbErr::Query(RuntimeErr::SqlxError(error.into())))
    }
}

/// How far a standby has come.
pub(super) struct Progress {
    pub(super) offset: i64,
    pub(super) started_at: i64,
}

impl Progress {
    pub(super) async fn of(connection: &mut PgConnection) -> std::result::Result<Self, Unfit> {
        let row = sqlx::query(PROGRESS).fetch_one(connection).await?;
        if !row.try_get(0)? {
            return Err(Unfit::Promoted);
        }
        Ok(Self { offset: row.try_get(1)?, started_at: row.try_get(2)? })
    }
}

pub(super) async fn text(db: &ReadPool, sql: &str) -> std::result::Result<Option<String>, DbErr> {
    let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    row.map(|row| row.try_get_by_index(0)).transpose()
}
