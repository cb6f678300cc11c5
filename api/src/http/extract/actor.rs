use std::{
    future::{Ready, ready},
    ops::Deref,
};

use actix_web::{
    Error as ActixError, FromRequest, HttpMessage, HttpRequest, HttpResponse,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::header::{AUTHORIZATION, HeaderValue, VARY},
    middleware::Next,
};
use service::{Actor, Error, authenticate};
use utoipa::openapi::Required;

use crate::http::{
    openapi::{Describe, OperationDoc},
    problem::Problem,
    state::AppState,
};

/// The caller, with or without a credential.
pub(crate) struct Anyone(Actor);

impl Deref for Anyone {
    type Target = Actor;

    fn deref(&self) -> &Actor {
        &self.0
    }
}

impl FromRequest for Anyone {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(actor(request))))
    }
}

impl Describe for Anyone {
    fn describe(operation: &mut OperationDoc) {
        operation.sign_in(Required::False);
    }
}

/// A signed-in user; anyone else gets 401.
pub(crate) struct SignedIn(Actor);

impl Deref for SignedIn {
    type Target = Actor;

    fn deref(&self) -> &Actor {
        &self.0
    }
}

impl FromRequest for SignedIn {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let actor = actor(request);
        ready(match actor.user() {
            Ok(_) => Ok(Self(actor)),
            Err(error) => Err(error.into()),
        })
    }
}

impl Describe for SignedIn {
    fn describe(operation: &mut OperationDoc) {
        operation.sign_in(Required::True);
    }
}

/// Who has sent the request, as [`check_token`] has found out.
pub(crate) fn actor(request: &HttpRequest) -> Actor {
    request.extensions().get::<Actor>().cloned().unwrap_or(Actor::Anonymous)
}

/// Checks the token of any request that has one, and keeps the actor for [`SignedIn`] and [`Anyone`]. Says to
/// caches that the response is for this token.
pub(crate) async fn check_token<B: MessageBody>(
    state: AppState,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, ActixError> {
    let checked = match bearer_token(&request) {
        Ok(None) => Ok(None),
        Ok(Some(token)) => authenticate(&state.db, &state.auth, &token).await.map(Some),
        Err(error) => Err(error),
    };
    let mut response = match checked {
        Ok(actor) => {
            if let Some(actor) = actor {
                request.extensions_mut().insert(actor);
            }
            next.call(request).await?.map_into_left_body()
        }
        Err(error) => {
            let response = HttpResponse::from_error(Problem::from(error));
            request.into_response(response).map_into_right_body()
        }
    };
    response.headers_mut().insert(VARY, HeaderValue::from_static("Authorization"));
    Ok(response)
}

/// The token of `Authorization: Bearer <token>` (RFC 6750), the scheme in any case. Credentials of another
/// scheme are meant for a proxy in front, and are not a token.
fn bearer_token(request: &ServiceRequest) -> Result<Option<String>, Error> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
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
