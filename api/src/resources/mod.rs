//! The resources of the API: one module each, with its bodies and handlers.

pub(crate) mod api_tokens;
pub(crate) mod instance;
pub(crate) mod invitations;
pub(crate) mod memberships;
pub(crate) mod notes;
pub(crate) mod operations;
pub(crate) mod reading_list;
pub(crate) mod sessions;
pub(crate) mod teams;
pub(crate) mod users;
mod values;
