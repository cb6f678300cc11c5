//! `/api/login`, `/api/logout` and `/api/sessions`

use actix_web::{HttpResponse, web::Json};
use chrono::{DateTime, Utc};
use entity::{session, user};
use serde::Serialize;
use service::sessions::{self, LogIn, LoggedIn};
use utoipa::ToSchema;

use crate::{
    http::extract::{
        Address, Body, FromBody, FromQuery, Id, List, Me, Members, Params, UserAgent, UserPath,
        text,
    },
    http::openapi::{BodyProblems, Forbidden, Missing, PageParams, Problems, Throttled},
    http::problem::Problem,
    http::state::AppState,
};

/// Who logs in.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `Credentials::from_body` reads")]
pub(crate) struct CredentialsBody {
    #[schema(example = "alice")]
    username: String,
    #[schema(format = Password, example = "walnut-harbour-42")]
    password: String,
}

pub(crate) struct Credentials {
    username: String,
    password: String,
}

impl FromBody for Credentials {
    fn from_body(body: &mut Members) -> Option<Self> {
        let username = body.required("username", text(service::sessions::credential));
        let password = body.required("password", text(service::sessions::credential));
        Some(Self { username: username?, password: password? })
    }
}

/// A new session.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LoggedIn)]
pub(crate) struct LoggedInBody {
    /// For `Authorization: Bearer`.
    token: String,
    username: String,
    name: String,
    expires_at: DateTime<Utc>,
}

impl From<LoggedIn> for LoggedInBody {
    fn from(LoggedIn { token, session, user }: LoggedIn) -> Self {
        let user::Account { username, name, .. } = user;
        Self { token, username, name, expires_at: session.expires_at }
    }
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionBody {
    id: i64,
    created_at: DateTime<Utc>,
    /// Written down once a minute at most.
    last_used_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    /// What the client that logged in says it is.
    #[schema(required)]
    user_agent: Option<String>,
    /// The session that asks.
    current: bool,
}

impl SessionBody {
    fn new(session: session::Core, current_id: i64) -> Self {
        let session::Core { id, user_id: _, user_agent, created_at, last_used_at, expires_at } =
            session;
        let current = id == current_id;
        Self { id, created_at, last_used_at, expires_at, user_agent, current }
    }
}

/// The session that asks, and its user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CurrentSession)]
pub(crate) struct CurrentSessionBody {
    #[serde(flatten)]
    session: SessionBody,
    user: SessionUserBody,
}

/// The user of a session.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SessionUser)]
struct SessionUserBody {
    id: i64,
    username: String,
    name: String,
    admin: bool,
}

pub(crate) struct AllSessions;

impl FromQuery for AllSessions {
    fn from_query(_: &mut Params) -> Result<Self, Problem> {
        Ok(Self)
    }
}

/// Starts a session.
#[utoipa::path(post, path = "/api/login", tag = "sessions", request_body = CredentialsBody,
    responses((status = 200, description = "The session has started", body = LoggedInBody), Problems, BodyProblems, Throttled))]
pub(crate) async fn log_in(
    state: AppState,
    Address(address): Address,
    UserAgent(user_agent): UserAgent,
    Body(Credentials { username, password }): Body<Credentials>,
) -> Result<Json<LoggedInBody>, Problem> {
    let request = LogIn { username, password, address, user_agent };
    let attempt = sessions::log_in(&state.db, &state.auth, request).await;
    state.metrics.login(&attempt);
    Ok(Json(attempt?.into()))
}

/// Ends the session that asks.
#[utoipa::path(delete, path = "/api/logout", tag = "sessions",
    responses((status = 204, description = "The token is dead"), Problems), security(("session" = [])))]
pub(crate) async fn log_out(state: AppState, me: Me) -> Result<HttpResponse, Problem> {
    sessions::log_out(&state.db, &me).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// One's own sessions, newest first.
#[utoipa::path(get, path = "/api/sessions", tag = "sessions", params(PageParams),
    responses((status = 200, description = "A page of sessions", body = Vec<SessionBody>,
        headers(("Link" = String, description = "The next page, if there is one (RFC 8288)"))), Problems),
    security(("session" = [])))]
pub(crate) async fn list(
    state: AppState,
    me: Me,
    list: List<AllSessions>,
) -> Result<HttpResponse, Problem> {
    let sessions = sessions::list_own(&state.db, &state.auth, &me, list.page).await?;
    Ok(list.respond(sessions.map(|session| SessionBody::new(session, me.session.id))))
}

/// A user's sessions, newest first; for the user and admins.
#[utoipa::path(get, path = "/api/users/{user}/sessions", tag = "sessions",
    params(("user" = String, Path, description = "An id or a username"), PageParams),
    responses((status = 200, description = "A page of sessions", body = Vec<SessionBody>,
        headers(("Link" = String, description = "The next page, if there is one (RFC 8288)"))), Problems, Forbidden, Missing),
    security(("session" = [])))]
pub(crate) async fn list_of_user(
    state: AppState,
    me: Me,
    UserPath(user): UserPath,
    list: List<AllSessions>,
) -> Result<HttpResponse, Problem> {
    let (viewer, page) = (me.viewer(), list.page);
    let sessions = sessions::list(&state.db, &state.auth, &viewer, &user, page).await?;
    Ok(list.respond(sessions.map(|session| SessionBody::new(session, me.session.id))))
}

/// Ends all sessions of a user; for the user and admins.
#[utoipa::path(delete, path = "/api/users/{user}/sessions", tag = "sessions",
    params(("user" = String, Path, description = "An id or a username")),
    responses((status = 204, description = "Their tokens are dead"), Problems, Forbidden, Missing),
    security(("session" = [])))]
pub(crate) async fn end_of_user(
    state: AppState,
    me: Me,
    UserPath(user): UserPath,
) -> Result<HttpResponse, Problem> {
    sessions::revoke(&state.db, &me.viewer(), &user).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The session that asks, and its user.
#[utoipa::path(get, path = "/api/sessions/current", tag = "sessions",
    responses((status = 200, description = "The session", body = CurrentSessionBody), Problems), security(("session" = [])))]
pub(crate) async fn current(me: Me) -> Json<CurrentSessionBody> {
    let user::Account { id, username, name, admin, .. } = me.user.clone();
    let session = SessionBody::new(me.session.clone(), me.session.id);
    Json(CurrentSessionBody { session, user: SessionUserBody { id, username, name, admin } })
}

/// Ends a session; for its user, or an admin.
#[utoipa::path(delete, path = "/api/sessions/{id}", tag = "sessions", params(("id" = i64, Path, minimum = 1)),
    responses((status = 204, description = "Its token is dead"), Problems, Forbidden, Missing), security(("session" = [])))]
pub(crate) async fn end(state: AppState, me: Me, Id(id): Id) -> Result<HttpResponse, Problem> {
    sessions::end(&state.db, &me, id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ends all one's sessions but the one that asks.
#[utoipa::path(delete, path = "/api/sessions", tag = "sessions",
    responses((status = 204, description = "Their tokens are dead"), Problems),
    security(("session" = [])))]
pub(crate) async fn end_others(state: AppState, me: Me) -> Result<HttpResponse, Problem> {
    sessions::end_others(&state.db, &me).await?;
    Ok(HttpResponse::NoContent().finish())
}
