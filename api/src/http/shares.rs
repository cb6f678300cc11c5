//! What clients share: each network gets a part of it at most, so that nobody can take everything.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};

/// How often a share that waits to grow tries to.
const RETRY: Duration = Duration::from_millis(20);

/// An amount of something that clients share.
#[derive(Debug)]
pub(crate) struct Shares {
    total: Arc<Semaphore>,
    /// What one network can have.
    of_network: usize,
    networks: Mutex<HashMap<IpAddr, Weak<Semaphore>>>,
}

impl Shares {
    /// This much, of which each network gets a quarter at most.
    pub(crate) fn quarters(amount: usize) -> Self {
        Self::new(amount, amount.div_ceil(4))
    }

    /// This much, of which each network gets three quarters at most: there are usually enough, and they are
    /// soon free again.
    pub(crate) fn three_quarters(amount: usize) -> Self {
        Self::new(amount, (amount - amount / 4).max(1))
    }

    fn new(amount: usize, of_network: usize) -> Self {
        Self { total: Arc::new(Semaphore::new(amount)), of_network, networks: Mutex::default() }
    }

    /// Takes an amount for a client, if it is free. Without a client, only the total limits it.
    pub(crate) fn try_take(&self, client: Option<IpAddr>, amount: usize) -> Option<Share> {
        let amount = u32::try_from(amount).ok()?;
        self.try_take_of(client, (amount, amount))
    }

    fn try_take_of(&self, client: Option<IpAddr>, (charged, amount): (u32, u32)) -> Option<Share> {
        let of_network = match client {
            Some(client) => Some(self.network_of(client).try_acquire_many_owned(charged).ok()?),
            None => None,
        };
        let of_total = self.total.clone().try_acquire_many_owned(amount).ok()?;
        Some(Share { of_total, of_network })
    }

    /// Takes an amount of the total for a client, of which its network is charged this much until the share is
    /// resized. Waits for it if need be, in turn with others that take, but not for longer than this.
    pub(crate) async fn take(
        &self,
        client: Option<IpAddr>,
        (charged, amount): (usize, usize),
        wait: Duration,
    ) -> Option<Share> {
        let (charged, amount) = (u32::try_from(charged).ok()?, u32::try_from(amount).ok()?);
        // Most need not wait, and then a timer would be made for nothing.
        if let Some(share) = self.try_take_of(client, (charged, amount)) {
            return Some(share);
        }
        let share = async {
            let of_network = match client {
                Some(client) => {
                    Some(self.network_of(client).acquire_many_owned(charged).await.ok()?)
                }
                None => None,
            };
            let of_total = self.total.clone().acquire_many_owned(amount).await.ok()?;
            Some(Share { of_total, of_network })
        };
        timeout(wait, share).await.ok().flatten()
    }

    /// What the client's network can have.
    fn network_of(&self, client: IpAddr) -> Arc<Semaphore> {
        let network = network_of(client);
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = networks.get(&network).and_then(Weak::upgrade) {
            return known;
        }
        if networks.len() == networks.capacity() {
            networks.retain(|_, network| network.strong_count() > 0);
        }
        let new = Arc::new(Semaphore::new(self.of_network));
        networks.insert(network, Arc::downgrade(&new));
        new
    }
}

/// The client's address, or its /56 for IPv6: a home usually has all of that.
pub(crate) fn network_of(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !(u128::MAX >> 56)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// What a client has taken, until it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    of_total: OwnedSemaphorePermit,
    of_network: Option<OwnedSemaphorePermit>,
}

impl Share {
    /// How much it is.
    pub(crate) fn amount(&self) -> usize {
        self.of_total.num_permits()
    }

    /// Changes it to this amount; `None` if there is not as much left. Waits for nobody.
    pub(crate) fn try_resize(&mut self, amount: usize) -> Option<()> {
        for permit in self.of_network.iter_mut().chain([&mut self.of_total]) {
            resize(permit, amount)?;
        }
        Some(())
    }

    /// The same, but tries again and again, for up to this long, until others of the network have released enough.
    /// Meanwhile it holds its new amount of the total, but nothing of the network's, so that those who wait never wait for
    /// each other, and keep nothing from those who need less. There are no turns: whoever needs less may be served first.
    pub(crate) async fn resize(&mut self, amount: usize, wait: Duration) -> Option<()> {
        resize(&mut self.of_total, amount)?;
        let Some(of_network) = &mut self.of_network else { return Some(()) };
        if resize(of_network, amount).is_some() {
            return Some(());
        }
        let network = of_network.semaphore().clone();
        self.of_network = None;
        let permits = u32::try_from(amount).ok()?;
        // A waiter in the queue of the semaphore would collect what becomes free.
        let granted = async {
            loop {
                sleep(RETRY).await;
                if let Ok(permit) = network.clone().try_acquire_many_owned(permits) {
                    return permit;
                }
            }
        };
        self.of_network = Some(timeout(wait, granted).await.ok()?);
        Some(())
    }
}

