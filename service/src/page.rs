use entity::WithTotal;
use sea_orm::{
    ColumnTrait, EntityTrait, PartialModelTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query,
};

use crate::{Reader, Result};

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// The most items that the page may have.
    pub limit: u64,
    /// The id of the last item of the page before, if there was one.
    pub after: Option<i64>,
}

/// A part of a list. Pages are cut by id, so that rows inserted in the meantime shift none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in order.
    pub items: Vec<T>,
    /// Where the next page starts, if there is one: the `after` of its request.
    pub next: Option<i64>,
}

impl<T> Page<T> {
    /// The same page with other items.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next: self.next }
    }
}

/// The first rows of a list that is nested in an object, and how many the list has.
#[derive(Clone, Debug)]
pub struct Newest<T> {
    /// The first rows.
    pub items: Vec<T>,
    /// The number of all rows.
    pub total: i64,
}

impl<T> From<Vec<WithTotal<T>>> for Newest<T> {
    fn from(rows: Vec<WithTotal<T>>) -> Self {
        Self {
            total: rows.first().map_or(0, |row| row.total),
            items: rows.into_iter().map(|row| row.row).collect(),
        }
    }
}

/// Which end of a list comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// The lowest id.
    Ascending,
    /// The highest id.
    Descending,
}

/// Reads one page of `select` in the order of a column, whose value `key_of` reads from an item. One
/// row more than asked for tells whether more follow.
pub(crate) async fn read<E, T, K>(
    reader: &Reader,
    select: Select<E>,
    (column, order): (impl ColumnTrait, Order),
    request: PageRequest,
    key_of: impl Fn(&T) -> K,
) -> Result<Page<T>>
where
    E: EntityTrait,
    T: PartialModelTrait,
    K: Into<i64>,
{
    let select = match (request.after, order) {
        (None, _) => select,
        (Some(after), Order::Descending) => select.filter(column.lt(after)),
        (Some(after), Order::Ascending) => select.filter(column.gt(after)),
    };
    let direction = match order {
        Order::Ascending => sea_query::Order::Asc,
        Order::Descending => sea_query::Order::Desc,
    };
    let mut items = select
        .order_by(column, direction)
        .limit(request.limit + 1)
        .into_partial_model::<T>()
        .all(reader.connection())
        .await?;
    let has_more = items.len() as u64 > request.limit;
    items.truncate(usize::try_from(request.limit).unwrap_or(usize::MAX));
    let next = if has_more { items.last().map(|item| key_of(item).into()) } else { None };
    Ok(Page { items, next })
}
