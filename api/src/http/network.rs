use std::{net::IpAddr, time::Duration};

use ipnet::IpNet;

use super::PublicUrl;

const MIB: usize = 1024 * 1024;

/// Limits on clients, and trust in the proxies in front of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Whether only this machine can reach the service, as it listens on loopback addresses; set at startup.
    pub is_local: bool,
    /// How long to wait for the head of a request, for its body, and for a stalled response.
    pub client_timeout: Duration,
    /// Connections open at the same time, as far as the limit on open files allows; one network gets a
    /// quarter of them.
    pub max_connections: usize,
    /// Requests handled concurrently; more are rejected with 503.
    pub max_requests: usize,
    /// Bytes of request bodies that are arriving; one network gets a quarter of them.
    pub body_bytes: usize,
    /// Bytes of responses that are being made or sent; one network gets a quarter of them.
    pub response_bytes: usize,
    /// Where clients reach the service, if not at its own address.
    pub public_url: Option<PublicUrl>,
    /// Proxies whose `X-Forwarded-For` or `Forwarded` header is trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// Origins whose pages may call the API from browsers; `*` allows all.
    pub cors_origins: Vec<String>,
}

impl Network {
    /// Whether this is the address of a trusted proxy.
    pub(crate) fn trusts(&self, address: &IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(address))
    }
}

impl Default for Network {
    fn default() -> Self {
        Self {
            is_local: false,
            client_timeout: Duration::from_secs(15),
            max_connections: 10_000,
            max_requests: 1_000,
            body_bytes: 64 * MIB,
            response_bytes: 64 * MIB,
            public_url: None,
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
        }
    }
}
