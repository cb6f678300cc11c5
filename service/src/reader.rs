use sea_orm::DatabaseConnection;

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
pub struct Reader(DatabaseConnection);

impl Reader {
    pub(crate) fn new(connection: DatabaseConnection) -> Self {
        Self(connection)
    }

    pub(crate) fn connection(&self) -> &DatabaseConnection {
        &self.0
    }
}
