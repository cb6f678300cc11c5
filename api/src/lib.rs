//! The HTTP interface of Teamnotes.
//!
//! Dependencies go one way: [`cli`] and [`server`] run what [`routes`] lists; the route table names the
//! handlers of `resources`; these are built on [`http`], which knows none of the others.

#![warn(clippy::print_stdout, clippy::print_stderr)]

#[doc(hidden)]
pub mod bench;
pub mod cli;
pub mod http;
mod resources;
pub mod routes;
pub mod server;
