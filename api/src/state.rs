use actix_web::web;
use service::{Auth, Db};

use crate::Metrics;

/// What every request shares.
#[derive(Debug)]
pub struct State {
    /// The database.
    pub db: Db,
    /// What signing up and logging in needs.
    pub auth: Auth,
    /// What it counts.
    pub metrics: Metrics,
}

/// [`State`], as handlers get it.
pub(crate) type AppState = web::Data<State>;
