//! Targets for a fuzzer, each a test. `just fuzz <target>` turns the bytes until they reach new code;
//! what it found is in `src/__fuzz__/`. `cargo test` tries that again, beside random bytes.
#![cfg(test)]

mod import_file;
mod requests;
