//! What handlers take from a request. What can't be taken is a [`crate::http::problem::Problem`].

mod actor;
mod body;
mod client;
mod fields;
mod if_match;
mod include;
mod json;
mod list;
mod once;
mod path;
mod query;
mod reads;
mod sort;
mod values;
mod view;
mod violations;

pub(crate) use actor::{Anyone, SignedIn, actor};
pub(crate) use body::{Body, MERGE_PATCH_JSON, OptionalBody};
pub(crate) use client::{Address, UserAgent, client_of, is_forwarded};
pub(crate) use fields::Fields;
pub(crate) use if_match::IfMatch;
pub(crate) use include::{Includable, Include, Nothing};
pub(crate) use list::{List, NoFilter};
pub(crate) use once::Once;
pub(crate) use path::{Id, MemberPath, NoteTeamPath, UserPath, UserTeamPath};
pub(crate) use query::{BadParameter, Parameters, SearchText, flag, number};
pub(crate) use reads::Reads;
pub(crate) use sort::OneOrder;
pub(crate) use values::{BulkIds, IdList, bulk_ids, id_list, parsed};
pub(crate) use view::{View, ViewQuery};
pub(crate) use violations::Violations;
