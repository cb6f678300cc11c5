use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use entity::WalPosition;
use sea_orm::sqlx::{PgConnection, Postgres};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

use super::{
    super::{kept::Taken, pool::Pool, primary::place, read_pool::ReadPool, settings::Shares},
    Purpose,
    standby::{IDENTITY, Progress, TIMELINE, Unfit, text},
    usage::{Branch, Outcome, ReplicaUse},
};
use crate::{Error, Result};

/// How long a replica rests before it is examined again: at first, and at most.
const SHORTEST_REST: Duration = Duration::from_millis(100);
const LONGEST_REST: Duration = Duration::from_secs(5);

/// How long a read may take to get a connection. The primary could serve it meanwhile.
pub(super) const PATIENCE: Duration = Duration::from_millis(250);

/// How long an examination may take.
const EXAMINATION: Duration = Duration::from_secs(2);

/// How long to wait before asking again how far a replica is.
const POLL: Duration = Duration::from_millis(1);

/// How far behind the primary a replica is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicaState {
    /// The bytes of the log that it has not replayed.
    pub bytes: i64,
    /// Whether commits are acknowledged before they are in the primary's log on disk, so that reads may miss them.
    pub is_unsafe: bool,
}

/// A standby, with the pools that lead there.
#[derive(Debug)]
pub(super) struct Replica {
    place: String,
    reads: Branch,
    searches: Branch,
    is_serving: AtomicBool,
    /// When the server was started that was examined last, in microseconds, and the timeline that it followed. It follows
    /// an older one never again.
    started_at: AtomicI64,
    timeline: AtomicI64,
    /// Wakes up the examiner.
    has_failed: Notify,
}

impl Replica {
    /// Opens no connection yet.
    pub(super) async fn open(reads: &Pool<'_>, url: &str, shares: &Shares) -> Result<Self> {
        let reads = reads.to_replica(url.to_owned()).with_patience(PATIENCE);
        let searches = reads.of(shares.searches).for_searches();
        Ok(Self {
            place: place(url).to_owned(),
            reads: Branch::new(reads.of(shares.reads).open_lazily().await?),
            searches: Branch::new(searches.open_lazily().await?),
            is_serving: AtomicBool::new(false),
            started_at: AtomicI64::new(0),
            timeline: AtomicI64::new(0),
            has_failed: Notify::new(),
        })
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) fn is_serving(&self) -> bool {
        self.is_serving.load(Ordering::Acquire)
    }

    /// Serves no reads until it has been examined.
    pub(super) fn rest(&self) {
        if self.is_serving.swap(false, Ordering::AcqRel) {
            self.has_failed.notify_one();
        }
    }

    fn branch(&self, purpose: Purpose) -> &Branch {
        match purpose {
            Purpose::Reads => &self.reads,
            Purpose::Searches => &self.searches,
        }
    }

