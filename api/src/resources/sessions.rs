//! `/api/login`, `/api/logout` and `/api/sessions`

use api_macros::operation;
use chrono::{DateTime, Utc};
use deserr::Deserr;
use entity::{session, user};
use serde::Serialize;
use service::sessions::{self, LogIn, LoggedIn};
use utoipa::ToSchema;

use crate::http::{
    extract::{Address, Body, Id, List, Me, NoFilter, UserAgent, UserPath, Violations},
    problem::Problem,
    reply::{NoContent, PageOf, Reply},
    state::AppState,
};

/// Who logs in.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations)]
#[schema(as = Credentials)]
pub(crate) struct CredentialsBody {
    #[deserr(try_from(String) = credential -> String)]
    #[schema(example = "alice")]
    username: String,
    #[deserr(try_from(String) = credential -> String)]
    #[schema(format = Password, example = "walnut-harbour-42")]
    password: String,
}

fn credential(text: String) -> Result<String, String> {
    sessions::credential(text).map_err(|error| error.to_string())
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
    /// Updated once a minute at most.
    last_used_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    /// The `User-Agent` of the client that logged in.
    #[schema(required)]
    user_agent: Option<String>,
    /// Whether this is the session that makes the request.
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

/// The session that makes the request, and its user.
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

/// Starts a session.
#[operation(429)]
pub(crate) async fn log_in(
    state: AppState,
    Address(address): Address,
    UserAgent(user_agent): UserAgent,
    Body(CredentialsBody { username, password }): Body<CredentialsBody>,
) -> Result<Reply<LoggedInBody>, Problem> {
    let request = LogIn { username, password, address, user_agent };
    let attempt = sessions::log_in(&state.db, &state.auth, request).await;
    state.metrics.login(&attempt);
    Ok(Reply::ok(attempt?.into()))
}

/// Ends the session that makes the request.
#[operation]
pub(crate) async fn log_out(state: AppState, me: Me) -> Result<Reply<NoContent>, Problem> {
    sessions::log_out(&state.db, &me).await?;
    Ok(Reply::no_content())
}

/// Lists one's own sessions, newest first.
#[operation]
pub(crate) async fn list(
    state: AppState,
    me: Me,
    list: List<NoFilter>,
) -> Result<Reply<PageOf<SessionBody>>, Problem> {
    let sessions = sessions::list_own(&state.db, &state.auth, &me, list.page).await?;
    Ok(Reply::page(&list, sessions.map(|session| SessionBody::new(session, me.session.id))))
}

/// Lists a user's sessions, newest first. For the user and admins.
#[operation(403)]
pub(crate) async fn list_of_user(
    state: AppState,
    me: Me,
    UserPath(user): UserPath,
    list: List<NoFilter>,
) -> Result<Reply<PageOf<SessionBody>>, Problem> {
    let (viewer, page) = (me.viewer(), list.page);
    let sessions = sessions::list(&state.db, &state.auth, &viewer, &user, page).await?;
    Ok(Reply::page(&list, sessions.map(|session| SessionBody::new(session, me.session.id))))
}

/// Ends all sessions of a user. For the user and admins.
#[operation(403)]
pub(crate) async fn end_of_user(
    state: AppState,
    me: Me,
    UserPath(user): UserPath,
) -> Result<Reply<NoContent>, Problem> {
    sessions::revoke(&state.db, &me.viewer(), &user).await?;
    Ok(Reply::no_content())
}

/// Shows the session that makes the request, and its user.
#[operation]
pub(crate) async fn current(me: Me) -> Result<Reply<CurrentSessionBody>, Problem> {
    let user::Account { id, username, name, admin, .. } = me.user.clone();
    let session = SessionBody::new(me.session.clone(), me.session.id);
    let user = SessionUserBody { id, username, name, admin };
    Ok(Reply::ok(CurrentSessionBody { session, user }))
}

/// Ends a session. For its user and admins.
#[operation(403)]
pub(crate) async fn end(state: AppState, me: Me, Id(id): Id) -> Result<Reply<NoContent>, Problem> {
    sessions::end(&state.db, &me, id).await?;
    Ok(Reply::no_content())
}

/// Ends all one's own sessions but the one that makes the request.
#[operation]
pub(crate) async fn end_others(state: AppState, me: Me) -> Result<Reply<NoContent>, Problem> {
    sessions::end_others(&state.db, &me).await?;
    Ok(Reply::no_content())
}
