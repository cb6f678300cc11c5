//! What PostgreSQL makes of a statement before it plans it.

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement, TransactionTrait};

use super::TestDatabase;

/// What a column in the tree has before the number of levels that its query is up.
const LEVELS_UP: &str = ":varlevelsup ";

impl TestDatabase {
    /// How many columns of an enclosing query the subqueries of a statement refer to. PostgreSQL only.
    pub async fn outer_columns(&self, sql: &str) -> usize {
        let db = self.connect().await;
        let transaction = db.begin().await.expect("begins");
        let tree = tree(&transaction, sql).await;
        transaction.rollback().await.expect("rolls back");
        db.close().await.expect("closes");
        tree.split(LEVELS_UP).skip(1).filter(|rest| !rest.starts_with('0')).count()
    }
}

/// The tree is stored as text in a function whose body is the statement.
async fn tree(db: &DatabaseTransaction, sql: &str) -> String {
    execute(db, &format!("PREPARE asked AS {sql}")).await;
    let types = "SELECT array_to_string(parameter_types, ', ') FROM pg_prepared_statements \
                 WHERE name = 'asked'";
    let types = text(db, types).await;
    let function = "RETURNS void LANGUAGE sql BEGIN ATOMIC";
    execute(db, &format!("CREATE FUNCTION asked({types}) {function} {sql}; END")).await;
    text(db, "SELECT prosqlbody::text FROM pg_proc WHERE proname = 'asked'").await
}

async fn execute(db: &DatabaseTransaction, sql: &str) {
    let done = db.execute_unprepared(sql).await;
    done.unwrap_or_else(|error| panic!("{error}: {sql}"));
}

async fn text(db: &DatabaseTransaction, sql: &str) -> String {
    let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await;
    row.expect("reads").expect("a row").try_get_by_index(0).expect("text")
}
