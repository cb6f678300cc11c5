use sea_orm::{
    IdenStatic,
    sea_query::{Expr, ExprTrait, Func, Order, Query, SelectStatement, WindowStatement},
};

use crate::IdList;

/// The ids of the newest `limit` rows of each parent, as a subquery: one statement for any number of
/// parents, which reads no more rows than are shown.
pub(crate) fn newest_of_each(
    table: impl IdenStatic,
    parent: impl IdenStatic,
    parents: &IdList,
    limit: u64,
) -> SelectStatement {
    let newest_first =
        WindowStatement::partition_by(parent.as_str()).order_by("id", Order::Desc).take();
    let ranked = Query::select()
        .column("id")
        .expr_window_as(Func::cust("ROW_NUMBER"), newest_first, "rank")
        .from(table.as_str())
        .and_where(parents.contains(parent.as_str()))
        .take();
    Query::select()
        .column("id")
        .from_subquery(ranked, "ranked")
        .and_where(Expr::col("rank").lte(limit))
        .take()
}
