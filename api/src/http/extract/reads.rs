use std::{
    future::{Ready, ready},
    ops::Deref,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use service::{Error, Reader};

use super::actor;
use crate::http::{openapi::Describe, problem::Problem, state::AppState};

/// The database for a request that only reads, which a replica may serve. Changes, and the answers to them, use the
/// primary.
pub(crate) struct Reads {
    state: AppState,
    /// Of the replica, if one serves.
    replica: Option<Reader>,
}

impl Deref for Reads {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        self.replica.as_ref().unwrap_or_else(|| self.state.db.reader())
    }
}

impl Describe for Reads {}

impl FromRequest for Reads {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let reads = AppState::of(request).map(|state| {
            let replica = state.db.replica_reader(&actor(request));
            Self { state, replica }
        });
        ready(reads.ok_or_else(|| Error::unavailable("not ready yet").into()))
    }
}
