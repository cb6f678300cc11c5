//! A queue in which networks take turns.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::network::Network;

/// The most jobs that wait: a few seconds of work.
const CAPACITY: usize = 200;

/// What a thread runs.
pub(super) type Job = Box<dyn FnOnce() + Send>;

/// Jobs that wait for a thread. Networks take turns, so that one that sends many waits for its own jobs
/// and delays others by one job at most. When the queue is full, the network with the most jobs loses
/// its newest.
#[derive(Default)]
pub(super) struct Queue {
    turns: Mutex<Turns>,
    /// Cloned into each job, so that its count is that of the jobs, waiting or running.
    jobs: Arc<()>,
}

impl Queue {
    /// Adds a job. If the queue is full, this one or another is dropped without being run.
    pub(super) fn push(&self, network: Option<Network>, job: impl FnOnce() + Send + 'static) {
        let counted = self.jobs.clone();
        let job: Job = Box::new(move || {
            job();
            drop(counted);
        });
        let dropped = self.turns().push(network, job);
        drop(dropped);
    }

    /// Runs the next job, if there is one.
    pub(super) fn run_next(&self) {
        let next = self.turns().pop();
        if let Some(job) = next {
            job();
        }
    }

    /// How many jobs are waiting or running.
    pub(super) fn jobs(&self) -> usize {
        Arc::strong_count(&self.jobs) - 1
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("jobs", &self.jobs()).finish_non_exhaustive()
    }
}

/// The networks that have jobs waiting, in the order of their turns.
#[derive(Default)]
struct Turns(VecDeque<Turn>);

/// The jobs of a network, never none, first come first served.
struct Turn {
    network: Option<Network>,
    jobs: VecDeque<Job>,
}

impl Turns {
    /// Adds a job; returns the one that has to go if there are too many.
    fn push(&mut self, network: Option<Network>, job: Job) -> Option<Job> {
        match self.0.iter_mut().find(|turn| turn.network == network) {
            Some(turn) => turn.jobs.push_back(job),
            None => self.0.push_back(Turn { network, jobs: VecDeque::from([job]) }),
        }
        let waiting: usize = self.0.iter().map(|turn| turn.jobs.len()).sum();
        if waiting > CAPACITY { self.drop_newest_of_longest() } else { None }
    }

    fn drop_newest_of_longest(&mut self) -> Option<Job> {
        let longest =
            (0..self.0.len()).max_by_key(|&at| self.0.get(at).map(|turn| turn.jobs.len()))?;
        let turn = self.0.get_mut(longest)?;
        let newest = turn.jobs.pop_back();
        if turn.jobs.is_empty() {
            self.0.remove(longest);
        }
        newest
    }

    /// The job of the network whose turn it is.
    fn pop(&mut self) -> Option<Job> {
        let mut turn = self.0.pop_front()?;
        let job = turn.jobs.pop_front();
        if !turn.jobs.is_empty() {
            self.0.push_back(turn);
        }
        job
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    /// A queue, and the networks whose jobs ran, by their last number.
    #[derive(Default)]
    struct Observed {
        queue: Queue,
        ran: Arc<Mutex<Vec<u8>>>,
    }

    impl Observed {
        fn push(&self, last: u8) {
            let ran = self.ran.clone();
            let network = Network::widest(Ipv4Addr::new(192, 0, 2, last).into());
            self.queue.push(Some(network), move || ran.lock().unwrap().push(last));
        }

        fn run_all(&self) -> Vec<u8> {
            while self.queue.jobs() > 0 {
                self.queue.run_next();
            }
            self.ran.lock().unwrap().clone()
        }
    }

    #[test]
    fn networks_take_turns() {
        let observed = Observed::default();
        for network in [1, 1, 1, 1, 2, 2, 3] {
            observed.push(network);
        }
        assert_eq!(observed.run_all(), [1, 2, 3, 1, 2, 1, 1]);
    }

    #[test]
    fn when_the_queue_is_full_the_network_with_the_most_jobs_loses_its_newest() {
        let observed = Observed::default();
        for _ in 0..2 * CAPACITY {
            observed.push(1);
        }
        assert_eq!(observed.queue.jobs(), CAPACITY);
        observed.push(2);
        assert_eq!(observed.queue.jobs(), CAPACITY);
        let mut expected = vec![1; CAPACITY];
        expected[1] = 2;
        assert_eq!(observed.run_all(), expected);
    }

    #[test]
    fn running_the_next_of_no_jobs_does_nothing() {
        let queue = Queue::default();
        queue.run_next();
        assert_eq!(queue.jobs(), 0);
    }
}
