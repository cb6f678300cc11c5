//! The entity layer: tables, columns, relations, scopes, and the methods of tables and rows. What is
//! spelled in SQL terms is spelled here.
//!
//! Each entity's module has one order: the model with its relations, `ActiveModelBehavior`, the
//! shapes that reads return, the scopes, `impl Entity` (questions about the table), `impl Model`
//! (questions about a row, and its associations).
//!
//! ```
//! use entity::user::{self, Scopes};
//! use sea_orm::{DbBackend, EntityTrait, QueryTrait};
//!
//! let sql = user::Entity::find().enabled().admins().name_like("%jami%").build(DbBackend::Sqlite);
//! assert!(sql.to_string().ends_with(
//!     r#"WHERE "users"."disabled" = FALSE AND "users"."admin" = TRUE AND "users"."name_folded" LIKE '%jami%' ESCAPE '\'"#
//! ));
//! ```

pub mod membership;
mod newest;
pub mod note;
pub mod session;
pub mod team;
pub mod text;
mod transaction;
pub mod user;
mod user_key;
pub mod user_note;

pub use transaction::{Locking, begin_snapshot, begin_write};

/// How many rows a list has at most that is nested in an object: a user's notes, a team's members.
pub const NESTED_LIMIT: u64 = 100;
