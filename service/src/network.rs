use std::net::{IpAddr, Ipv6Addr};

/// Addresses that count as one client: an IPv4 address, or an IPv6 network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Network {
    first: IpAddr,
    size: Size,
}

/// How many addresses a network has. Who has a larger one can use more of the smaller ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Size {
    /// An IPv4 address, or an IPv6 /64.
    Link,
    /// An IPv6 /56, as homes have.
    Home,
    /// An IPv6 /48, as organisations have.
    Site,
}

impl Network {
    /// The client's address, or its /64.
    pub(crate) fn narrowest(client: IpAddr) -> Self {
        Self::of(client, Size::Link)
    }

    /// The client's address, or its /48.
    pub(crate) fn widest(client: IpAddr) -> Self {
        match client {
            IpAddr::V4(_) => Self::of(client, Size::Link),
            IpAddr::V6(_) => Self::of(client, Size::Site),
        }
    }

    /// The client's address, or its /64, /56 and /48.
    pub(crate) fn all_of(client: IpAddr) -> Vec<Self> {
        match client {
            IpAddr::V4(_) => vec![Self::of(client, Size::Link)],
            IpAddr::V6(_) => {
                [Size::Link, Size::Home, Size::Site].map(|size| Self::of(client, size)).to_vec()
            }
        }
    }

    /// How many times as much is allowed from here as from a single address.
    pub(crate) fn weight(self) -> u32 {
        match self.size {
            Size::Link => 1,
            Size::Home => 2,
            Size::Site => 4,
        }
    }

    fn of(client: IpAddr, size: Size) -> Self {
        let IpAddr::V6(address) = client else { return Self { first: client, size } };
        let prefix = match size {
            Size::Link => 64,
            Size::Home => 56,
            Size::Site => 48,
        };
        let first = Ipv6Addr::from_bits(address.to_bits() & !(u128::MAX >> prefix));
        Self { first: first.into(), size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_client_belongs_to_three_networks_and_an_ipv4_client_to_one() {
        let networks = |client: &str| Network::all_of(client.parse().unwrap());
        let client = networks("2001:db8:1:101::1");
        for (same, expected) in [
            ("2001:db8:1:101::2", [true; 3]),
            ("2001:db8:1:102::1", [false, true, true]),
            ("2001:db8:1:201::1", [false, false, true]),
            ("2001:db8:2:101::1", [false; 3]),
        ] {
            let shared: Vec<bool> =
                networks(same).iter().zip(&client).map(|(a, b)| a == b).collect();
            assert_eq!(shared, expected, "{same}");
        }
        assert_eq!(networks("192.0.2.1").len(), 1);
        assert_ne!(networks("192.0.2.1"), networks("192.0.2.2"));
    }
}
