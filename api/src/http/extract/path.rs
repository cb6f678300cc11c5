use std::{
    borrow::Cow,
    future::{Ready, ready},
    str::FromStr,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use entity::{ApiTokenId, MarkId, NoteId, SessionId, TeamId};
use percent_encoding::percent_decode_str;
use service::{Error, users::UserKey};

use crate::http::{
    openapi::{Describe, OperationDoc},
    problem::Problem,
    schema::{self, string},
};

/// The `{id}` in the path: 404 if it is not a positive 64-bit integer.
pub(crate) struct Id<T>(pub(crate) T);

impl<T: FromStr> FromRequest for Id<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(id(request, "id").map(Self))
    }
}

/// An id that is part of a path.
pub(crate) trait PathId {
    /// What it is the id of.
    const DESCRIPTION: &str;
}

impl PathId for ApiTokenId {
    const DESCRIPTION: &str = "The id of an API token.";
}

impl PathId for MarkId {
    const DESCRIPTION: &str = "The id of a mark.";
}

impl PathId for NoteId {
    const DESCRIPTION: &str = "The id of a note.";
}

impl PathId for SessionId {
    const DESCRIPTION: &str = "The id of a session.";
}

impl PathId for TeamId {
    const DESCRIPTION: &str = "The id of a team.";
}

impl<T: PathId> Describe for Id<T> {
    fn describe(operation: &mut OperationDoc) {
        operation.path_parameter("id", T::DESCRIPTION, schema::id());
    }
}

/// The `{user}` in the path: an id or a username.
pub(crate) struct UserPath(pub(crate) UserKey);

impl FromRequest for UserPath {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(user(request).map(Self))
    }
}

impl Describe for UserPath {
    fn describe(operation: &mut OperationDoc) {
        let schema = string().min_length(Some(1)).examples(["alice"]);
        operation.path_parameter("user", "The id or the username of a user.", schema);
    }
}

/// The `{id}` of a team and the `{user}` who is or may become a member.
pub(crate) struct MemberPath {
    pub(crate) team_id: TeamId,
    pub(crate) user: UserKey,
}

impl FromRequest for MemberPath {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let path = || Ok(Self { team_id: id(request, "id")?, user: user(request)? });
        ready(path())
    }
}

impl Describe for MemberPath {
    fn describe(operation: &mut OperationDoc) {
        Id::<TeamId>::describe(operation);
        UserPath::describe(operation);
    }
}

/// The `{user}` and the `{team}` that the user belongs or may come to belong to.
pub(crate) struct UserTeamPath {
    pub(crate) user: UserKey,
    pub(crate) team_id: TeamId,
}

impl FromRequest for UserTeamPath {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let path = || Ok(Self { user: user(request)?, team_id: id(request, "team")? });
        ready(path())
    }
}

impl Describe for UserTeamPath {
    fn describe(operation: &mut OperationDoc) {
        UserPath::describe(operation);
        operation.path_parameter("team", TeamId::DESCRIPTION, schema::id());
    }
}

/// The `{id}` of a note and the `{team}` that it is or may be shared with.
pub(crate) struct NoteTeamPath {
    pub(crate) note_id: NoteId,
    pub(crate) team_id: TeamId,
}

impl FromRequest for NoteTeamPath {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let path = || Ok(Self { note_id: id(request, "id")?, team_id: id(request, "team")? });
        ready(path())
    }
}

impl Describe for NoteTeamPath {
    fn describe(operation: &mut OperationDoc) {
        Id::<NoteId>::describe(operation);
        operation.path_parameter("team", TeamId::DESCRIPTION, schema::id());
    }
}

fn id<T: FromStr>(request: &HttpRequest, name: &str) -> Result<T, Problem> {
    let id = segment(request, name).and_then(|segment| segment.parse().ok());
    id.ok_or_else(|| Error::NotFound.into())
}

fn user(request: &HttpRequest) -> Result<UserKey, Problem> {
    let key = segment(request, "user").as_deref().and_then(UserKey::parse);
    match key {
        Some(UserKey::Username(name)) if name.contains('\0') => Err(Error::NotFound.into()),
        key => key.ok_or_else(|| Error::NotFound.into()),
    }
}

/// The segment with this name, decoded; `None` if it is not UTF-8.
fn segment<'a>(request: &'a HttpRequest, name: &str) -> Option<Cow<'a, str>> {
    percent_decode_str(request.match_info().get(name)?).decode_utf8().ok()
}
