use crate::{Result, database::ReadPool};

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
#[derive(Clone, Debug)]
pub struct Reader {
    connection: ReadPool,
    sessions: ReadPool,
    searches: ReadPool,
}

impl Reader {
    /// Reads with these pools; see the methods of the same names.
    pub(crate) fn new(connection: ReadPool, sessions: ReadPool, searches: ReadPool) -> Self {
        Self { connection, sessions, searches }
    }

    /// For queries that find their rows with an index.
    pub(crate) fn connection(&self) -> &ReadPool {
        &self.connection
    }

    /// For what other requests wait for: the check of a session, a login, and whether the database is ready.
    pub(crate) fn sessions(&self) -> &ReadPool {
        &self.sessions
    }

    /// The pool of [`Reader::search`].
    pub(crate) fn searches(&self) -> &ReadPool {
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
