use std::net::{IpAddr, Ipv6Addr};

/// Addresses that count as one client: an IPv4 address, or an IPv6 network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Network {
    first: IpAddr,
    prefix: u32,
}

impl Network {
    /// The address, or for IPv6 the /48, which may belong to a single client.
    pub(crate) fn widest(client: IpAddr) -> Self {
        match client {
            IpAddr::V4(_) => Self { first: client, prefix: 32 },
            IpAddr::V6(client) => Self::of_ipv6(client, 48),
        }
    }

    fn of_ipv6(client: Ipv6Addr, prefix: u32) -> Self {
        let first = Ipv6Addr::from_bits(client.to_bits() & !(u128::MAX >> prefix));
        Self { first: first.into(), prefix }
    }
}