fn resize(permit: &mut OwnedSemaphorePermit, amount: usize) -> Option<()> {
    let held = permit.num_permits();
    if let Some(more) = amount.checked_sub(held) {
        let semaphore = permit.semaphore().clone();
        permit.merge(semaphore.try_acquire_many_owned(u32::try_from(more).ok()?).ok()?);
    } else {
        drop(permit.split(held - amount));
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_gets_a_quarter_and_leaves_the_rest_to_others() {
        let shares = Shares::quarters(8);
        let one = Some(address("192.0.2.1"));
        let taken = shares.try_take(one, 2).unwrap();
        assert!(shares.try_take(one, 1).is_none());
        assert!(shares.try_take(Some(address("::ffff:192.0.2.1")), 1).is_none());
        let other = shares.try_take(Some(address("192.0.2.2")), 2).unwrap();
        let proxy = shares.try_take(None, 4).unwrap();
        assert!(shares.try_take(Some(address("192.0.2.3")), 1).is_none());
        drop((taken, other, proxy));
        assert!(shares.try_take(one, 2).is_some());
    }

    #[test]
    fn with_three_quarters_one_is_left_to_others() {
        let shares = Shares::three_quarters(8);
        let one = Some(address("192.0.2.1"));
        assert!(shares.try_take(one, 7).is_none());
        let _taken = shares.try_take(one, 6).unwrap();
        assert!(shares.try_take(Some(address("192.0.2.2")), 2).is_some());
    }

    #[test]
    fn all_of_an_ipv6_56_is_one_network() {
        let shares = Shares::quarters(4);
        let _taken = shares.try_take(Some(address("2001:db8::1")), 1).unwrap();
        assert!(shares.try_take(Some(address("2001:db8:0:ff::2")), 1).is_none());
        assert!(shares.try_take(Some(address("2001:db8:0:100::1")), 1).is_some());
    }

    #[test]
    fn a_share_grows_as_far_as_there_is_enough_and_shrinks() {
        let shares = Shares::quarters(40);
        let client = Some(address("192.0.2.1"));
        let mut taken = shares.try_take(client, 3).unwrap();
        assert_eq!((taken.try_resize(8), taken.amount()), (Some(()), 8));
        assert!(shares.try_take(client, 3).is_none());
        assert!(taken.try_resize(11).is_none());
        assert_eq!((taken.try_resize(5), taken.amount()), (Some(()), 5));
        assert!(shares.try_take(client, 5).is_some());
    }

    #[tokio::test]
    async fn what_is_taken_for_the_time_being_counts_less_for_the_network() {
        let shares = Shares::quarters(40);
        let client = Some(address("192.0.2.1"));
        let mut taken = Vec::new();
        for _ in 0..4 {
            taken.push(shares.take(client, (1, 10), Duration::from_secs(9)).await.unwrap());
        }
        let [fits, rest @ ..] = &mut taken[..] else { panic!() };
        assert!(fits.try_resize(7).is_some() && fits.amount() == 7);
        assert!(rest.iter_mut().all(|share| share.try_resize(7).is_none()));
    }

    #[tokio::test]
    async fn those_who_grow_beyond_what_their_network_has_wait_for_each_other() {
        let shares = Shares::quarters(40);
        let client = Some(address("192.0.2.1"));
        let mut taken = Vec::new();
        for _ in 0..4 {
            taken.push(shares.take(client, (2, 10), Duration::from_secs(9)).await.unwrap());
        }
        let grown = taken.into_iter().map(async |mut share| {
            let grown = share.resize(7, Duration::from_secs(9)).await.map(|()| share.amount());
            tokio::task::yield_now().await;
            grown
        });
        assert_eq!(futures_util::future::join_all(grown).await, [Some(7); 4]);
        let mut share = shares.take(client, (2, 10), Duration::ZERO).await.unwrap();
        let _rest = shares.try_take(client, 8).unwrap();
        assert!(share.resize(3, Duration::from_millis(10)).await.is_none());
    }

    #[tokio::test]
    async fn those_who_need_less_do_not_wait_for_one_who_waits_for_more() {
        let shares = Shares::quarters(40);
        let client = Some(address("192.0.2.1"));
        let read = shares.try_take(client, 4).unwrap();
        let mut large = shares.take(client, (2, 10), Duration::ZERO).await.unwrap();
        let (grown, small) = tokio::join!(large.resize(9, Duration::from_secs(9)), async {
            let small = shares.take(client, (2, 10), Duration::ZERO).await;
            drop(read);
            small.is_some()
        });
        assert_eq!((grown, small), (Some(()), true));
    }

    #[tokio::test]
    async fn whoever_waits_gets_it_when_it_is_given_back() {
        let shares = Shares::quarters(4);
        let client = Some(address("192.0.2.1"));
        let taken = shares.try_take(client, 1).unwrap();
        assert!(shares.take(client, (1, 1), Duration::from_millis(10)).await.is_none());
        let (next, ()) =
            tokio::join!(shares.take(client, (1, 1), Duration::from_secs(10)), async {
                drop(taken);
            });
        assert!(next.is_some());
    }

    #[test]
    fn networks_that_have_nothing_are_forgotten() {
        let shares = Shares::quarters(4);
        for client in 0..10_000_u32 {
            assert!(shares.try_take(Some(IpAddr::V4(client.into())), 1).is_some());
        }
        assert!(shares.networks.lock().unwrap().len() < 100);
    }
}
