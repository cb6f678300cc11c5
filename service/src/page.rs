use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PartialModelTrait, QueryFilter, QueryOrder,
    QuerySelect, Select, sea_query::Order,
};

use crate::Result;

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// How many items at most.
    pub limit: u64,
    /// The id of the last item of the page before, if there was one.
    pub after: Option<i64>,
}

/// A part of a list. Pages are cut by id, so what is inserted meanwhile shifts none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in order.
    pub items: Vec<T>,
    /// Where the next page goes on, when there is one: the `after` of its request.
    pub next: Option<i64>,
}

impl<T> Page<T> {
    /// The same page of other items.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next: self.next }
    }
}

/// Reads one page of `select`, ordered by the `key` column, which `id_of` reads from an item. One
/// row more than asked for tells whether more follows.
pub(crate) async fn read<E, T>(
    db: &impl ConnectionTrait,
    select: Select<E>,
    (key, order): (E::Column, Order),
    request: PageRequest,
    id_of: impl Fn(&T) -> i64,
) -> Result<Page<T>>
where
    E: EntityTrait,
    T: PartialModelTrait,
{
    let select = match (request.after, &order) {
        (None, _) => select,
        (Some(after), Order::Desc) => select.filter(key.lt(after)),
        (Some(after), _) => select.filter(key.gt(after)),
    };
    let mut items = select
        .order_by(key, order)
        .limit(request.limit + 1)
        .into_partial_model::<T>()
        .all(db)
        .await?;
    let has_more = items.len() as u64 > request.limit;
    items.truncate(request.limit as usize);
    let next = if has_more { items.last().map(id_of) } else { None };
    Ok(Page { items, next })
}
