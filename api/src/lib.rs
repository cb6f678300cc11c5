//! The HTTP interface of Teamnotes, in three wings whose dependencies go one way: [`server`] runs what
//! [`resources`] offers, and both speak through [`http`]. [`routes`] has every URL on one screen.

pub mod cli;
pub mod http;
mod resources;
pub mod routes;
pub mod server;
