//! Standbys that serve reads, none of which is older than its request.

mod positions;
mod replica;
mod route;
mod standby;
mod usage;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use entity::WalPosition;
use tokio::task::JoinSet;

pub(crate) use self::route::{Purpose, Route};
use self::{positions::Positions, replica::Replica};
pub use self::{replica::ReplicaState, usage::ReplicaUse};
use super::{pool::Pool, read_pool::ReadPool, settings::Shares};
use crate::Result;

/// How much longer than the server may take for a statement its answer is waited for.
const CONNECTION_LOST: Duration = Duration::from_secs(1);

/// The standbys of `DATABASE_REPLICA_URLS`.
#[derive(Debug)]
pub(crate) struct Replicas {
    all: Vec<Arc<Replica>>,
    /// Whose turn it is.
    turn: AtomicUsize,
    /// How long a read waits for what its request must see.
    wait: Duration,
    /// How long a statement may take.
    limit: Duration,
    primary: ReadPool,
    positions: Positions,
    /// Ends with this value.
    _examining: JoinSet<()>,
}

impl Replicas {
    /// Opens pools like this one to the standbys that the settings name, if any. `primary` is asked for positions.
    ///
    /// # Errors
    /// If a URL is invalid.
    pub(super) async fn open(reads: &Pool<'_>, primary: &ReadPool) -> Result<Option<Arc<Self>>> {
        let settings = reads.settings;
        if settings.replica_urls.is_empty() || !reads.is_for_service {
            return Ok(None);
        }
        let shares = Shares::of(settings);
        let mut all = Vec::new();
        let mut examining = JoinSet::new();
        for url in &settings.replica_urls {
            let replica = Arc::new(Replica::open(reads, url, &shares).await?);
            examining.spawn(replica.clone().keep_examining(primary.clone(), settings.replica_wait));
            all.push(replica);
        }
        Ok(Some(Arc::new(Self {
            all,
            turn: AtomicUsize::new(0),
            wait: settings.replica_wait,
            // The server has the same limit: this is for one that does not answer.
            limit: settings.read_timeout + CONNECTION_LOST,
            primary: primary.clone(),
            positions: Positions::of(primary.clone()),
            _examining: examining,
        })))
    }

    /// The way to a replica for the reads of one request, if one is in service. They see what was committed before
    /// `position`, or, if there is none, before now.
    pub(crate) fn route(self: &Arc<Self>, position: Option<WalPosition>) -> Option<Route> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let in_turn = (0..self.all.len()).map(|step| turn.wrapping_add(step) % self.all.len());
        let mut replicas = in_turn.filter_map(|place| self.all.get(place));
        let replica = replicas.find(|replica| replica.is_serving())?;
        Some(Route::new(self.clone(), replica.clone(), position))
    }

    /// What each has been used for.
    pub(super) fn uses(&self) -> Vec<ReplicaUse> {
        self.all.iter().map(|replica| replica.usage()).collect()
    }

    /// How each is, as of now.
    pub(super) async fn states(&self) -> Vec<(String, Result<ReplicaState>)> {
        let mut states = Vec::new();
        for replica in &self.all {
            states.push((replica.place().to_owned(), replica.state(&self.primary).await));
        }
        states
    }

    /// The pools, with their names.
    pub(super) fn pools(&self) -> impl Iterator<Item = (String, &ReadPool)> {
        self.all.iter().flat_map(|replica| replica.pools())
    }
}
