//! The use cases of Teamnotes, their rules and their transactions. Calls read as prose. Use cases
//! that only read take a [`Reader`]: `notes::get(reader, id)`. Those that write take a unit of [`Work`], and
//! several can share one, and with it a transaction: `notes::create(work, &new)`.
//!
//! Input is already parsed ([`notes::Content`], [`users::Username`]): a value that exists is valid. Failures
//! are an [`Error`]. `policy.rs` says who may do what.

mod actor;
pub mod api_tokens;
mod audit;
pub mod backup;
mod bulk;
pub mod clock;
mod constraints;
mod credential;
mod database;
pub mod demo;
pub mod doctor;
mod error;
mod hs256;
pub mod idempotency;
pub mod invitations;
mod keyed;
pub mod memberships;
mod network;
pub mod notes;
mod page;
mod password;
mod policy;
pub mod random;
mod reader;
pub mod reading_list;
mod rejection;
mod retry;
pub mod schema;
pub mod sessions;
pub mod setup;
pub mod teams;
mod text;
mod throttle;
mod token;
pub mod transfer;
pub mod users;
mod uses;
mod version;
mod work;

pub use actor::{Actor, Authenticated};
pub use bulk::{BulkError, Counts, Progress};
pub use credential::{Credential, authenticate};
pub use database::{Db, DbSettings, PoolUse, ReplicaState, ReplicaUse, StatementHook};
pub use error::{Error, Field, Result, Violation};
pub use migration::{database_url, details, is_outage, settings, sqlite_file};
pub use page::{Direction, Newest, PAGE_BYTES, Page, PageRequest, Position, Sort, SortKey};
pub use password::{PasswordCost, Passwords};
pub use reader::Reader;
pub use rejection::Rejection;
pub use sessions::SessionRules;
pub(crate) use throttle::{Attempt, Rule};
pub use throttle::{Limits, Quota, Throttle};
pub use token::TokenKeys;
pub use version::Expected;
pub use work::Work;

/// What sign-up and login need besides the database.
#[derive(Debug)]
pub struct Auth {
    /// Signs and verifies tokens.
    pub keys: TokenKeys,
    /// Hashes and verifies passwords.
    pub passwords: Passwords,
    /// How long sessions last, and how many a user has.
    pub sessions: SessionRules,
    /// Who may sign up.
    pub registration: users::Registration,
    /// Limits the rate of password guesses and sign-ups.
    pub throttle: Throttle,
}
