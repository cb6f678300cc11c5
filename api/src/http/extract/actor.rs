use std::{
    future::{Ready, ready},
    ops::Deref,
};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};
use service::Actor;
use utoipa::openapi::Required;

use crate::http::{
    openapi::{Describe, OperationDoc},
    problem::Problem,
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

/// Who has sent the request, as [`crate::http::middleware::check_token`] has found out.
pub(crate) fn actor(request: &HttpRequest) -> Actor {
    request.extensions().get::<Actor>().cloned().unwrap_or(Actor::Anonymous)
}
