//! Every URL of the service on one screen.

use std::sync::LazyLock;

use actix_web::web::Bytes;
use api_macros::operation;
use utoipa::openapi::{Info, InfoBuilder, LicenseBuilder, info::ContactBuilder};

use crate::{
    http::{
        openapi::Document,
        problem::Problem,
        reply::{RawJson, Reply},
        routing::{RouteTable, change, delete, get, patch, post},
        state::AppState,
    },
    resources::{
        memberships, notes,
        operations::{docs, health, metrics, problems, start},
        reading_list, sessions, teams, users,
    },
};

/// Everything under `/api`, where tokens are checked and unknown query parameters are rejected.
pub fn api() -> RouteTable {
    RouteTable::default()
        .at("/api/login", [post(sessions::log_in)])
        .at("/api/logout", [delete(sessions::log_out)])
        .at("/api/sessions", [get(sessions::list), delete(sessions::end_others)])
        .at("/api/sessions/current", [get(sessions::current)])
        .at("/api/sessions/{id}", [delete(sessions::end)])
        .at("/api/users", [get(users::list), post(users::create)])
        .at("/api/users/{user}", [get(users::get), change(users::update), delete(users::delete)])
        .at(
            "/api/users/{user}/sessions",
            [get(sessions::list_of_user), delete(sessions::end_of_user)],
        )
        .at("/api/users/{user}/notes", [get(users::list_notes)])
        .at("/api/users/{user}/marked_notes", [get(users::list_marked_notes)])
        .at(
            "/api/users/{user}/teams",
            [get(memberships::list_teams), change(memberships::set_teams)],
        )
        .at(
            "/api/users/{user}/teams/{team}",
            [
                get(memberships::get_team),
                change(memberships::put_team),
                delete(memberships::leave_team),
            ],
        )
        .at("/api/notes", [get(notes::list), post(notes::create)])
        .at("/api/notes/{id}", [get(notes::get), change(notes::update), delete(notes::delete)])
        .at("/api/notes/{id}/users_marked", [get(notes::list_users_marked)])
        .at(
            "/api/notes/{id}/mark",
            [change(reading_list::put_mark), delete(reading_list::remove_mark)],
        )
        .at(
            "/api/readinglists",
            [get(reading_list::list), post(reading_list::mark), patch(reading_list::set_all_read)],
        )
        .at("/api/readinglists/counts", [get(reading_list::counts)])
        .at(
            "/api/readinglists/{id}",
            [get(reading_list::get), change(reading_list::set_read), delete(reading_list::remove)],
        )
        .at("/api/teams", [get(teams::list), post(teams::create)])
        .at("/api/teams/{id}", [get(teams::get), change(teams::update), delete(teams::delete)])
        .at(
            "/api/teams/{id}/members",
            [get(memberships::list_members), change(memberships::set_members)],
        )
        .at(
            "/api/teams/{id}/members/{user}",
            [
                get(memberships::get_member),
                change(memberships::put_member),
                delete(memberships::remove_member),
            ],
        )
        .at("/api/openapi.json", [get(document)])
}

/// The metrics, which can have an address of their own (`METRICS_ADDR`).
pub fn metrics() -> RouteTable {
    RouteTable::default().at("/metrics", [get(metrics::metrics)])
}

/// Everything else.
pub fn operations() -> RouteTable {
    RouteTable::default()
        .at("/healthz", [get(health::live)])
        .at("/readyz", [get(health::ready)])
        .at("/", [get(start::index)])
        .at("/favicon.ico", [get(start::icon)])
        .at("/problems/{kind}", [get(problems::explain)])
        .at("/docs", [get(docs::page)])
        .at("/docs/", [get(start::to_docs)])
        .at("/docs/{file}", [get(docs::asset)])
}

/// The OpenAPI document of the API, as served at `/api/openapi.json` without `PUBLIC_URL`, and kept in the repository.
pub fn document_json() -> &'static str {
    static JSON: LazyLock<String> = LazyLock::new(|| document_at("/"));
    &JSON
}

/// The document of the API at this URL.
fn document_at(server: &str) -> String {
    let mut document = Document::new();
    api().describe(&mut document);
    let json = serde_json::to_string_pretty(&document.build(info(), server));
    json.unwrap_or_default() + "\n"
}

/// The types of failures that have a page.
pub fn problem_types() -> impl Iterator<Item = String> {
    problems::PAGES.iter().map(|(kind, ..)| format!("/problems/{kind}"))
}

/// Returns this OpenAPI document.
#[operation]
async fn document(state: AppState) -> Result<Reply<RawJson>, Problem> {
    Ok(Reply::json(match &state.network.public_url {
        None => Bytes::from(document_json()),
        Some(url) => state.document.get_or_init(|| document_at(url.as_str()).into()).clone(),
    }))
}

fn info() -> Info {
    let license = LicenseBuilder::new().name("MIT OR Apache-2.0");
    InfoBuilder::new()
        .title("Teamnotes")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Notes, users, teams and reading lists. Every response has a header `X-Request-Id`: the \
             request's own if that is 1 to 128 visible ASCII characters. A token, if present, is checked \
             on every call under `/api`, even if none is needed. `OPTIONS` on any path returns its \
             methods. A list nested in an object ends before the item that would take it past 1 MiB; the \
             count next to it is that of all items, which the list's own path returns in pages.",
        ))
        .contact(Some(ContactBuilder::new().name(Some("The operator of this service")).build()))
        .license(Some(license.identifier(Some("MIT OR Apache-2.0")).build()))
        .build()
}
