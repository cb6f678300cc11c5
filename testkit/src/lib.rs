//! What the tests stand on: a database a test, the running application, signed-in clients, and the
//! OpenAPI document that every answer is checked against.
//!
//! On SQLite each test has a file; with `TEST_DATABASE_URL`, which names a PostgreSQL database whose
//! user may create others, each has a database there.

#![expect(clippy::expect_used, reason = "a test that can't go on fails where it stands")]

mod answer;
mod app;
mod client;
mod contract;
mod database;
mod fault_proxy;
mod log;
mod writers;

pub use answer::Answer;
pub use app::{ADMIN, PASSWORD, TestApp, settings};
pub use client::Client;
pub use database::{TestDatabase, migrations};
pub use fault_proxy::{Fault, FaultProxy, Moment};
pub use writers::{Rows, Tally, Writers};
