//! Every URL of the service on one screen.

use std::sync::LazyLock;

use actix_web::web::Bytes;
use api_macros::operation;
use entity::api_token::Scope::{NotesWrite, ReadinglistWrite, TeamsWrite, UsersWrite};
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
        api_tokens, instance, invitations, memberships, notes,
        operations::{docs, health, metrics, page, problems, start},
        reading_list, sessions, teams, users,
    },
};

/// Everything under `/api`, where tokens are checked and unknown query parameters are rejected. API tokens may call
/// every `GET` and what names one of their scopes, unless it says otherwise. What is open is so with `ANONYMOUS_ACCESS=off` too.
pub fn api() -> RouteTable {
    let routes = notes_and_teams(users_and_credentials(RouteTable::default()));
    routes.at("/api/openapi.json", [get(document).open()])
}

fn users_and_credentials(routes: RouteTable) -> RouteTable {
    routes
        .at("/api/login", [post(sessions::log_in).open()])
        .at("/api/setup", [get(instance::get_setup).open(), post(instance::set_up).open()])
        .at("/api/doctor", [get(instance::examine).without_tokens()])
        .at("/api/logout", [delete(sessions::log_out)])
        .at("/api/sessions", [get(sessions::list).without_tokens(), delete(sessions::end_others)])
        .at("/api/sessions/current", [get(sessions::current).without_tokens()])
        .at("/api/sessions/{id}", [delete(sessions::end)])
        .at("/api/tokens", [get(api_tokens::list).without_tokens(), post(api_tokens::create)])
        .at("/api/tokens/current", [get(api_tokens::current).with_any_token()])
        .at("/api/tokens/{id}", [delete(api_tokens::end)])
        .at("/api/invitations", [post(invitations::create)])
        .at("/api/invitations/accept", [post(invitations::accept).open()])
        .at("/api/users", [get(users::list), post(users::create).open()])
        .at(
            "/api/users/{user}",
            [get(users::get), change(users::update).with(UsersWrite), delete(users::delete)],
        )
        .at(
            "/api/users/{user}/sessions",
            [get(sessions::list_of_user).without_tokens(), delete(sessions::end_of_user)],
        )
        .at(
            "/api/users/{user}/tokens",
            [get(api_tokens::list_of_user).without_tokens(), delete(api_tokens::end_of_user)],
        )
        .at("/api/users/{user}/export", [get(users::export)])
        .at("/api/users/{user}/notes", [get(users::list_notes)])
        .at("/api/users/{user}/marked_notes", [get(users::list_marked_notes)])
        .at(
            "/api/users/{user}/teams",
            [get(memberships::list_teams), change(memberships::set_teams).with(TeamsWrite)],
        )
        .at(
            "/api/users/{user}/teams/{team}",
            [
                get(memberships::get_team),
                change(memberships::put_team).with(TeamsWrite),
                delete(memberships::leave_team).with(TeamsWrite),
            ],
        )
}

fn notes_and_teams(routes: RouteTable) -> RouteTable {
    routes
        .at("/api/notes", [get(notes::list), post(notes::create).with(NotesWrite)])
        .at(
            "/api/notes/{id}",
            [
                get(notes::get),
                change(notes::update).with(NotesWrite),
                delete(notes::delete).with(NotesWrite),
            ],
        )
        .at("/api/notes/{id}/users_marked", [get(notes::list_users_marked)])
        .at(
            "/api/notes/{id}/teams",
            [get(notes::list_teams), change(notes::set_teams).with(NotesWrite)],
        )
        .at(
            "/api/notes/{id}/teams/{team}",
            [
                get(notes::get_team),
                change(notes::put_team).with(NotesWrite),
                delete(notes::remove_team).with(NotesWrite),
            ],
        )
        .at(
            "/api/notes/{id}/mark",
            [
                change(reading_list::put_mark).with(ReadinglistWrite),
                delete(reading_list::remove_mark).with(ReadinglistWrite),
            ],
        )
        .at(
            "/api/readinglists",
            [
                get(reading_list::list),
                post(reading_list::mark).with(ReadinglistWrite),
                patch(reading_list::set_all_read).with(ReadinglistWrite),
            ],
        )
        .at("/api/readinglists/counts", [get(reading_list::counts)])
        .at(
            "/api/readinglists/{id}",
            [
                get(reading_list::get),
                change(reading_list::set_read).with(ReadinglistWrite),
                delete(reading_list::remove).with(ReadinglistWrite),
            ],
        )
        .at("/api/teams", [get(teams::list), post(teams::create).with(TeamsWrite)])
        .at(
            "/api/teams/{id}",
            [
                get(teams::get),
                change(teams::update).with(TeamsWrite),
                delete(teams::delete).with(TeamsWrite),
            ],
        )
        .at(
            "/api/teams/{id}/members",
            [get(memberships::list_members), change(memberships::set_members).with(TeamsWrite)],
        )
        .at(
            "/api/teams/{id}/members/{user}",
            [
                get(memberships::get_member),
                change(memberships::put_member).with(TeamsWrite),
                delete(memberships::remove_member).with(TeamsWrite),
            ],
        )
}

/// The metrics, which can have an address of their own (`METRICS_ADDR`).
pub fn metrics() -> RouteTable {
    RouteTable::default().at("/metrics", [get(metrics::metrics)])
}

/// The page for people, unless `WEB` is `off`.
pub fn page() -> RouteTable {
    let routes = RouteTable::default().at("/", [get(page::root)]);
    let routes = page::PATHS.iter().fold(routes, |routes, path| routes.at(path, [get(page::page)]));
    routes.at("/assets/{file}", [get(page::asset)])
}

pub(crate) use page::not_found as page_not_found;

/// What is at `/` without it.
pub fn start() -> RouteTable {
    RouteTable::default().at("/", [get(start::index)])
}

/// Everything else.
pub fn operations() -> RouteTable {
    RouteTable::default()
        .at("/healthz", [get(health::live)])
        .at("/readyz", [get(health::ready)])
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
             on every call under `/api`, even if none is needed. An API token may call what names `api_token`, with \
             the scope next to it. `OPTIONS` on any path returns its \
             methods. A list nested in an object ends before the item that would take it past 1 MiB; the \
             count next to it is that of all items, which the list's own path returns in pages.",
        ))
        .contact(Some(ContactBuilder::new().name(Some("The operator of this service")).build()))
        .license(Some(license.identifier(Some("MIT OR Apache-2.0")).build()))
        .build()
}
