//! Test support: a database per test, the running application, signed-in clients, and validation of
//! every response against the OpenAPI document.
//!
//! Each test uses an SQLite file, or, if `TEST_DATABASE_URL` names a PostgreSQL database whose user may
//! create databases, a database on that server.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that can't continue fails on the spot"
)]

mod answer;
mod app;
mod client;
mod contract;
mod database;
mod fault_proxy;
mod log;
mod standby;
mod writers;

pub use answer::Answer;
pub use app::{ADMIN, PASSWORD, TestApp, settings};
pub use client::Client;
pub use database::{TestDatabase, migrations};
pub use fault_proxy::{Fault, FaultProxy, Moment};
pub use standby::Standby;
pub use writers::{Rows, Tally, Writers};
