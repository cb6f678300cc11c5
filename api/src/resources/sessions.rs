//! `/api/login`, `/api/logout` and `/api/sessions`

use api_macros::operation;
use chrono::{DateTime, Utc};
use deserr::Deserr;
use entity::{
    SessionId, UserId, session,
    user::{self, UserSummary},
};
use serde::Serialize;
use service::sessions::{self, LogIn, LoggedIn};
use utoipa::ToSchema;

use super::values::{IdSchema, SentPassword, SentUsername};
use crate::http::{
    extract::{Address, Body, Id, List, SignedIn, UserAgent, UserPath, View, Violations},
    problem::Problem,
    reply::{NoContent, PageOf, Reply},
    session_cookie::SessionCookie,
    state::AppState,
};

/// The credentials to log in with.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations)]
#[schema(as = Credentials)]
pub(crate) struct CredentialsBody {
    /// The user's username, in any case.
    #[deserr(try_from(String) = credential -> String)]
    #[schema(value_type = SentUsername)]
    username: String,
    /// The user's password.
    #[deserr(try_from(String) = credential -> String)]
    #[schema(value_type = SentPassword)]
    password: String,
    /// Whether the token goes into a cookie instead of the answer. For pages of the service alone.
    #[deserr(default)]
    #[schema(required = false, example = false)]
    cookie: bool,
}

fn credential(text: String) -> Result<String, String> {
    sessions::credential(text).map_err(|error| error.to_string())
}

/// A new session.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LoggedIn)]
pub(crate) struct LoggedInBody {
    /// The token to send as `Authorization: Bearer`, unless it is in a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6N30.c2lnbmF0dXJl")]
    token: Option<String>,
    /// The user's username.
    #[schema(example = "alice")]
    username: String,
    /// The user's name.
    #[schema(example = "Alice Walker")]
    name: String,
    /// When the session ends, unless it is ended before.
    expires_at: DateTime<Utc>,
}

