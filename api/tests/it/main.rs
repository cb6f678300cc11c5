//! Black-box tests over HTTP, one file per resource. Every response is validated against the OpenAPI
//! document.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that can't go on fails where it stands"
)]

mod anonymous_access;
mod api_tokens;
mod conditional;
mod connections;
mod database_file;
mod distribution;
mod faults;
mod hostile;
mod idempotency;
mod including;
mod instance;
mod invitations;
mod layers;
mod lists;
mod lookalike;
mod mass_assignment;
mod metrics;
mod network;
mod notes;
mod openapi;
mod operations;
mod overload;
mod owners;
mod page;
mod page_size;
mod permissions;
mod process;
mod properties;
mod protocol;
mod races;
mod raw;
mod reading_list;
mod reading_list_bulk;
mod replicas;
mod selecting;
mod sessions;
mod several_servers;
mod smuggling;
mod sorting;
mod standby;
mod statements;
mod sub_collections;
mod teams;
mod upgrades;
mod user_teams;
mod users;
mod visibility;
mod world;
