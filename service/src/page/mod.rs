//! Pages of lists, delimited by the position of their last row, so that rows that are added or removed
//! do not shift them.

mod count;
mod sort;

use count::{count, count_matching};
use entity::{NamePattern, WithTotal};
use futures_util::{Stream, stream::try_unfold};
use sea_orm::{ColumnTrait, EntityTrait, PartialModelTrait, QuerySelect, Select};
use tokio::task::yield_now;

pub(crate) use self::sort::Order;
pub use self::sort::{Direction, Position, Sort, SortKey};
use crate::{Reader, Result};

/// Which part of a list is requested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// The maximum number of items.
    pub limit: u64,
    /// The position of the last item on the previous page, if any.
    pub after: Option<Position>,
    /// Whether all items of the list are counted too.
    pub is_counted: bool,
}

/// The maximum size of a list in bytes of JSON, on a page or nested in an object, unless a single item is
/// larger.
pub const PAGE_BYTES: usize = 1024 * 1024;

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in order, each with its position.
    items: Vec<(Position, T)>,
    /// Where the next page starts, if there is one: after this position.
    next: Option<Position>,
    /// How many items the list has on all pages, if they were counted.
    total: Option<i64>,
}

impl<T> Page<T> {
    /// The items, in order.
    pub fn items(&self) -> impl Iterator<Item = &T> {
        self.items.iter().map(|(_, item)| item)
    }

    /// The items, in order, without the page.
    fn into_items(self) -> Vec<T> {
        self.items.into_iter().map(|(_, item)| item).collect()
    }

    /// The same page with other items.
    pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> Page<U> {
        let items = self.items.into_iter().map(|(position, item)| (position, f(item)));
        Page { items: items.collect(), next: self.next, total: self.total }
    }

    /// Ends the page after this many items, if it has more.
    pub fn truncate(&mut self, count: usize) {
        if count < self.items.len() {
            self.items.truncate(count);
            self.next = self.items.last().map(|(position, _)| position.clone());
        }
    }

    /// The `after` of the next page's request, if there is one.
    pub fn next(&self) -> Option<&Position> {
        self.next.as_ref()
    }

    /// How many items the list has on all pages, if they were counted.
    pub fn total(&self) -> Option<i64> {
        self.total
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

impl<T> Default for Newest<T> {
    fn default() -> Self {
        Self { items: Vec::new(), total: 0 }
    }
}

impl<T> From<Vec<WithTotal<T>>> for Newest<T> {
    fn from(rows: Vec<WithTotal<T>>) -> Self {
        Self {
            total: rows.first().map_or(0, |row| row.total),
            items: rows.into_iter().map(|row| row.row).collect(),
        }
    }
}

/// Reads one page of `select`. It reads one row more than requested, to know whether more follow.
pub(crate) async fn read<E, T>(
    reader: &Reader,
    select: Select<E>,
    order: &Order<T>,
    request: &PageRequest,
) -> Result<Page<T>>
where
    E: EntityTrait,
    T: PartialModelTrait,
{
    let total = if request.is_counted { Some(count(reader, select.clone()).await?) } else { None };
    let rows = order
        .apply(select, request.after.as_ref(), reader.connection().get_database_backend())?
        .limit(request.limit + 1)
        .into_partial_model::<T>()
        .all(reader.connection())
        .await?;
    let items = rows.into_iter().map(|row| (order.position_of(&row), row)).collect();
    let mut page = Page { items, next: None, total };
    page.truncate(usize::try_from(request.limit).unwrap_or(usize::MAX));
    Ok(page)
}

/// All rows of `select`, in batches. A statement reads the next batch when that is asked for, so that no
/// connection is held in between, and rows that are added meanwhile may be among them.
pub(crate) fn walk<E, T>(
    reader: &Reader,
    select: Select<E>,
    order: Order<T>,
    batch: u64,
) -> impl Stream<Item = Result<Vec<T>>> + use<E, T>
where
    E: EntityTrait,
    T: PartialModelTrait,
{
    let first = PageRequest { limit: batch, after: None, is_counted: false };
    let start = (reader.clone(), select, order, Some(first));
    try_unfold(start, async |(reader, select, order, request)| {
        let Some(request) = request else { return Ok(None) };
        let page = read(&reader, select.clone(), &order, &request).await?;
        let next = page.next().cloned().map(|after| PageRequest { after: Some(after), ..request });
        Ok(Some((page.into_items(), (reader, select, order, next))))
    })
}

/// A pattern for names, the column that has them, and the name in a row.
pub(crate) struct Named<'a, C, T> {
    pub(crate) pattern: &'a NamePattern,
    pub(crate) column: C,
    pub(crate) name_of: fn(&T) -> &str,
}

/// Reads one page of those rows of `select` whose names match a pattern. The page is shorter than requested if
/// rows were read that turn out not to match.
pub(crate) async fn read_matching<E, T>(
    reader: &Reader,
    select: Select<E>,
    order: &Order<T>,
    request: &PageRequest,
    Named { pattern, column, name_of }: Named<'_, impl ColumnTrait, T>,
) -> Result<Page<T>>
where
    E: EntityTrait,
    T: PartialModelTrait,
{
    let total = match request.is_counted {
        true => Some(count_matching(reader, select.clone(), column, pattern).await?),
        false => None,
    };
    let uncounted = PageRequest { is_counted: false, ..request.clone() };
    let page = Page { total, ..read(reader, select, order, &uncounted).await? };
    if pattern.is_decided_by_the_database() {
        return Ok(page);
    }
    let mut matching = Vec::with_capacity(page.items.len());
    for (position, row) in page.items {
        if matches(pattern, name_of(&row)).await {
            matching.push((position, row));
        }
    }
    Ok(Page { items: matching, ..page })
}

/// Whether the pattern matches the name. Lets others run afterwards: matching takes up to a fraction of a millisecond, and
/// there can be any number of names.
async fn matches(pattern: &NamePattern, name: &str) -> bool {
    let is_match = pattern.matches(name);
    yield_now().await;
    is_match
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn others_run_after_each_name_that_is_matched() {
        let pattern = NamePattern::parse("_");
        let has_run = Cell::new(false);
        let matching = async {
            assert!(matches(&pattern, "a").await);
            assert!(has_run.get());
        };
        tokio::join!(biased; matching, async { has_run.set(true) });
    }
}
