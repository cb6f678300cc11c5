use std::time::{Duration, Instant};

use entity::WalPosition;
use tokio::{sync::Mutex, time::timeout};

use super::{super::read_pool::ReadPool, standby::Unfit};

/// How long the primary may take to answer. The primary serves a read that does not learn the position.
const PATIENCE: Duration = Duration::from_secs(1);

/// Positions of the primary, which requests of the same moment share.
#[derive(Debug)]
pub(super) struct Positions {
    primary: ReadPool,
    /// The latest answer.
    last: Mutex<Option<Answer>>,
}

#[derive(Clone, Copy, Debug)]
enum Answer {
    Position { asked_at: Instant, position: WalPosition },
    Failure { failed_at: Instant },
}

impl Positions {
    pub(super) fn of(primary: ReadPool) -> Self {
        Self { primary, last: Mutex::new(None) }
    }

    /// A position that was asked for after this moment.
    ///
    /// # Errors
    /// If the primary does not answer, or did not answer another request while this one waited its turn: otherwise each
    /// would wait for a failure of its own, one after another.
    pub(super) async fn after(&self, moment: Instant) -> Result<WalPosition, Unfit> {
        let waiting_since = Instant::now();
        let mut last = self.last.lock().await;
        match *last {
            Some(Answer::Position { asked_at, position }) if asked_at >= moment => Ok(position),
            Some(Answer::Failure { failed_at }) if failed_at >= waiting_since => Err(Unfit::Away),
            _ => {
                let asked = self.ask().await;
                *last = Some(asked);
                match asked {
                    Answer::Position { position, .. } => Ok(position),
                    Answer::Failure { .. } => Err(Unfit::Away),
                }
            }
        }
    }

    async fn ask(&self) -> Answer {
        let asked_at = Instant::now();
        match timeout(PATIENCE, WalPosition::current(&self.primary)).await {
            Ok(Ok(position)) => Answer::Position { asked_at, position },
            _ => Answer::Failure { failed_at: Instant::now() },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use futures_util::future::join_all;

    use super::{
        super::super::{DbSettings, pool::Pool},
        *,
    };

    #[tokio::test]
    async fn those_who_wait_while_the_primary_does_not_answer_do_not_ask_in_turn() {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let mut settings = DbSettings::new("postgres://nobody@127.0.0.1:1/nothing");
        settings.acquire_timeout = Duration::from_millis(100);
        let reads = Pool::for_reads(&settings).observed_by(Arc::new(move |_, _| {
            count.fetch_add(1, Ordering::Relaxed);
        }));
        let positions = Positions::of(reads.open_lazily().await.unwrap());
        for round in 1..=2 {
            let answers = join_all((0..20).map(|_| positions.after(Instant::now()))).await;
            assert!(answers.iter().all(Result::is_err));
            assert_eq!(asked.load(Ordering::Relaxed), round);
        }
    }
}
