//! Positions in PostgreSQL's write-ahead log.

use sea_orm::{
    ConnectionTrait, DbErr, FromQueryResult, PartialModelTrait, QueryResult, QuerySelect,
    Statement, sea_query::Expr,
};

/// How far a primary has written its log to disk: whatever was committed before lies before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalPosition {
    /// Each promotion of a standby begins another one.
    pub timeline: i64,
    /// In bytes.
    pub offset: i64,
}

const TIMELINE: &str =
    "('x' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8))::bit(32)::bigint";
const OFFSET: &str = "(pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint";

impl WalPosition {
    /// The position of this primary.
    ///
    /// # Errors
    /// If the database fails, or is none of PostgreSQL, or a standby.
    pub async fn current(db: &impl ConnectionTrait) -> Result<Self, DbErr> {
        let sql = format!("SELECT {TIMELINE} AS wal_timeline, {OFFSET} AS wal_offset");
        let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
        let missing = || DbErr::RecordNotFound("a position in the write-ahead log".into());
        Self::from_query_result(&row.ok_or_else(missing)?, "")
    }
}

impl FromQueryResult for WalPosition {
    fn from_query_result(result: &QueryResult, _: &str) -> Result<Self, DbErr> {
        let timeline = result.try_get("", "wal_timeline")?;
        Ok(Self { timeline, offset: result.try_get("", "wal_offset")? })
    }
}

/// A row of a primary, and the position at which it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtPosition<T> {
    /// The row.
    pub row: T,
    /// Whatever the row says was committed before it.
    pub position: WalPosition,
}

impl<T: FromQueryResult> FromQueryResult for AtPosition<T> {
    fn from_query_result(result: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let row = T::from_query_result(result, prefix)?;
        Ok(Self { row, position: WalPosition::from_query_result(result, prefix)? })
    }
}

impl<T: PartialModelTrait> PartialModelTrait for AtPosition<T> {
    fn select_cols_nested<S: QuerySelect>(
        select: S,
        prefix: Option<&str>,
        alias: Option<&'static str>,
    ) -> S {
        T::select_cols_nested(select, prefix, alias)
            .column_as(Expr::cust(TIMELINE), "wal_timeline")
            .column_as(Expr::cust(OFFSET), "wal_offset")
    }
}
