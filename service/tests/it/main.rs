//! Tests of the service that need several of its functions, and no HTTP.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that can't continue fails on the spot"
)]

mod transfer;
mod work;
