//! Targets for a fuzzer, each a test. `just fuzz <target>` turns bytes until they reach new code, from
//! those in `src/__fuzz__/<target>/corpus/*.seed` on. `cargo test` tries these, what once crashed
//! (`src/__fuzz__/<target>/crashes/`) and random bytes.
#![cfg(test)]

mod import_file;
mod requests;
