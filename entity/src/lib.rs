//! The entity layer, as an active record: tables, columns, relations, scopes, and the methods of
//! tables and rows. Nothing else in the project spells out SQL.
//!
//! Each entity's module has the same order: the model with its relations, its `ActiveModelBehavior`, the
//! shapes that queries return, the scopes, `impl Entity` (questions about the table), `impl Model`
//! (questions about a row, and its associations), `impl ActiveModel` (new rows and transitions).
//!
//! ```
//! use entity::{NamePattern, user::{self, Scopes}};
//! use sea_orm::{DbBackend, EntityTrait, QueryTrait};
//!
//! let jami = NamePattern::parse("%jami%");
//! let sql = user::Entity::find().enabled().admins().name_like(&jami).build(DbBackend::Sqlite);
//! assert!(sql.to_string().ends_with(
//!     r#"WHERE "users"."disabled" = FALSE AND "users"."admin" AND "users"."name_folded" LIKE '%jami%' ESCAPE '\'"#
//! ));
//! ```
//!
//! Ids are types: the id of a note is not the id of a user.
//!
//! ```compile_fail,E0308
//! # use entity::{NoteId, user, mark::{self, Scopes}};
//! # use sea_orm::EntityTrait;
//! # fn swapped(user: user::Model, note_id: NoteId) {
//! let marks = mark::Entity::find().of_user(note_id).of_note(user.id);
//! # }
//! ```

#![expect(
    missing_docs,
    reason = "columns are named for what they hold, and those of generated types have no comments"
)]

pub mod api_token;
mod bulk;
pub mod deletion;
mod id_list;
pub mod idempotency_key;
mod ids;
pub mod invitation;
mod locking;
pub mod mark;
pub mod membership;
mod name_pattern;
mod newest;
pub mod note;
pub mod note_count;
pub mod session;
pub mod share;
pub mod team;
pub mod text;
mod transaction;
mod trigrams;
pub mod user;
mod version;
mod viewer;
mod wal;
mod with_total;

pub use bulk::insert_many;
pub use id_list::IdList;
pub use ids::{
    ApiTokenId, IdempotencyKeyId, MarkId, MembershipId, NotAnId, NoteId, SessionId, ShareId,
    TeamId, UserId,
};
pub use locking::Locking;
pub use name_pattern::NamePattern;
pub use transaction::{begin_snapshot, begin_write};
pub use trigrams::{Among, Candidates};
pub use viewer::Viewer;
pub use wal::{AtPosition, WalPosition};
pub use with_total::WithTotal;

/// What was added to a set, and what was removed from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference<Id> {
    pub added: Vec<Id>,
    pub removed: Vec<Id>,
}

/// The most rows that a list nested in an object has: a user's notes, a team's members.
pub const NESTED_LIMIT: u64 = 100;
