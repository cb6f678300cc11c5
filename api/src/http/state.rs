use std::{
    future::{Ready, ready},
    ops::Deref,
    sync::{Arc, OnceLock},
    time::Duration,
};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    web::{self, Bytes},
};
use service::{
    Auth, Db, DbSettings, Error, doctor::Finding, idempotency::Idempotency, notes::Visibility,
    setup::SetupToken,
};

use crate::http::{Metrics, Network, openapi::Describe, problem::Problem, shares::Shares};

/// What every request shares.
#[derive(Debug)]
pub(crate) struct State {
    /// The database.
    pub(crate) db: Db,
    /// What signing up and logging in needs.
    pub(crate) auth: Auth,
    /// What the first admin is made with.
    pub(crate) setup: SetupToken,
    /// What was found out about the settings at startup.
    pub(crate) findings: Vec<Finding>,
    /// How the database is used.
    pub(crate) database: DbSettings,
    /// Recognises repetitions of requests.
    pub(crate) idempotency: Idempotency,
    /// Counters and histograms.
    pub(crate) metrics: Metrics,
    /// Limits and trust towards clients and proxies.
    pub(crate) network: Network,
    /// A permit for each request that may be in flight.
    pub(crate) permits: Arc<Shares>,
    /// Bytes of bodies that have not arrived in full yet.
    pub(crate) bodies: Shares,
    /// Bytes of responses that are being made or sent.
    pub(crate) responses: Shares,
    /// Whether one can read without a session or an API token.
    pub(crate) admits_anonymous: bool,
    /// Whether changes of notes, users and teams must have `If-Match`.
    pub(crate) requires_if_match: bool,
    /// Who sees a new note whose author does not say.
    pub(crate) default_visibility: Visibility,
    /// Whether responses say what the database took for them.
    pub(crate) has_server_timing: bool,
    /// The OpenAPI document with the public URL, once somebody has asked for it.
    pub(crate) document: OnceLock<Bytes>,
    /// How long a request may take from its head to the head of its response.
    pub(crate) time_limit: Duration,
}

/// The state, once the service is ready: the port is open before the database is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Readiness(Arc<OnceLock<AppState>>);

impl Readiness {
    /// Lets requests in. Has no effect the second time.
    pub(crate) fn set(&self, state: State) {
        let _ = self.0.set(AppState(Arc::new(state)));
    }
}

/// [`State`], as handlers get it. Until the service is ready they answer 503 instead.
#[derive(Clone, Debug)]
pub(crate) struct AppState(Arc<State>);

impl AppState {
    /// The state of the service that got this request, if it is ready.
    pub(crate) fn of(request: &HttpRequest) -> Option<Self> {
        request.app_data::<web::Data<Readiness>>()?.0.get().cloned()
    }
}

impl Deref for AppState {
    type Target = State;

    fn deref(&self) -> &State {
        &self.0
    }
}

impl Describe for AppState {}

impl FromRequest for AppState {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request).ok_or_else(|| Error::unavailable("not ready yet").into()))
    }
}
