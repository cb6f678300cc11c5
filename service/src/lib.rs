//! The use cases of Teamnotes, their rules and their transactions. A call reads as prose. What reads takes
//! a [`Reader`]: `notes::get(reader, id)`. What writes takes a unit of [`Work`], in which several can share a
//! transaction: `notes::create(work, &new)`.
//!
//! Input is parsed already ([`notes::Content`], [`users::Username`]): a value that exists is allowed.
//! What goes wrong is an [`Error`]. Who may do what is in `policy.rs`.

mod actor;
mod audit;
pub mod backup;
mod bulk;
pub mod clock;
mod db;
pub mod demo;
pub mod doctor;
mod error;
mod hs256;
pub mod memberships;
pub mod notes;
mod page;
mod password;
mod policy;
mod pool;
pub mod random;
mod reader;
pub mod reading_list;
mod rejection;
pub mod schema;
pub mod sessions;
pub mod teams;
mod text;
mod throttle;
mod token;
pub mod transfer;
pub mod users;
mod work;

pub use actor::{Actor, Authenticated, Credential};
pub use bulk::{BulkError, Counts, Progress};
pub use db::{Db, DbSettings, StatementHook};
pub use error::{Error, Field, Result, Violation};
pub use migration::{settings, sqlite_file};
pub use page::{Newest, Page, PageRequest};
pub use password::{PasswordCost, Passwords};
pub use pool::PoolUse;
pub use reader::Reader;
pub use rejection::Rejection;
pub use sessions::SessionRules;
pub(crate) use throttle::Rule;
pub use throttle::{Quota, Throttle};
pub use token::TokenKeys;
pub use work::Work;

/// What signing up and logging in needs beside the database.
#[derive(Debug)]
pub struct Auth {
    /// Signs and checks tokens.
    pub keys: TokenKeys,
    /// Hashes and checks passwords.
    pub passwords: Passwords,
    /// How long sessions last, and how many a user has.
    pub sessions: SessionRules,
    /// Who may sign up.
    pub registration: users::Registration,
    /// Slows down who guesses passwords or signs up in bulk.
    pub throttle: Throttle,
}
