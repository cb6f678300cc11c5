use std::net::IpAddr;

use entity::UserId;

use crate::network::Network;

/// How many wrong current passwords a signed-in user may send.
const CURRENT_PASSWORDS: u32 = 10;

/// How many password changes of a user, and from a network, are verified at the same time.
const CHANGES_OF_USER: u32 = 2;
const CHANGES_FROM_NETWORK: u32 = 10;

/// How many attempts are allowed within 15 minutes. From an IPv6 /56 twice as many are allowed, and from a
/// /48 four times as many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Wrong passwords for one user from one address or IPv6 /64.
    pub user_from_network: u32,
    /// Wrong passwords from one address or IPv6 /64, whoever the user is.
    pub network: u32,
    /// Wrong passwords for one user from anywhere; beyond that they are slowed down.
    pub user: u32,
    /// Sign-ups from one address or IPv6 /64.
    pub sign_ups: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { user_from_network: 40, network: 100, user: 50, sign_ups: 50 }
    }
}

/// What is counted, and for whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Rule {
    /// Wrong passwords for one username from one network.
    UserFromNetwork(String, Network),
    /// Wrong passwords from one network, whatever the username.
    Network(Network),
    /// Wrong passwords for one username from anywhere.
    User(String),
    /// Wrong current passwords of a signed-in user who is setting a new one.
    CurrentPassword(UserId),
    /// Wrong current passwords from one network.
    CurrentPasswordFromNetwork(Network),
    /// Sign-ups from one network.
    SignUp(Network),
}

impl Rule {
    /// The rules for a login. Text that can't be a username does not count against one.
    pub(crate) fn login(username: Option<&str>, client: Option<IpAddr>) -> Vec<Self> {
        let Some(client) = client else { return Vec::new() };
        let mut rules: Vec<Self> = Network::all_of(client).into_iter().map(Self::Network).collect();
        if let Some(username) = username {
            let of_user = |network| Self::UserFromNetwork(username.to_owned(), network);
            rules.extend(Network::all_of(client).into_iter().map(of_user));
            rules.push(Self::User(username.to_owned()));
        }
        rules
    }

    /// The rule for this username from the client's own address, or its /64.
    pub(super) fn nearest(username: &str, client: IpAddr) -> Self {
        Self::UserFromNetwork(username.to_owned(), Network::narrowest(client))
    }

    /// The rules for the current password of a signed-in user.
    pub(crate) fn current_password(user: UserId, client: Option<IpAddr>) -> Vec<Self> {
        let networks = client.map(Network::all_of).unwrap_or_default();
        let from_networks = networks.into_iter().map(Self::CurrentPasswordFromNetwork);
        [Self::CurrentPassword(user)].into_iter().chain(from_networks).collect()
    }

    /// The rules for a sign-up.
    pub(crate) fn sign_up(client: Option<IpAddr>) -> Vec<Self> {
        client.map(Network::all_of).unwrap_or_default().into_iter().map(Self::SignUp).collect()
    }
}

impl Rule {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::UserFromNetwork(..) => "login-of-user",
            Self::Network(_) => "login",
            Self::User(_) => "login-of-user-anywhere",
            Self::CurrentPassword(_) => "own-password",
            Self::CurrentPasswordFromNetwork(_) => "password-change",
            Self::SignUp(_) => "sign-up",
        }
    }

    /// How many attempts are allowed.
    pub(super) fn limit(&self, limits: &Limits) -> u32 {
        match self {
            Self::UserFromNetwork(_, network) => limits.user_from_network * network.weight(),
            Self::Network(network) | Self::CurrentPasswordFromNetwork(network) => {
                limits.network * network.weight()
            }
            Self::User(_) => limits.user,
            Self::CurrentPassword(_) => CURRENT_PASSWORDS,
            Self::SignUp(network) => limits.sign_ups * network.weight(),
        }
    }

    /// How many attempts may be in flight.
    pub(super) fn most_in_flight(&self) -> u32 {
        match self {
            Self::CurrentPassword(_) => CHANGES_OF_USER,
            Self::CurrentPasswordFromNetwork(network) => CHANGES_FROM_NETWORK * network.weight(),
            _ => u32::MAX,
        }
    }
}
