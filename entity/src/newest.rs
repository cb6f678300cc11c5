use sea_orm::{
    Condition, EntityTrait, IdenStatic, QueryTrait, Select,
    sea_query::{Expr, ExprTrait, Func, JoinType, Order, Query, SelectStatement},
};

use crate::{IdList, user};

/// What a subquery is called.
const NEWEST: &str = "newest";
const PARENTS: &str = "parents";

/// Only the newest `limit` rows of each of these users: one statement for any number of users, which reads
/// no more rows than it returns, and as many entries of an index on the user and the id, but for those that a
/// condition excludes.
pub(crate) fn newest_of_each<E: EntityTrait>(
    rows: Select<E>,
    parent: E::Column,
    parents: &IdList,
    limit: u64,
) -> Select<E> {
    newest_of_each_among(rows, parent, parents, limit, |_| Condition::all())
}

/// The same among the rows that meet a condition, which `rows` has too. It is made for a table of this name.
pub(crate) fn newest_of_each_among<E: EntityTrait>(
    mut rows: Select<E>,
    parent: E::Column,
    parents: &IdList,
    limit: u64,
    condition: impl Fn(&'static str) -> Condition,
) -> Select<E> {
    let table = E::default().table_name();
    let oldest = oldest(table, parent.as_str(), condition(NEWEST), limit);
    let parents = Query::select()
        .column((user::Entity, user::Column::Id))
        .expr_as(
            Func::coalesce([Expr::SubQuery(None, Box::new(oldest.into())), 0.into()]),
            "oldest",
        )
        .from(user::Entity)
        .and_where(parents.contains((user::Entity, user::Column::Id)))
        // Keeps the databases from merging this into the outer query, and reading the oldest row for each row.
        .limit(i64::MAX.unsigned_abs())
        .take();
    let is_of_parent = Expr::col((table, parent.as_str())).equals((PARENTS, "id"));
    let is_new = Expr::col((table, "id")).gte(Expr::col((PARENTS, "oldest")));
    let is_shown = is_of_parent.and(is_new);
    QueryTrait::query(&mut rows).join_subquery(JoinType::InnerJoin, parents, PARENTS, is_shown);
    rows
}

/// The id of the oldest of the newest `limit` rows of the user in the outer query; none if there are fewer.
fn oldest(
    table: &'static str,
    parent: &'static str,
    condition: Condition,
    limit: u64,
) -> SelectStatement {
    Query::select()
        .column((NEWEST, "id"))
        .from_as(table, NEWEST)
        .and_where(Expr::col((NEWEST, parent)).equals((user::Entity, user::Column::Id)))
        .cond_where(condition)
        .order_by((NEWEST, "id"), Order::Desc)
        .limit(1)
        .offset(limit - 1)
        .take()
}
