//! Runs again what the database has rolled back in favour of something else.

use std::{fmt::Display, time::Duration};

use crate::random;

/// How often something is tried, at most.
const TRIES: u32 = 10;

/// The pause before the second try, on average. It doubles with each further one, up to the longest.
const PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Runs this until it succeeds, or fails for another reason than such a rollback, up to ten times in total.
///
/// # Errors
/// The last one.
pub(crate) async fn retrying<T, E, F>(
    is_rolled_back: impl Fn(&E) -> bool,
    run: impl Fn() -> F,
) -> Result<T, E>
where
    E: Display,
    F: Future<Output = Result<T, E>>,
{
    let (mut tries, mut pause) = (1, PAUSE);
    loop {
        match run().await {
            Err(error) if tries < TRIES && is_rolled_back(&error) => {
                log::debug!("running again what was rolled back: {error}");
            }
            done => return done,
        }
        tokio::time::sleep(jittered(pause)).await;
        tries += 1;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Between a half and one and a half of the pause, so that what has collided does not collide again.
fn jittered(pause: Duration) -> Duration {
    let [random] = random::bytes().unwrap_or([u8::MAX / 2]);
    pause * (128 + u32::from(random)) / 256
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn what_is_rolled_back_is_run_again_up_to_ten_times() {
        for (rollbacks, expected) in [(0, (Ok(()), 1)), (2, (Ok(()), 3)), (99, (Err(true), 10))] {
            let tries = Cell::new(0);
            let run = || async {
                tries.set(tries.get() + 1);
                if tries.get() <= rollbacks { Err(true) } else { Ok(()) }
            };
            assert_eq!((retrying(|error| *error, run).await, tries.get()), expected);
        }
        let tries = Cell::new(0);
        let run = || async {
            tries.set(tries.get() + 1);
            Err::<(), _>(false)
        };
        assert_eq!((retrying(|error| *error, run).await, tries.get()), (Err(false), 1));
    }

    #[test]
    fn pauses_vary_around_what_is_asked_for() {
        let pauses: Vec<Duration> = (0..100).map(|_| jittered(PAUSE)).collect();
        assert!(pauses.iter().all(|pause| (PAUSE / 2..PAUSE * 3 / 2).contains(pause)));
        assert!(pauses.iter().any(|pause| *pause != pauses[0]));
    }
}
