//! Every URL of the service on one screen.

use crate::{
    http::metrics,
    http::openapi,
    http::routing::{RouteTable, change, delete, get, open, post, query},
    resources::docs,
    resources::health,
    resources::notes,
    resources::reading_list,
    resources::sessions,
    resources::teams,
    resources::users,
};

/// Everything under `/api`: here a token that is sent is checked, and a query that is not known is
/// refused.
pub fn api() -> RouteTable {
    RouteTable::default()
        .at("/api/login", [post(sessions::log_in)])
        .at("/api/logout", [delete(sessions::log_out)])
        .at("/api/sessions", [query(sessions::list), delete(sessions::end_others)])
        .at("/api/sessions/current", [get(sessions::current)])
        .at("/api/sessions/{id}", [delete(sessions::end)])
        .at("/api/users", [query(users::list), post(users::create)])
        .at("/api/users/{user}", [query(users::get), change(users::update), delete(users::delete)])
        .at(
            "/api/users/{user}/sessions",
            [query(sessions::list_of_user), delete(sessions::end_of_user)],
        )
        .at("/api/notes", [query(notes::list), post(notes::create)])
        .at("/api/notes/{id}", [get(notes::get), change(notes::update), delete(notes::delete)])
        .at("/api/readinglists", [query(reading_list::list), post(reading_list::mark)])
        .at(
            "/api/readinglists/{id}",
            [change(reading_list::set_read), delete(reading_list::remove)],
        )
        .at("/api/teams", [query(teams::list), post(teams::create)])
        .at("/api/teams/{id}", [get(teams::get), change(teams::update), delete(teams::delete)])
        .at("/api/teams/{id}/members", [change(teams::set_members)])
        .at(
            "/api/teams/{id}/members/{user}",
            [get(teams::member), change(teams::put_member), delete(teams::remove_member)],
        )
        .at("/api/openapi.json", [get(openapi::document)])
}

/// What the service counts; at an address of its own when `METRICS_ADDR` is set.
pub fn metrics() -> RouteTable {
    RouteTable::default().at("/metrics", [open(metrics::metrics)])
}

/// What is answered while the database is prepared, too.
pub fn liveness() -> RouteTable {
    RouteTable::default().at("/healthz", [open(health::live)])
}

/// Everything else.
pub fn operations() -> RouteTable {
    liveness()
        .at("/readyz", [open(health::ready)])
        .at("/docs", [open(docs::page)])
        .at("/docs/{file}", [open(docs::asset)])
}
