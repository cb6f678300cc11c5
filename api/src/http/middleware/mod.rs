//! What happens to every request, whatever it is for.

mod check_site;
mod check_token;
mod headers;
mod limit_concurrency;
mod limit_responses;
mod open_routes;
mod require_access;
mod supervise;

pub(crate) use check_site::check_site;
pub(crate) use check_token::check_token;
pub(crate) use limit_concurrency::limit_concurrency;
pub(crate) use limit_responses::limit_responses;
pub(crate) use open_routes::OpenRoutes;
pub(crate) use require_access::require_access;
pub(crate) use supervise::supervise;
