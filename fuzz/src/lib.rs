//! Fuzz targets, each of them a test. `just fuzz <target>` mutates the inputs in
//! `src/__fuzz__/<target>/corpus/*.seed` in search of new code paths. `cargo test` tries those, past
//! crashes (`src/__fuzz__/<target>/crashes/`) and random bytes.
#![cfg(test)]

mod import_file;
mod requests;
