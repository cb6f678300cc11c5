use actix_web::{
    Error as ActixError, HttpMessage, HttpResponse,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{AUTHORIZATION, HeaderMap, HeaderValue, SET_COOKIE, VARY},
    middleware::Next,
};
use service::{Actor, Error, authenticate, sessions};

use super::OpenRoutes;
use crate::http::{
    problem::Problem,
    session_cookie::{self, IsCredential, SessionCookie},
    state::AppState,
};

/// Checks the token of any request that has one, and keeps the actor for [`crate::http::extract::SignedIn`] and
/// [`crate::http::extract::Anyone`]. A cookie with a token that does not hold any more is removed, and does not count for
/// what is `open`. Says to caches that the response is for this token.
pub(crate) async fn check_token<B: MessageBody>(
    open: OpenRoutes,
    state: AppState,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, ActixError> {
    let checked = check(&state, &request).await;
    let cookie = SessionCookie::of(request.request(), &state);
    let is_invalid = checked.as_ref().is_err_and(Problem::is_of_token);
    // A browser sends it by itself, also with the login that is to replace it.
    let is_ignored = is_invalid && cookie.is_credential() && open.include(&request);
    let mut response = match checked {
        Err(problem) if !is_ignored => {
            request.into_response(HttpResponse::from_error(problem)).map_into_right_body()
        }
        checked => {
            if let Ok(Some(actor)) = checked {
                request.extensions_mut().insert(actor);
            }
            next.call(request).await?.map_into_left_body()
        }
    };
    let has_new = response.headers().contains_key(SET_COOKIE);
    if cookie.is_credential() && !has_new && (is_invalid || is_refused(&response)) {
        for cleared in cookie.cleared().map_err(Problem::from)? {
            response.headers_mut().append(SET_COOKIE, cleared);
        }
    }
    response.headers_mut().insert(VARY, HeaderValue::from_static("Authorization, Cookie"));
    Ok(response)
}

/// Whose token the request has, in `Authorization` or else in the session cookie. Since browsers add cookies to what
/// any page sends, what changes something must come from a page of this service then.
async fn check(state: &AppState, request: &ServiceRequest) -> Result<Option<Actor>, Problem> {
    let (db, auth) = (&state.db, &state.auth);
    if let Some(token) = bearer_token(request.headers())? {
        return Ok(Some(authenticate(db, auth, &token).await?));
    }
    let token = session_cookie::token(request.headers());
    if !matches!(token, Ok(None)) {
        request.extensions_mut().insert(IsCredential);
    }
    let Some(token) = token? else { return Ok(None) };
    let actor = sessions::authenticate(db, auth, token).await?;
    if !request.method().is_safe() {
        SessionCookie::of(request.request(), state).require_own_page()?;
    }
    Ok(Some(actor))
}

/// Whether the token, rather than a password in the body, is why this is a 401.
fn is_refused<B>(response: &ServiceResponse<B>) -> bool {
    let problem = response.response().error().and_then(|error| error.as_error::<Problem>());
    problem.is_some_and(Problem::is_of_token)
}

/// The token of `Authorization: Bearer <token>` (RFC 6750), the scheme in any case. Credentials of another
/// scheme are meant for a proxy in front, and are not a token.
fn bearer_token(headers: &HeaderMap) -> Result<Option<String>, Error> {
    let mut headers = headers.get_all(AUTHORIZATION);
    let Some(header) = headers.next() else { return Ok(None) };
    if headers.next().is_some() {
        return Err(Error::TokenInvalid);
    }
    let mut parts = header.as_bytes().splitn(2, |&byte| byte == b' ');
    match (parts.next(), parts.next()) {
        (Some(scheme), Some(token)) if scheme.eq_ignore_ascii_case(b"bearer") => {
            let token = std::str::from_utf8(token).map_err(|_utf8| Error::TokenInvalid)?;
            Ok(Some(token.trim().to_owned()))
        }
        (Some(scheme), _) if is_another_scheme(scheme) => Ok(None),
        _ => Err(Error::TokenInvalid),
    }
}

/// The schemes in use have letters, digits and hyphens. A token that is sent without its scheme has more.
fn is_another_scheme(text: &[u8]) -> bool {
    let is_name = text.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    !text.is_empty() && is_name && !text.eq_ignore_ascii_case(b"bearer")
}
