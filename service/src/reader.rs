use std::sync::Arc;

use crate::{
    Result,
    database::{Purpose, ReadPool, Route, Source},
};

/// A database to read from. Use cases that only read take one.
///
/// Only use cases have access to the connection: nothing outside this crate can query with it.
///
/// ```compile_fail,E0624
/// # use service::Reader;
/// # fn query(reader: &Reader) {
/// reader.connection();
/// # }
/// ```
///
/// It may lead to a replica, so nothing can be written with it.
///
/// ```compile_fail,E0308
/// # use service::{Actor, Reader, Work, notes};
/// # async fn delete(reader: &Reader, id: entity::NoteId) {
/// notes::delete(reader, id, &service::Expected::Any).await;
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Reader {
    connection: Source,
    sessions: ReadPool,
    searches: Source,
}

impl Reader {
    /// Reads from the primary with these pools; see the methods of the same names.
    pub(crate) fn new(connection: ReadPool, sessions: ReadPool, searches: ReadPool) -> Self {
        Self {
            connection: Source::new(connection, Purpose::Reads),
            sessions,
            searches: Source::new(searches, Purpose::Searches),
        }
    }

    /// The same, which reads from a replica where that has what the request must see.
    pub(crate) fn by(&self, route: Route) -> Self {
        let route = Arc::new(route);
        Self {
            connection: self.connection.by(route.clone()),
            sessions: self.sessions.clone(),
            searches: self.searches.by(route),
        }
    }

    /// For queries that find their rows with an index.
    pub(crate) fn connection(&self) -> &Source {
        &self.connection
    }

    /// For what other requests wait for: the check of a session, a login, and whether the database is ready. It always
    /// leads to the primary.
    pub(crate) fn sessions(&self) -> &ReadPool {
        &self.sessions
    }

    /// The pool of [`Reader::search`].
    pub(crate) fn searches(&self) -> &Source {
        &self.searches
    }

    /// Runs a query that may scan a whole table. The few connections for such queries are all that they can
    /// occupy, and the database stops one that is no longer waited for.
    ///
    /// # Errors
    /// Those of the query; [`Error::Unavailable`] if other searches leave no connection for it in time.
    ///
    /// [`Error::Unavailable`]: crate::Error::Unavailable
    pub(crate) async fn search<T>(&self, query: impl AsyncFnOnce(&Self) -> Result<T>) -> Result<T> {
        let searches = Self { connection: self.searches.clone(), ..self.clone() };
        query(&searches).await
    }
}
