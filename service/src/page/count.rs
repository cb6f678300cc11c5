use entity::NamePattern;
use futures_util::TryStreamExt;
use sea_orm::{
    ColumnTrait, EntityTrait, QuerySelect, Select,
    sea_query::{Expr, ExprTrait},
};

use super::matches;
use crate::{Reader, Result};

/// Counts the rows of `select`. That may read a whole table, so it runs among the searches.
pub(super) async fn count<E: EntityTrait>(reader: &Reader, select: Select<E>) -> Result<i64> {
    let count = select.select_only().column_as(Expr::cust("*").count(), "total");
    let count = count.into_tuple::<i64>();
    let counted = async |reader: &Reader| Ok(count.one(reader.connection()).await?.unwrap_or(0));
    reader.search(counted).await
}

/// Counts the rows of `select` whose name in this column matches the pattern. The database counts what it can
/// decide itself; other names are read.
pub(super) async fn count_matching<E: EntityTrait>(
    reader: &Reader,
    select: Select<E>,
    name: impl ColumnTrait,
    pattern: &NamePattern,
) -> Result<i64> {
    if pattern.is_decided_by_the_database() {
        return count(reader, select).await;
    }
    let names = select.select_only().column(name).into_tuple::<String>();
    let counted = async |reader: &Reader| {
        let names = names.stream(reader.connection()).await?;
        let add = async |count, name: String| Ok(count + i64::from(matches(pattern, &name).await));
        Ok(names.try_fold(0, add).await?)
    };
    reader.search(counted).await
}
