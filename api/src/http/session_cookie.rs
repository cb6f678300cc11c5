//! The token of a session in a cookie: pages of this service can use it, and no script can read it.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    http::header::{COOKIE, HeaderMap, HeaderValue},
};
use chrono::TimeDelta;
use service::Error;

use super::{
    PublicUrl,
    openapi::{Describe, OperationDoc},
    problem::Problem,
    site,
    state::AppState,
};

/// The cookie's name.
pub(crate) const NAME: &str = "teamnotes_session";

/// The token in the cookie, if the request has one.
///
/// # Errors
/// [`Error::TokenInvalid`] if it has several: another host of the same domain may have set one.
pub(crate) fn token(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    let lines = headers.get_all(COOKIE).filter_map(|line| line.to_str().ok());
    let pairs =
        lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut tokens = pairs.filter(|(name, _)| *name == NAME).map(|(_, token)| token);
    match (tokens.next(), tokens.next()) {
        (token, None) => Ok(token),
        (_, Some(_)) => Err(Error::TokenInvalid),
    }
}

/// Marks a request whose credential is the cookie.
pub(crate) struct IsCredential;

/// The session cookie of whoever has sent the request.
pub(crate) struct SessionCookie {
    /// Whether the request's credential is this cookie.
    is_credential: bool,
    is_own_page: bool,
    is_secure: bool,
    path: String,
}

impl SessionCookie {
    /// That of this request.
    pub(crate) fn of(request: &HttpRequest, state: &AppState) -> Self {
        let network = &state.network;
        let path = network.public_url.as_ref().map_or("", PublicUrl::path);
        Self {
            is_credential: request.extensions().contains::<IsCredential>(),
            is_own_page: site::is_own_page(request, network),
            is_secure: !site::is_plain_loopback(request, network),
            path: if path.is_empty() { "/".into() } else { path.into() },
        }
    }

    /// Whether the request's credential is this cookie.
    pub(crate) fn is_credential(&self) -> bool {
        self.is_credential
    }

    /// Requires that a page of this service has sent the request.
    ///
    /// # Errors
    /// [`Problem::ForeignPage`].
    pub(crate) fn require_own_page(&self) -> Result<(), Problem> {
        if self.is_own_page { Ok(()) } else { Err(Problem::ForeignPage) }
    }

    /// `Set-Cookie` with this token.
    ///
    /// # Errors
    /// [`Error::Internal`] if the token can't be in a header.
    pub(crate) fn with(&self, token: &str, lifetime: TimeDelta) -> Result<HeaderValue, Error> {
        let Self { path, is_secure, .. } = self;
        let age = lifetime.num_seconds().max(0);
        let secure = if *is_secure { "; Secure" } else { "" };
        let cookie = format!(
            "{NAME}={token}; HttpOnly; SameSite=Strict; Path={path}; Max-Age={age}{secure}"
        );
        HeaderValue::try_from(cookie).map_err(Error::internal)
    }

    /// `Set-Cookie` that removes it.
    ///
    /// # Errors
    /// As [`SessionCookie::with`].
    pub(crate) fn cleared(&self) -> Result<HeaderValue, Error> {
        self.with("", TimeDelta::zero())
    }
}

impl FromRequest for SessionCookie {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let state = AppState::from_request(request, payload).into_inner();
        ready(state.map(|state| Self::of(request, &state)))
    }
}

impl Describe for SessionCookie {
    fn describe(operation: &mut OperationDoc) {
        operation.sets_cookie();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_static(line));
        }
        headers
    }

    #[test]
    fn the_token_is_found_among_other_cookies() {
        for (lines, found) in [
            (&[][..], None),
            (&["theme=dark"], None),
            (&["xteamnotes_session=a; TEAMNOTES_SESSION=b; teamnotes_session"], None),
            (&["teamnotes_session=a.b.c"], Some("a.b.c")),
            (&["theme=dark;  teamnotes_session=a=b ;x=y"], Some("a=b")),
            (&["theme=dark", "teamnotes_session="], Some("")),
        ] {
            assert_eq!(token(&headers(lines)).unwrap(), found, "{lines:?}");
        }
    }

    #[test]
    fn two_tokens_are_invalid() {
        for lines in [
            &["teamnotes_session=a; teamnotes_session=a"][..],
            &["teamnotes_session=a", "teamnotes_session=b"],
        ] {
            assert!(matches!(token(&headers(lines)), Err(Error::TokenInvalid)), "{lines:?}");
        }
    }
}