impl LoggedInBody {
    fn new(token: Option<String>, session: &session::Model, user: &user::Model) -> Self {
        let UserSummary { id: _, username, name } = user.summary();
        Self { token, username, name, expires_at: session.expires_at }
    }
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionBody {
    #[schema(value_type = IdSchema)]
    id: SessionId,
    /// When the user logged in.
    created_at: DateTime<Utc>,
    /// When the last request was made in this session; updated at most once a minute.
    last_used_at: DateTime<Utc>,
    /// When the session ends, unless it is ended before.
    expires_at: DateTime<Utc>,
    /// The `User-Agent` of the client that logged in, or null if it sent none.
    #[schema(required, example = "curl/8.14.1")]
    user_agent: Option<String>,
    /// Whether the request was made in this session.
    current: bool,
}

impl SessionBody {
    pub(super) fn new(session: session::Model, current_id: Option<SessionId>) -> Self {
        let session::Model {
            id,
            user_id: _,
            token_hash: _,
            user_agent,
            created_at,
            last_used_at,
            expires_at,
        } = session;
        let current = current_id == Some(id);
        Self { id, created_at, last_used_at, expires_at, user_agent, current }
    }
}

/// The current session and its user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CurrentSession)]
pub(crate) struct CurrentSessionBody {
    #[serde(flatten)]
    session: SessionBody,
    /// The user who logged in.
    user: SessionUserBody,
}

/// The user of a session.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SessionUser)]
struct SessionUserBody {
    #[schema(value_type = IdSchema)]
    id: UserId,
    /// What the user logs in with, in lower case.
    #[schema(example = "alice")]
    username: String,
    /// The name to show.
    #[schema(example = "Alice Walker")]
    name: String,
    /// Whether the user has the rights of an admin.
    #[schema(example = false)]
    admin: bool,
}

/// Logs a user in. This starts a session and returns its token, or sets it as a cookie.
#[operation(logIn, 429)]
pub(crate) async fn log_in(
    state: AppState,
    Address(address): Address,
    UserAgent(user_agent): UserAgent,
    session_cookie: SessionCookie,
    Body(CredentialsBody { username, password, cookie }): Body<CredentialsBody>,
) -> Result<Reply<LoggedInBody>, Problem> {
    if cookie {
        session_cookie.require_own_page()?;
    }
    let request = LogIn { username, password, address, user_agent };
    let attempt = sessions::log_in(&state.db, &state.auth, request).await;
    state.metrics.login(sessions::outcome(&attempt));
    let LoggedIn { token, session, user } = attempt?;
    if !cookie {
        return Ok(Reply::ok(LoggedInBody::new(Some(token), &session, &user)));
    }
    let cookie = session_cookie.with(&token, session.expires_at - session.created_at)?;
    Ok(Reply::ok(LoggedInBody::new(None, &session, &user)).set_cookies([cookie]))
}

/// Logs the caller out. This ends the current session, and clears its cookie.
#[operation(logOut)]
pub(crate) async fn log_out(
    state: AppState,
    me: SignedIn,
    cookie: SessionCookie,
) -> Result<Reply<NoContent>, Problem> {
    state.db.write(&me, async |work| sessions::log_out(work).await).await?;
    Ok(match cookie.is_credential() {
        true => Reply::no_content().set_cookies(cookie.cleared()?),
        false => Reply::no_content(),
    })
}

/// Lists the caller's sessions, newest first.
#[operation(listSessions)]
pub(crate) async fn list(
    state: AppState,
    me: SignedIn,
    list: List<SessionBody>,
) -> Result<Reply<PageOf<SessionBody>>, Problem> {
    let sessions = sessions::list_own(state.db.reader(), &state.auth, &me, &list.page).await?;
    Reply::page(&list, sessions.map(|session| SessionBody::new(session, me.session_id())))
}

/// Lists a user's sessions, newest first. Only the user and admins may do this.
#[operation(listSessionsOfUser, 403)]
pub(crate) async fn list_of_user(
    state: AppState,
    me: SignedIn,
    UserPath(user): UserPath,
    list: List<SessionBody>,
) -> Result<Reply<PageOf<SessionBody>>, Problem> {
    let reader = state.db.reader();
    let sessions = sessions::list(reader, &state.auth, &me, &user, &list.page).await?;
    Reply::page(&list, sessions.map(|session| SessionBody::new(session, me.session_id())))
}

/// Ends all sessions of a user. Only the user and admins may do this.
#[operation(endSessionsOfUser, 403)]
pub(crate) async fn end_of_user(
    state: AppState,
    me: SignedIn,
    UserPath(user): UserPath,
) -> Result<Reply<NoContent>, Problem> {
    state.db.write(&me, async |work| sessions::revoke(work, &user).await).await?;
    Ok(Reply::no_content())
}

/// Returns the current session and its user.
#[operation(getCurrentSession)]
pub(crate) async fn current(
    me: SignedIn,
    view: View<CurrentSessionBody>,
) -> Result<Reply<CurrentSessionBody>, Problem> {
    let user::Model { id, username, name, admin, .. } = me.user()?.clone();
    let session = SessionBody::new(me.session()?.clone(), me.session_id());
    let user = SessionUserBody { id, username, name, admin };
    Ok(Reply::selected(&view.fields, &CurrentSessionBody { session, user }))
}

/// Ends a session. Only its user and admins may do this.
#[operation(endSession)]
pub(crate) async fn end(
    state: AppState,
    me: SignedIn,
    Id(id): Id<SessionId>,
) -> Result<Reply<NoContent>, Problem> {
    state.db.write(&me, async |work| sessions::end(work, id).await).await?;
    Ok(Reply::no_content())
}

/// Ends all of the caller's sessions except the current one.
#[operation(endOtherSessions)]
pub(crate) async fn end_others(state: AppState, me: SignedIn) -> Result<Reply<NoContent>, Problem> {
    state.db.write(&me, async |work| sessions::end_others(work).await).await?;
    Ok(Reply::no_content())
}
