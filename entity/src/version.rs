use sea_orm::ActiveValue::{self, Set};

/// The version of a new row.
pub(crate) const FIRST_VERSION: i64 = 1;

/// Makes it the next version.
pub(crate) fn advance(version: &mut ActiveValue<i64>) {
    let current = version.try_as_ref().copied();
    *version = Set(current.map_or(FIRST_VERSION, |current| current + 1));
}
