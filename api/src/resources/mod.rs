//! What the API has: one module a resource, with its bodies and its handlers.

pub(crate) mod memberships;
pub(crate) mod notes;
pub(crate) mod operations;
pub(crate) mod reading_list;
pub(crate) mod sessions;
pub(crate) mod teams;
pub(crate) mod users;
mod values;
