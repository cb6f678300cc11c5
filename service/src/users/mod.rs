//! Users: signing up, looking up, changing, deleting.

mod account;
mod change;
mod delete;
mod first_admin;
mod list;
mod locks;
mod lookup;
mod sign_up;
mod values;

pub use account::{AccountRow, export};
pub use change::{PreparedChange, UserChange, prepare_change, update};
pub use delete::{delete, finish_deletions};
pub use entity::user::UserKey;
pub use first_admin::{FirstAdmin, create_first_admin};
pub(crate) use first_admin::{create_first, has_admin};
pub use list::{DisabledFilter, Filter, ListInclude, Listed, SortBy, list};
pub(crate) use locks::{lock_all_unchanged, lock_for_change, lock_unchanged};
pub use lookup::{Include, WithLists, find_visible, get, list_marked_notes, list_notes};
pub use sign_up::{HashedUser, NewUser, Registration, admit, create, hash};
pub use values::{Name, Password, Username};
