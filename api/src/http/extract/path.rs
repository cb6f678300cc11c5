use std::{
    borrow::Cow,
    future::{Ready, ready},
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use percent_encoding::percent_decode_str;
use service::{Error, users::UserKey};

use crate::http::problem::Problem;

/// The `{id}` of the path. What is no positive 64-bit integer names nothing.
pub(crate) struct Id(pub(crate) i64);

impl FromRequest for Id {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(id(request).map(Self))
    }
}

/// The `{user}` of the path: an id or a username.
pub(crate) struct UserPath(pub(crate) UserKey);

impl FromRequest for UserPath {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(user(request).map(Self))
    }
}

/// The `{id}` of a team and the `{user}` that is or may be a member.
pub(crate) struct MemberPath {
    pub(crate) team_id: i64,
    pub(crate) user: UserKey,
}

impl FromRequest for MemberPath {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let path = || Ok(Self { team_id: id(request)?, user: user(request)? });
        ready(path())
    }
}

fn id(request: &HttpRequest) -> Result<i64, Problem> {
    match segment(request, "id").as_deref().and_then(UserKey::parse) {
        Some(UserKey::Id(id)) => Ok(id),
        _ => Err(Error::NotFound.into()),
    }
}

fn user(request: &HttpRequest) -> Result<UserKey, Problem> {
    let key = segment(request, "user").as_deref().and_then(UserKey::parse);
    match key {
        Some(UserKey::Username(name)) if name.contains('\0') => Err(Error::NotFound.into()),
        key => key.ok_or_else(|| Error::NotFound.into()),
    }
}

/// The segment of this name, decoded; none when it is no UTF-8.
fn segment<'a>(request: &'a HttpRequest, name: &str) -> Option<Cow<'a, str>> {
    percent_decode_str(request.match_info().get(name)?).decode_utf8().ok()
}
