//! Where a use case reads: the primary, or a replica that has what the request must see.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement, StreamTrait};

use super::{
    read_pool::{ReadPool, Rows},
    replicas::{Purpose, Route},
};

/// A pool of the primary, and the way to one of a replica if there is one. A statement that the replica can't run, or
/// not yet, is run by the primary.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    primary: ReadPool,
    route: Option<Arc<Route>>,
    purpose: Purpose,
}

impl Source {
    /// Reads from the primary.
    pub(crate) fn new(primary: ReadPool, purpose: Purpose) -> Self {
        Self { primary, route: None, purpose }
    }

    /// The same by way of this route.
    pub(crate) fn by(&self, route: Arc<Route>) -> Self {
        Self { route: Some(route), ..self.clone() }
    }

    /// The pool of the primary.
    pub(crate) fn primary(&self) -> &ReadPool {
        &self.primary
    }

    /// Which database it is.
    pub(crate) fn get_database_backend(&self) -> DbBackend {
        self.primary.get_database_backend()
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Source {
    fn get_database_backend(&self) -> DbBackend {
        self.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.primary.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.primary.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        if let Some(route) = &self.route
            && let Some(taken) = route.take(self.purpose).await
        {
            let run = self.primary.observed(&statement.sql, taken.fetch_one(&statement));
            if let Some(done) = route.finish(self.purpose, run).await {
                return done;
            }
        }
        self.primary.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        if let Some(route) = &self.route
            && let Some(taken) = route.take(self.purpose).await
        {
            let run = self.primary.observed(&statement.sql, taken.fetch_all(&statement));
            if let Some(done) = route.finish(self.purpose, run).await {
                return done;
            }
        }
        self.primary.query_all_raw(statement).await
    }
}

impl StreamTrait for Source {
    type Stream<'a> = Rows;

    fn get_database_backend(&self) -> DbBackend {
        self.get_database_backend()
    }

    /// From the primary: rows that were passed on can't be read again elsewhere.
    fn stream_raw(&self, statement: Statement) -> BoxFuture<'_, Result<Rows, DbErr>> {
        if let Some(route) = &self.route {
            route.end();
        }
        self.primary.stream_raw(statement)
    }
}
