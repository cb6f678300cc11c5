use std::{
    future::{Ready, ready},
    ops::Deref,
};

use actix_web::{
    Error as ActixError, FromRequest, HttpMessage, HttpRequest, HttpResponse,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::header::AUTHORIZATION,
    middleware::Next,
};
use service::{Error, SignedIn, sessions};

use utoipa::openapi::Required;

use crate::http::{
    openapi::{Describe, OperationDoc},
    problem::Problem,
    state::AppState,
};

/// The signed-in user of a request that needs one.
pub(crate) struct Me(SignedIn);

impl Me {
    /// The same as one of those who may ask.
    pub(crate) fn viewer(&self) -> service::Viewer {
        service::Viewer::User(self.0.clone())
    }
}

impl Deref for Me {
    type Target = SignedIn;

    fn deref(&self) -> &SignedIn {
        &self.0
    }
}

impl FromRequest for Me {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(signed_in(request).map(Self).ok_or_else(|| Error::TokenMissing.into()))
    }
}

impl Describe for Me {
    fn describe(operation: &mut OperationDoc) {
        operation.session(Required::True);
    }
}

/// Whoever asks, signed in or not.
pub(crate) struct Viewer(service::Viewer);

impl Deref for Viewer {
    type Target = service::Viewer;

    fn deref(&self) -> &service::Viewer {
        &self.0
    }
}

impl FromRequest for Viewer {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let viewer = signed_in(request).map_or(service::Viewer::Anonymous, service::Viewer::User);
        ready(Ok(Self(viewer)))
    }
}

impl Describe for Viewer {
    fn describe(operation: &mut OperationDoc) {
        operation.session(Required::False);
    }
}

fn signed_in(request: &HttpRequest) -> Option<SignedIn> {
    request.extensions().get::<SignedIn>().cloned()
}

/// Checks the token of a request that has one, whatever the request is for, and keeps whose it is for
/// [`Me`] and [`Viewer`].
pub(crate) async fn check_token<B: MessageBody>(
    state: AppState,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, ActixError> {
    let checked = match bearer_token(&request) {
        Ok(None) => Ok(None),
        Ok(Some(token)) => sessions::authenticate(&state.db, &state.auth, &token).await.map(Some),
        Err(error) => Err(error),
    };
    match checked {
        Ok(me) => {
            if let Some(me) = me {
                request.extensions_mut().insert(me);
            }
            Ok(next.call(request).await?.map_into_left_body())
        }
        Err(error) => {
            let response = HttpResponse::from_error(Problem::from(error));
            Ok(request.into_response(response).map_into_right_body())
        }
    }
}

/// The token of `Authorization: Bearer <token>` (RFC 6750), the scheme in any case. Credentials of another
/// scheme are meant for a proxy in front, and are no token.
fn bearer_token(request: &ServiceRequest) -> Result<Option<String>, Error> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let Some(header) = headers.next() else { return Ok(None) };
    if headers.next().is_some() {
        return Err(Error::TokenInvalid);
    }
    let mut parts = header.as_bytes().splitn(2, |&byte| byte == b' ');
    match (parts.next(), parts.next()) {
        (Some(scheme), Some(token)) if scheme.eq_ignore_ascii_case(b"bearer") => {
            let token = std::str::from_utf8(token).map_err(|_| Error::TokenInvalid)?;
            Ok(Some(token.trim().to_owned()))
        }
        (Some(scheme), Some(_)) if is_scheme(scheme) => Ok(None),
        _ => Err(Error::TokenInvalid),
    }
}

fn is_scheme(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_graphic)
}
