use sea_orm::{
    ConnectionTrait, DbBackend,
    sea_query::{Expr, ExprTrait, Func, IntoColumnRef, Query, SelectStatement},
};

/// The name of the ids where they are rows.
const LISTED: &str = "listed";

/// Ids as a single parameter of a statement, whose text is the same for any number of them. A text of
/// its own for each number would be prepared and kept by the database and its driver each time.
#[derive(Clone, Debug)]
pub struct IdList {
    backend: DbBackend,
    ids: String,
}

impl IdList {
    /// A list for statements on this database.
    pub fn new<Id: Into<i64>>(
        db: &impl ConnectionTrait,
        ids: impl IntoIterator<Item = Id>,
    ) -> Self {
        let ids = ids.into_iter().map(|id| id.into().to_string());
        Self { backend: db.get_database_backend(), ids: ids.collect::<Vec<_>>().join(",") }
    }

    /// Whether the column's value is in the list.
    pub(crate) fn contains(&self, column: impl IntoColumnRef) -> Expr {
        let values = [Expr::col(column), self.parameter()];
        match self.backend {
            DbBackend::Postgres => Expr::cust_with_exprs("$1 = ANY(CAST($2 AS bigint[]))", values),
            _ => Expr::cust_with_exprs("? IN (SELECT value FROM json_each(?))", values),
        }
    }

    /// A query that returns the ids, in order.
    pub(crate) fn rows(&self) -> SelectStatement {
        let (function, id) = match self.backend {
            DbBackend::Postgres => ("unnest", Expr::col((LISTED, LISTED))),
            _ => ("json_each", Expr::col((LISTED, "value"))),
        };
        let parameter = match self.backend {
            DbBackend::Postgres => self.parameter().cast_as("bigint[]"),
            _ => self.parameter(),
        };
        // Without a condition, SQLite takes the ON of a following ON CONFLICT for that of a join.
        Query::select()
            .expr(id)
            .from_function(Func::cust(function).arg(parameter), LISTED)
            .and_where(Expr::cust("TRUE"))
            .take()
    }

    /// An array in PostgreSQL's notation, or a JSON array.
    fn parameter(&self) -> Expr {
        Expr::val(match self.backend {
            DbBackend::Postgres => format!("{{{}}}", self.ids),
            _ => format!("[{}]", self.ids),
        })
    }
}
