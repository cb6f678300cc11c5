use entity::WithTotal;
use sea_orm::{
    ColumnTrait, EntityTrait, PartialModelTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query,
};

use crate::{Reader, Result};

/// Which part of a list is requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// The maximum number of items.
    pub limit: u64,
    /// The id of the last item on the previous page, if any.
    pub after: Option<i64>,
}

/// The maximum size of a list in bytes of JSON, on a page or nested in an object, unless a single item is
/// larger.
pub const PAGE_BYTES: usize = 1024 * 1024;

/// A part of a list. Pages are delimited by id, so that concurrent inserts do not shift them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in order, each with its id in this list.
    items: Vec<(i64, T)>,
    /// Where the next page starts, if there is one: after this id.
    next: Option<i64>,
}

impl<T> Page<T> {
    /// The items, in order.
    pub fn items(&self) -> impl Iterator<Item = &T> {
        self.items.iter().map(|(_, item)| item)
    }

    /// The same page with other items.
    pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> Page<U> {
        let items = self.items.into_iter().map(|(id, item)| (id, f(item)));
        Page { items: items.collect(), next: self.next }
    }

    /// Ends the page after this many items, if it has more.
    pub fn truncate(&mut self, count: usize) {
        if count < self.items.len() {
            self.items.truncate(count);
            self.next = self.items.last().map(|(id, _)| *id);
        }
    }

    /// Leaves out some items. The next page starts where it did.
    pub(crate) fn retain(&mut self, mut is_kept: impl FnMut(&T) -> bool) {
        self.items.retain(|(_, item)| is_kept(item));
    }

    /// The `after` of the next page's request, if there is one.
    pub fn next(&self) -> Option<i64> {
        self.next
    }
}

/// The first rows of a list nested in an object, and the length of that list.
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

/// The order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// The lowest id first.
    Ascending,
    /// The highest id first.
    Descending,
}

/// Reads one page of `select` in the order of a column, whose value `key_of` reads from an item. It
/// reads one row more than requested, to know whether more follow.
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
    let items = select
        .order_by(column, direction)
        .limit(request.limit + 1)
        .into_partial_model::<T>()
        .all(reader.connection())
        .await?;
    let items = items.into_iter().map(|item| (key_of(&item).into(), item)).collect();
    let mut page = Page { items, next: None };
    page.truncate(usize::try_from(request.limit).unwrap_or(usize::MAX));
    Ok(page)
}
