//! What the benchmarks in `benches/` measure and nothing else outside of this crate needs.

use serde::Serialize;
use service::{Position, users::WithLists};

use crate::{
    http::cursor::{self, ListId},
    resources::users::UserDetailBody,
};

/// The body of an answer with this user.
pub fn user_body(user: WithLists) -> impl Serialize {
    UserDetailBody::from(user)
}

/// A cursor at this position of a list.
pub fn write_cursor(position: &Position) -> String {
    cursor::write(list(), position)
}

/// The position of a cursor of that list; `None` if it is not one.
pub fn read_cursor(cursor: &str) -> Option<Position> {
    cursor::read(list(), cursor)
}

fn list() -> ListId {
    ListId::new("/api/users", "admin=false&sort=name")
}
