//! Violated constraints of the database, in terms of the domain.

use sea_orm::DbErr;

use crate::{Error, Field, Result};

/// Turns violated constraints into errors of the domain.
pub(crate) trait Constraints<T> {
    /// Reports a value that violates a unique constraint as taken.
    fn unless_taken(self, field: Field) -> Result<T>;
    /// Reports a violated foreign key as this error.
    fn unless_dangling(self, error: impl FnOnce() -> Error) -> Result<T>;
}

impl<T> Constraints<T> for std::result::Result<T, DbErr> {
    fn unless_taken(self, field: Field) -> Result<T> {
        self.map_err(|error| match error.sql_err() {
            Some(sea_orm::SqlErr::UniqueConstraintViolation(_)) => Error::Taken(field),
            _ => error.into(),
        })
    }

    fn unless_dangling(self, dangling: impl FnOnce() -> Error) -> Result<T> {
        self.map_err(|error| match error.sql_err() {
            Some(sea_orm::SqlErr::ForeignKeyConstraintViolation(_)) => dangling(),
            _ => error.into(),
        })
    }
}
