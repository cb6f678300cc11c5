use std::fmt;

use chrono::{DateTime, Datelike, Utc, serde::ts_microseconds};
use entity::text::by_code_point;
use sea_orm::{
    ColumnTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, Select,
    sea_query::{self, Expr, ExprTrait},
};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// What a list can be sorted by.
pub trait SortKey: Copy + Eq + fmt::Debug + 'static {
    /// All of them, by name.
    const NAMED: &'static [(&'static str, Self)];
    /// The order of the list, unless another is requested.
    const DEFAULT: Sort<Self>;
}

/// The order of a list: by the key, then by id, in this direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort<K> {
    /// What it is sorted by.
    pub key: K,
    /// In which direction.
    pub direction: Direction,
}

/// The direction of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The lowest value first.
    Ascending,
    /// The highest value first.
    Descending,
}

/// The place of a row in the order of a list: its id, and the value that the list is sorted by if that is
/// another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    id: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<SortValue>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SortValue {
    Text(String),
    Time(#[serde(with = "ts_microseconds")] DateTime<Utc>),
}

/// How rows of type `T` are sorted.
pub(crate) struct Order<T> {
    direction: Direction,
    key: Option<Key<T>>,
    id: Column<T, i64>,
}

enum Key<T> {
    Text(Column<T, String>),
    Time(Column<T, DateTime<Utc>>),
}

/// A column to sort by, and its value in a row.
type Column<T, V> = (Expr, fn(&T) -> V);

impl<T> Order<T> {
    /// By id.
    pub(crate) fn by_id(
        direction: Direction,
        column: impl ColumnTrait,
        id_of: fn(&T) -> i64,
    ) -> Self {
        Self { direction, key: None, id: (column.into_expr(), id_of) }
    }

    /// The same in this direction.
    pub(crate) fn in_direction(self, direction: Direction) -> Self {
        Self { direction, ..self }
    }

    /// By this text, by code point, and then by id.
    pub(crate) fn after_text(self, column: impl ColumnTrait, text_of: fn(&T) -> String) -> Self {
        Self { key: Some(Key::Text((column.into_expr(), text_of))), ..self }
    }

    /// By this time, and then by id.
    pub(crate) fn after_time(
        self,
        column: impl ColumnTrait,
        time_of: fn(&T) -> DateTime<Utc>,
    ) -> Self {
        Self { key: Some(Key::Time((column.into_expr(), time_of))), ..self }
    }

    pub(super) fn position_of(&self, row: &T) -> Position {
        let value = self.key.as_ref().map(|key| match key {
            Key::Text((_, text_of)) => SortValue::Text(text_of(row)),
            Key::Time((_, time_of)) => SortValue::Time(time_of(row)),
        });
        Position { id: (self.id.1)(row), value }
    }

    /// The rows after this position, in order.
    pub(super) fn apply<E: EntityTrait>(
        &self,
        select: Select<E>,
        after: Option<&Position>,
        backend: DbBackend,
    ) -> Result<Select<E>> {
        let key = self.key.as_ref().map(|key| key.column(backend));
        let columns = || key.clone().into_iter().chain([self.id.0.clone()]);
        let mut select = select;
        if let Some(after) = after {
            let (row, position) = (Expr::tuple(columns()), Expr::tuple(self.values_of(after)?));
            select = select.filter(match self.direction {
                Direction::Ascending => row.gt(position),
                Direction::Descending => row.lt(position),
            });
        }
        let direction = match self.direction {
            Direction::Ascending => sea_query::Order::Asc,
            Direction::Descending => sea_query::Order::Desc,
        };
        Ok(columns().fold(select, |select, column| select.order_by(column, direction.clone())))
    }

    /// The values that the columns have at this position.
    fn values_of(&self, Position { id, value }: &Position) -> Result<Vec<Expr>> {
        let id = Expr::val(*id);
        match (&self.key, value) {
            (None, None) => Ok(vec![id]),
            (Some(key), Some(value)) => {
                Ok(vec![key.read(value).ok_or(Error::ForeignPosition)?, id])
            }
            _ => Err(Error::ForeignPosition),
        }
    }
}

impl<T> Key<T> {
    fn column(&self, backend: DbBackend) -> Expr {
        match self {
            Self::Text((column, _)) => by_code_point(column.clone(), backend),
            Self::Time((column, _)) => column.clone(),
        }
    }

    /// The value as the database has it, if the column can have it.
    fn read(&self, value: &SortValue) -> Option<Expr> {
        match (self, value) {
            (Self::Text(_), SortValue::Text(text)) if !text.contains('\0') => {
                Some(Expr::val(text.as_str()))
            }
            (Self::Time(_), SortValue::Time(time)) if (1..=9999).contains(&time.year()) => {
                Some(Expr::val(*time))
            }
            _ => None,
        }
    }
}
