use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use entity::WalPosition;
use sea_orm::{DbErr, sqlx::Postgres};
use tokio::{sync::OnceCell, time::timeout};

use super::{
    super::kept::Taken,
    Replicas,
    replica::{PATIENCE, Replica},
    standby::Unfit,
    usage::Outcome,
};
use crate::error::{database_code, is_transient};

/// Cancelled by a conflict with replay, or by a time limit: the replica is as fit as before.
const CANCELLED: [&str; 3] = ["40001", "40P01", "57014"];

/// What a read is for, which decides about its pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// As [`Reader::connection`](crate::Reader::connection).
    Reads,
    /// As [`Reader::search`](crate::Reader::search).
    Searches,
}

impl Purpose {
    pub(super) const ALL: [Self; 2] = [Self::Reads, Self::Searches];

    /// The name of the pool.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Reads => "reader",
            Self::Searches => "searches",
        }
    }
}

/// The way of one request to a replica. Once the primary has served a read of it, it serves all others too: the replica
/// could be older than what was read there.
#[derive(Debug)]
pub(crate) struct Route {
    replicas: Arc<Replicas>,
    replica: Arc<Replica>,
    position: OnceCell<WalPosition>,
    begun_at: Instant,
    has_ended: AtomicBool,
}

impl Route {
    pub(super) fn new(
        replicas: Arc<Replicas>,
        replica: Arc<Replica>,
        position: Option<WalPosition>,
    ) -> Self {
        Self {
            replicas,
            replica,
            position: position
                .map_or_else(OnceCell::new, |position| OnceCell::new_with(Some(position))),
            begun_at: Instant::now(),
            has_ended: AtomicBool::new(false),
        }
    }

    /// A connection to the replica, which has replayed what the request must see. Nothing if the primary has to serve.
    pub(in crate::database) async fn take(&self, purpose: Purpose) -> Option<Taken<'_, Postgres>> {
        if self.has_ended.load(Ordering::Relaxed) {
            return None;
        }
        let ask = || self.replicas.positions.after(self.begun_at);
        let Ok(&position) = self.position.get_or_try_init(ask).await else {
            self.end();
            return None;
        };
        // In a box, since few requests get here, and the futures of all others would be larger.
        let taken = Box::pin(self.try_to_take(purpose, position)).await;
        taken.map_err(|why| self.give_up(purpose, &why)).ok()
    }

    async fn try_to_take(
        &self,
        purpose: Purpose,
        position: WalPosition,
    ) -> Result<Taken<'_, Postgres>, Unfit> {
        let wait = self.replicas.wait;
        let mut taken = self.replica.take(purpose, wait).await?;
        let caught_up = self.replica.catch_up(&mut taken.inner, position, wait);
        match timeout(wait + PATIENCE, caught_up).await {
            Ok(Ok(())) => Ok(taken),
            Ok(Err(unfit)) => {
                taken.keep();
                Err(unfit)
            }
            Err(_elapsed) => Err(Unfit::Away),
        }
    }

    /// What the statement returns, unless it is to be run again on the primary.
    pub(in crate::database) async fn finish<T>(
        &self,
        purpose: Purpose,
        statement: impl Future<Output = Result<T, DbErr>>,
    ) -> Option<Result<T, DbErr>> {
        let unfit = match timeout(self.replicas.limit, statement).await {
            Ok(Err(error)) if is_transient(&error) => Unfit::Failed(error),
            Ok(done) => {
                self.replica.count(purpose, Outcome::Served);
                return Some(done);
            }
            Err(_elapsed) => Unfit::Away,
        };
        self.give_up(purpose, &unfit);
        None
    }

    /// Has the primary serve the rest of the request.
    pub(in crate::database) fn end(&self) {
        self.has_ended.store(true, Ordering::Relaxed);
    }

    fn give_up(&self, purpose: Purpose, why: &Unfit) {
        self.end();
        let outcome = match why {
            Unfit::Behind => Outcome::Behind,
            Unfit::Busy => Outcome::Busy,
            _ => Outcome::Failed,
        };
        self.replica.count(purpose, outcome);
        let is_fit = match why {
            Unfit::Busy => true,
            Unfit::Failed(error) => {
                database_code(error).is_some_and(|code| CANCELLED.contains(&&*code))
            }
            _ => false,
        };
        if !is_fit {
            self.replica.rest();
        }
    }
}
