//! Every URL of the service on one screen.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use utoipa::OpenApi;

use crate::{
    http::openapi::{Problems, SharedParts},
    http::problem,
    http::routing::{RouteTable, change, delete, get, open, post, query},
    resources::notes,
    resources::operations::{docs, health, metrics},
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
        .at("/api/openapi.json", [get(document)])
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

/// The whole API.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Teamnotes",
        description = "Notes, users, teams and reading lists. Every answer has a header \
            `X-Request-Id`: the request's own if that is 1 to 128 visible ASCII characters. A token \
            that is sent is checked on every call under `/api`, also where none is needed.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    paths(
        sessions::log_in, sessions::log_out, sessions::list, sessions::current, sessions::end,
        sessions::end_others, sessions::list_of_user, sessions::end_of_user, users::list, users::create, users::get, users::update, users::delete,
        notes::list, notes::create, notes::get, notes::update, notes::delete, reading_list::list,
        reading_list::mark, reading_list::set_read, reading_list::remove, teams::list, teams::create,
        teams::get, teams::update, teams::delete, teams::set_members, teams::member,
        teams::put_member, teams::remove_member, health::live,
        health::ready, metrics::metrics, document, docs::page, docs::asset,
    ),
    components(schemas(problem::ProblemBody, problem::ViolationBody)),
    modifiers(&SharedParts)
)]
struct Api;

/// The document, as `/api/openapi.json` serves it and the repository has it.
pub fn document_json() -> &'static str {
    static JSON: LazyLock<String> = LazyLock::new(|| {
        let mut json = serde_json::to_string_pretty(&Api::openapi()).unwrap_or_default();
        json.push('\n');
        json
    });
    &JSON
}

/// This document.
#[utoipa::path(get, path = "/api/openapi.json", tag = "operations",
    responses((status = 200, description = "The OpenAPI document", content_type = "application/json", body = Object),
        Problems))]
pub(crate) async fn document() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(document_json())
}
