use sea_orm::{
    Condition, EntityTrait, IdenStatic, QueryFilter, QueryTrait, Select,
    sea_query::{Asterisk, Expr, ExprTrait, Func, JoinType, Order, Query, SelectStatement},
};

use crate::{IdList, user};

/// What a subquery is called.
const NEWEST: &str = "newest";
const USERS: &str = "listed_users";

/// The newest `limit` rows of each of these users that meet the condition, which is made for a table of this name: one
/// statement for any number of users. It reads no more rows than it returns, and as many entries of an index on the
/// user and the id, but for those that the condition excludes. Other tables are joined after it.
pub(crate) fn newest_of_each<E: EntityTrait>(
    user_id: E::Column,
    users: &IdList,
    limit: u64,
    condition: impl Fn(&'static str) -> Condition,
) -> Select<E> {
    let table = E::default().table_name();
    let newest = |name| newest_of_user(table, name, user_id.as_str(), condition(name));
    if users.is_for_postgres() {
        of_each_user(newest(table).column((table, Asterisk)).limit(limit).take(), table, users)
    } else {
        let oldest = newest(NEWEST).column((NEWEST, "id")).limit(1).offset(limit - 1).take();
        let since = since_oldest(oldest, table, user_id.as_str(), users);
        QueryFilter::filter(since, condition(table))
    }
}

/// The rows of the user in the outer query, newest first. The table has this name here.
fn newest_of_user(
    table: &'static str,
    name: &'static str,
    user_id: &'static str,
    condition: Condition,
) -> SelectStatement {
    Query::select()
        .from_as(table, name)
        .and_where(Expr::col((name, user_id)).equals((user::Entity, user::Column::Id)))
        .cond_where(condition)
        .order_by((name, "id"), Order::Desc)
        .take()
}

/// `LATERAL` makes PostgreSQL look up the rows of each user. In other joins it reads the whole table unless that is large.
fn of_each_user<E: EntityTrait>(
    newest: SelectStatement,
    table: &'static str,
    users: &IdList,
) -> Select<E> {
    let mut rows = E::find();
    let from_users = QueryTrait::query(&mut rows).from_clear().from(user::Entity);
    from_users.join_lateral(JoinType::InnerJoin, newest, table, Expr::cust("TRUE"));
    QueryFilter::filter(rows, users.contains((user::Entity, user::Column::Id)))
}

/// The rows of each user since the oldest that is to be shown; all of them if there is none. SQLite has no `LATERAL`.
fn since_oldest<E: EntityTrait>(
    oldest: SelectStatement,
    table: &'static str,
    user_id: &'static str,
    users: &IdList,
) -> Select<E> {
    let oldest = Expr::SubQuery(None, Box::new(oldest.into()));
    let users = Query::select()
        .column((user::Entity, user::Column::Id))
        .expr_as(Func::coalesce([oldest, 0.into()]), "oldest")
        .from(user::Entity)
        .and_where(users.contains((user::Entity, user::Column::Id)))
        // Keeps SQLite from merging this into the outer query, and reading the oldest row for each row.
        .limit(i64::MAX.unsigned_abs())
        .take();
    let is_of_user = Expr::col((table, user_id)).equals((USERS, "id"));
    let is_new = Expr::col((table, "id")).gte(Expr::col((USERS, "oldest")));
    let mut rows = E::find();
    let is_shown = is_of_user.and(is_new);
    QueryTrait::query(&mut rows).join_subquery(JoinType::InnerJoin, users, USERS, is_shown);
    rows
}
