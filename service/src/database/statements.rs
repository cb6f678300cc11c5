//! Statements on connections that are kept.

use sea_orm::{
    ConnAcquireErr, DbErr, ExecResult, QueryResult, QueryStream, RuntimeErr, Statement,
    sqlx::{
        self, AssertSqlSafe, Database, Executor, IntoArguments, pool::PoolConnection, query::Query,
    },
};
use sea_query_sqlx::SqlxValues;

use super::{
    kept::{Keepable, Kept, Taken},
    limits::with_usual_limit,
    read_pool::{Rows, StreamHook},
};

impl<DB> Kept<DB>
where
    DB: Keepable,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    SqlxValues: IntoArguments<DB>,
    ExecResult: From<DB::QueryResult>,
    QueryResult: From<DB::Row>,
    QueryStream: From<(PoolConnection<DB>, Statement, StreamHook)>,
{
    pub(super) async fn execute(&self, statement: &Statement) -> Result<ExecResult, DbErr> {
        let mut taken = self.take().await.map_err(acquire_error)?;
        let done = query(statement).execute(&mut *taken.inner).await.map_err(exec_error)?;
        taken.keep();
        Ok(done.into())
    }

    pub(super) async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let mut taken = self.take().await.map_err(acquire_error)?;
        let done = taken.inner.execute(AssertSqlSafe(sql.to_owned())).await.map_err(exec_error)?;
        taken.keep();
        Ok(done.into())
    }

    pub(super) async fn fetch_one(
        &self,
        statement: &Statement,
    ) -> Result<Option<QueryResult>, DbErr> {
        self.take().await.map_err(acquire_error)?.fetch_one(statement).await
    }

    pub(super) async fn fetch_all(&self, statement: &Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.take().await.map_err(acquire_error)?.fetch_all(statement).await
    }

    pub(super) async fn stream(
        &self,
        statement: Statement,
        hook: StreamHook,
    ) -> Result<Rows, DbErr> {
        let (connection, usage) = self.take().await.map_err(acquire_error)?.into_inner();
        Ok(Rows::new(QueryStream::from((connection, statement, hook)), usage))
    }
}

impl<DB> Taken<'_, DB>
where
    DB: Keepable,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    SqlxValues: IntoArguments<DB>,
    QueryResult: From<DB::Row>,
{
    pub(super) async fn fetch_one(
        mut self,
        statement: &Statement,
    ) -> Result<Option<QueryResult>, DbErr> {
        let row = query(statement).fetch_optional(&mut *self.inner).await.map_err(query_error)?;
        self.keep();
        Ok(row.map(Into::into))
    }

    pub(super) async fn fetch_all(
        mut self,
        statement: &Statement,
    ) -> Result<Vec<QueryResult>, DbErr> {
        let rows = query(statement).fetch_all(&mut *self.inner).await.map_err(query_error)?;
        self.keep();
        Ok(rows.into_iter().map(Into::into).collect())
    }
}

fn query<DB: Database>(statement: &Statement) -> Query<'static, DB, SqlxValues>
where
    SqlxValues: IntoArguments<DB>,
{
    let (sql, values) = with_usual_limit(statement);
    sqlx::query_with(AssertSqlSafe(sql), SqlxValues(values))
}

pub(super) fn acquire_error(error: sqlx::Error) -> DbErr {
    match error {
        sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
        sqlx::Error::PoolClosed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
        error => DbErr::Conn(RuntimeErr::SqlxError(error.into())),
    }
}

fn query_error(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}

fn exec_error(error: sqlx::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(error.into()))
}
