//! The connections of each network. When a network has as many as it can have, the oldest that is idle makes
//! room for a new one, so that those who leave connections open keep nobody out.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    task::Context,
    time::Duration,
};

use futures_util::task::AtomicWaker;

use super::shares::{Share, Shares, network_of};

/// How long a new connection waits for an idle one to be closed.
const WAIT: Duration = Duration::from_secs(1);

/// The open connections.
#[derive(Debug)]
pub(crate) struct Connections {
    shares: Shares,
    /// Those of each network, oldest first.
    open: Mutex<HashMap<IpAddr, VecDeque<Weak<Presence>>>>,
}

impl Connections {
    /// Admits this many, and of each network a quarter.
    pub(crate) fn new(most: usize) -> Self {
        Self { shares: Shares::quarters(most), open: Mutex::default() }
    }

    /// Admits a connection; `None` if there are too many and none of the same network is idle. Without a
    /// client, only the total limits it.
    pub(crate) async fn admit(&self, client: Option<IpAddr>) -> Option<(Share, Arc<Presence>)> {
        let share = match self.shares.try_take(client, 1) {
            Some(share) => share,
            None => {
                self.close_an_idle_one(client?);
                self.shares.take(client, (1, 1), WAIT).await?
            }
        };
        let presence = Arc::new(Presence::default());
        if let Some(client) = client {
            self.remember(client, &presence);
        }
        Some((share, presence))
    }

    fn remember(&self, client: IpAddr, presence: &Arc<Presence>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() == open.capacity() {
            open.retain(|_, of_network| of_network.iter().any(|one| one.strong_count() > 0));
        }
        let of_network = open.entry(network_of(client)).or_default();
        if of_network.len() == of_network.capacity() {
            of_network.retain(|one| one.strong_count() > 0);
        }
        of_network.push_back(Arc::downgrade(presence));
    }

    fn close_an_idle_one(&self, client: IpAddr) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(of_network) = open.get_mut(&network_of(client)) else { return };
        let is_idle = |one: &Weak<Presence>| one.upgrade().is_some_and(|one| one.is_idle());
        let oldest = of_network.iter().position(is_idle);
        if let Some(idle) = oldest.and_then(|at| of_network.remove(at)?.upgrade()) {
            idle.ask_to_leave();
        }
    }
}

/// Whether a connection has a request, and whether it is asked to make room.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    is_busy: AtomicBool,
    is_unwanted: AtomicBool,
    waker: AtomicWaker,
}

impl Presence {
    /// Records whether a request is in flight.
    pub(crate) fn set_busy(&self, is_busy: bool) {
        self.is_busy.store(is_busy, Ordering::Relaxed);
    }

    /// Whether the connection is to be closed. Otherwise the task is woken when it is.
    pub(crate) fn must_leave(&self, context: &Context<'_>) -> bool {
        self.waker.register(context.waker());
        self.is_unwanted.load(Ordering::Acquire) && self.is_idle()
    }

    fn is_idle(&self) -> bool {
        !self.is_busy.load(Ordering::Relaxed)
    }

    fn ask_to_leave(&self) {
        self.is_unwanted.store(true, Ordering::Release);
        self.waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    fn must_leave(presence: &Presence) -> bool {
        presence.must_leave(&Context::from_waker(Waker::noop()))
    }

    #[tokio::test]
    async fn the_oldest_idle_connection_of_the_network_makes_room() {
        let connections = Connections::new(8);
        let one = Some(IpAddr::from([192, 0, 2, 1]));
        let (_first, busy) = connections.admit(one).await.unwrap();
        let (second, idle) = connections.admit(one).await.unwrap();
        busy.set_busy(true);
        let leaves = async {
            while !must_leave(&idle) {
                tokio::task::yield_now().await;
            }
            drop(second);
        };
        let (third, ()) = tokio::join!(connections.admit(one), leaves);
        let (_third, newest) = third.unwrap();
        assert!(!must_leave(&busy) && !must_leave(&newest));
    }

    #[tokio::test]
    async fn a_network_whose_connections_are_all_busy_gets_no_more() {
        let connections = Connections::new(4);
        let one = Some(IpAddr::from([192, 0, 2, 1]));
        let (_share, busy) = connections.admit(one).await.unwrap();
        busy.set_busy(true);
        assert!(connections.admit(one).await.is_none());
        assert!(connections.admit(Some(IpAddr::from([192, 0, 2, 2]))).await.is_some());
    }

    #[tokio::test]
    async fn closed_connections_are_forgotten() {
        let connections = Connections::new(4);
        for client in 0..10_000_u32 {
            connections.admit(Some(IpAddr::V4(client.into()))).await.unwrap();
        }
        assert!(connections.open.lock().unwrap().len() < 100);
    }
}
