//! What handlers take from a request. What can't be taken is a [`crate::http::problem::Problem`].

mod body;
mod client;
mod json;
mod list;
mod members;
mod path;
mod query;
mod viewer;

pub(crate) use body::{Body, OptionalBody};
pub(crate) use client::{Address, UserAgent};
pub(crate) use list::List;
pub(crate) use members::{FromBody, Members, boolean, id, ids, text, time};
pub(crate) use path::{Id, MemberPath, UserPath};
pub(crate) use query::{FromQuery, Params, Query};
pub(crate) use viewer::{Me, Viewer, check_token};
