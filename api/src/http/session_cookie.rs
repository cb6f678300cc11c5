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

/// Its path where the public URL has none.
const ROOT: &str = "/";

/// The token in the cookie, if the request has one.
///
/// # Errors
/// [`Error::TokenInvalid`] if it has several: another host of the same domain may have set one.
pub(crate) fn token(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    // Other cookies may have bytes that are not text.
    let pairs =
        headers.get_all(COOKIE).flat_map(|line| line.as_bytes().split(|&byte| byte == b';'));
    let mut tokens = pairs
        .filter_map(|pair| pair.trim_ascii().strip_prefix(NAME.as_bytes())?.strip_prefix(b"="));
    match (tokens.next().map(str::from_utf8).transpose(), tokens.next()) {
        (Ok(token), None) => Ok(token),
        _ => Err(Error::TokenInvalid),
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
            path: if path.is_empty() { ROOT } else { path }.into(),
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

    /// Each `Set-Cookie` that removes it, also from the root, where it is from before the public URL had a path.
    ///
    /// # Errors
    /// As [`SessionCookie::with`].
    pub(crate) fn cleared(&self) -> Result<Vec<HeaderValue>, Error> {
        let root = (self.path != ROOT).then(|| Self { path: ROOT.into(), ..*self });
        let each = [self].into_iter().chain(&root);
        each.map(|cookie| cookie.with("", TimeDelta::zero())).collect()
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

    fn headers(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_bytes(line.as_bytes()).unwrap());
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
            (&["city=Z\u{fc}rich; teamnotes_session=a.b.c"], Some("a.b.c")),
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
