use std::{sync::Arc, time::Duration};

use actix_web::web;
use service::{Auth, Db};
use tokio::sync::Semaphore;

use crate::http::{Metrics, Network};

/// What every request shares.
#[derive(Debug)]
pub struct State {
    /// The database.
    pub db: Db,
    /// What signing up and logging in needs.
    pub auth: Auth,
    /// What it counts.
    pub metrics: Metrics,
    /// Limits and trust towards clients and proxies.
    pub network: Network,
    /// One for each request that may be answered at once.
    pub places: Arc<Semaphore>,
    /// How long a request may take from its head to its answer.
    pub time_limit: Duration,
}

/// [`State`], as handlers get it.
pub(crate) type AppState = web::Data<State>;