    /// A connection; others are waited for no longer than this.
    pub(super) async fn take(
        &self,
        purpose: Purpose,
        wait: Duration,
    ) -> std::result::Result<Taken<'_, Postgres>, Unfit> {
        self.branch(purpose).pool.take_within(wait).await?.ok_or(Unfit::Busy)
    }

    /// The pools, with their names.
    pub(super) fn pools(&self) -> [(String, &ReadPool); 2] {
        let named = |purpose: Purpose| format!("{} of {}", purpose.name(), self.place);
        Purpose::ALL.map(|purpose| (named(purpose), &self.branch(purpose).pool))
    }

    pub(super) fn count(&self, purpose: Purpose, outcome: Outcome) {
        self.branch(purpose).count(outcome);
    }

    pub(super) fn usage(&self) -> ReplicaUse {
        let of_pool = |purpose: Purpose| {
            let counts = self.branch(purpose).counts();
            counts.map(|(outcome, count)| (purpose.name(), outcome, count))
        };
        ReplicaUse {
            place: self.place.clone(),
            is_serving: self.is_serving(),
            statements: Purpose::ALL.into_iter().flat_map(of_pool).collect(),
        }
    }

    /// Waits until what was committed before `position` has been replayed on this connection.
    pub(super) async fn catch_up(
        &self,
        connection: &mut PgConnection,
        position: WalPosition,
        wait: Duration,
    ) -> std::result::Result<(), Unfit> {
        let deadline = Instant::now() + wait;
        loop {
            let progress = Progress::of(connection).await?;
            if progress.started_at != self.started_at.load(Ordering::Acquire) {
                return Err(Unfit::Restarted);
            }
            let timeline = self.timeline.load(Ordering::Acquire);
            if timeline != position.timeline {
                return Err(Unfit::OtherTimeline(timeline, position.timeline));
            }
            if progress.offset >= position.offset {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(Unfit::Behind);
            }
            sleep(POLL).await;
        }
    }

    /// Puts it into service when it is fit, and examines it again some time after it was taken out.
    pub(super) async fn keep_examining(self: Arc<Self>, primary: ReadPool, wait: Duration) {
        let mut rest = SHORTEST_REST;
        let mut told = String::new();
        loop {
            match timeout(EXAMINATION, self.examine(&primary, wait))
                .await
                .unwrap_or(Err(Unfit::Away))
            {
                Ok(()) => {
                    let since = Instant::now();
                    if !told.is_empty() {
                        log::info!("the replica {} serves reads again", self.place);
                        told.clear();
                    }
                    self.is_serving.store(true, Ordering::Release);
                    self.has_failed.notified().await;
                    if since.elapsed() > LONGEST_REST {
                        rest = SHORTEST_REST;
                    }
                }
                Err(why) => {
                    let why = why.to_string();
                    if why != told {
                        log::warn!("the replica {} serves no reads: it {why}", self.place);
                        told = why;
                    }
                }
            }
            sleep(rest).await;
            rest = (rest * 2).min(LONGEST_REST);
        }
    }

    async fn examine(&self, primary: &ReadPool, wait: Duration) -> std::result::Result<(), Unfit> {
        let position = WalPosition::current(primary).await.map_err(Unfit::Unknown)?;
        let identity = text(primary, IDENTITY).await.map_err(Unfit::Unknown)?;
        if text(&self.reads.pool, IDENTITY).await? != identity {
            return Err(Unfit::Foreign);
        }
        // Before a connection is taken, as there may be only one.
        let timeline = text(&self.reads.pool, TIMELINE).await?;
        let mut taken = self.take(Purpose::Reads, EXAMINATION).await?;
        let progress = Progress::of(&mut taken.inner).await?;
        let timeline = timeline.and_then(|timeline| timeline.parse().ok()).unwrap_or_default();
        self.timeline.store(timeline, Ordering::Release);
        self.started_at.store(progress.started_at, Ordering::Release);
        let caught_up = self.catch_up(&mut taken.inner, position, wait).await;
        taken.keep();
        caught_up?;
        let lacking = migration::lacking(&self.reads.pool).await;
        match lacking.map_err(|error| Unfit::Outdated(error.to_string()))?.first() {
            Some(name) => Err(Unfit::Outdated(name.clone())),
            None => Ok(()),
        }
    }

    /// How far behind it is.
    ///
    /// # Errors
    /// Why it can't serve reads, other than for being behind.
    pub(super) async fn state(&self, primary: &ReadPool) -> Result<ReplicaState> {
        match timeout(EXAMINATION, self.examine(primary, Duration::ZERO)).await {
            Ok(Ok(()) | Err(Unfit::Behind)) => {}
            Ok(Err(unfit)) => return Err(Error::unavailable(unfit)),
            Err(_) => return Err(Error::unavailable(Unfit::Away)),
        }
        let position = WalPosition::current(primary).await?;
        let taken = self.take(Purpose::Reads, EXAMINATION).await;
        let mut taken = taken.map_err(Error::unavailable)?;
        let progress = Progress::of(&mut taken.inner).await.map_err(Error::unavailable)?;
        taken.keep();
        let commit = text(primary, "SHOW synchronous_commit").await?;
        Ok(ReplicaState {
            bytes: (position.offset - progress.offset).max(0),
            is_unsafe: commit.as_deref() == Some("off"),
        })
    }
}
