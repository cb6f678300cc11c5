use std::{
    convert::Infallible,
    future::{Ready, ready},
    net::IpAddr,
    sync::Once,
};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{self, HeaderMap, HeaderName},
};
use ipnet::IpNet;

use crate::http::{openapi::Describe, state::AppState};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The client's address: the peer of the connection or, if that is a trusted proxy, the client that it
/// forwards for. `None` without a connection (in-process calls).
pub(crate) struct Address(pub(crate) Option<IpAddr>);

impl FromRequest for Address {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(client_of(request))))
    }
}

/// The client's address, as [`Address`] has it.
pub(crate) fn client_of(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let state = AppState::of(request);
    let trusted = state.as_ref().map_or(&[][..], |state| &state.network.trusted_proxies);
    let is_trusted = trusted.iter().any(|network| network.contains(&peer));
    if !is_trusted && is_near(peer) && is_forwarded(request.headers()) {
        warn_of_untrusted_proxy(peer);
    }
    Some(client(peer, request.headers(), trusted))
}

/// Whether a proxy has passed these headers on, or somebody claims so.
pub(crate) fn is_forwarded(headers: &HeaderMap) -> bool {
    headers.contains_key(&X_FORWARDED_FOR) || headers.contains_key(&header::FORWARDED)
}

/// Whether the address is this machine's or of a private network, where proxies are.
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local(),
    }
}

/// Says so once, since there is one such line for each request otherwise.
fn warn_of_untrusted_proxy(peer: IpAddr) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::warn!(
            "{peer} sends X-Forwarded-For or Forwarded, but is not in TRUSTED_PROXIES: if it is a proxy, \
             all its clients share one rate limit"
        );
    });
}

impl Describe for Address {}

impl Describe for UserAgent {}

/// The nearest address that is not a trusted proxy's. Each proxy appends the address it received the
/// request from, so what precedes an untrusted address may be forged.
///
/// A proxy writes `X-Forwarded-For` or `Forwarded` (RFC 7239), and may pass the other on as a client
/// forged it. If they disagree, neither counts.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(&peer) {
        return peer;
    }
    let nearest = |hops: Vec<Option<IpAddr>>| {
        let mut nearest = peer;
        for hop in hops.into_iter().rev() {
            let Some(hop) = hop else { break };
            nearest = hop;
            if !is_trusted(&hop) {
                break;
            }
        }
        nearest
    };
    let de_facto = hops(headers, &X_FORWARDED_FOR, |line| line.split(',').map(address).collect());
    let standard = hops(headers, &header::FORWARDED, |line| {
        split_unquoted(line, ',').map(forwarded_for).collect()
    });
    match (de_facto.is_empty(), standard.is_empty()) {
        (_, true) => nearest(de_facto),
        (true, false) => nearest(standard),
        (false, false) => {
            let (de_facto, standard) = (nearest(de_facto), nearest(standard));
            if de_facto == standard { de_facto } else { peer }
        }
    }
}

/// The elements of a list header, over all its lines; `None` for those that are not addresses.
fn hops(
    headers: &HeaderMap,
    name: &HeaderName,
    elements: fn(&str) -> Vec<Option<IpAddr>>,
) -> Vec<Option<IpAddr>> {
    let lines = headers.get_all(name).map(|line| line.to_str().unwrap_or_default());
    lines.flat_map(elements).collect()
}

/// The parts between separators that are not in a quoted string.
fn split_unquoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(move |c| {
        is_quoted ^= c == '"' && !is_escaped;
        is_escaped = is_quoted && !is_escaped && c == '\\';
        c == separator && !is_quoted
    })
}

/// The `for` of `for=192.0.2.60;proto=https` or `for="[2001:db8::17]:4711"`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut pairs = split_unquoted(element, ';').filter_map(|pair| pair.trim().split_once('='));
    let (_, node) = pairs.find(|(name, _)| name.eq_ignore_ascii_case("for"))?;
    address(node.trim_matches('"'))
}

/// An address, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.split_once(']')).map(|(bare, _)| bare);
    let parsed = match bare {
        Some(bare) => bare.parse().ok(),
        None => text.parse().ok().or_else(|| text.rsplit_once(':')?.0.parse().ok()),
    };
    parsed.map(|address: IpAddr| address.to_canonical())
}

/// The `User-Agent` header.
pub(crate) struct UserAgent(pub(crate) Option<String>);

impl FromRequest for UserAgent {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let agent = request.headers().get(header::USER_AGENT);
        ready(Ok(Self(agent.and_then(|agent| agent.to_str().ok()).map(str::to_owned))))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    /// Who the client is for a connection from `peer`, where `10.0.0.0/8` and `::1` are trusted.
    fn seen(peer: &str, headers: &[(&'static str, &'static str)]) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        client(peer.parse().unwrap(), &map, &trusted).to_string()
    }

    #[test]
    fn forwarded_headers_of_untrusted_peers_are_ignored() {
        let claims = [("x-forwarded-for", "1.2.3.4"), ("forwarded", "for=1.2.3.4")];
        assert_eq!(seen("192.0.2.1", &claims), "192.0.2.1");
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn the_nearest_untrusted_address_is_the_clients() {
        for (chain, address) in [
            ("192.0.2.1", "192.0.2.1"),
            ("1.2.3.4, 192.0.2.1", "192.0.2.1"),
            ("1.2.3.4, 192.0.2.1, 10.0.0.2", "192.0.2.1"),
            ("1.2.3.4,made up,10.0.0.2", "10.0.0.2"),
            ("192.0.2.1:4711", "192.0.2.1"),
            ("[2001:db8::17]:4711", "2001:db8::17"),
            ("2001:db8::17", "2001:db8::17"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("made up", "10.0.0.1"),
        ] {
            assert_eq!(seen("10.0.0.1", &[("x-forwarded-for", chain)]), address, "{chain}");
        }
        let lines = [("x-forwarded-for", "1.2.3.4"), ("x-forwarded-for", "192.0.2.1")];
        assert_eq!(seen("::1", &lines), "192.0.2.1");
    }

    #[test]
    fn the_forwarded_header_works_too() {
        for (chain, address) in [
            ("for=192.0.2.1;proto=https", "192.0.2.1"),
            ("For=\"[2001:db8::17]:4711\", for=10.0.0.2", "2001:db8::17"),
            ("proto=https", "10.0.0.1"),
            ("for=_hidden", "10.0.0.1"),
            ("for=203.0.113.9;by=\"a,b\"", "203.0.113.9"),
            ("for=1.2.3.4, for=\"203.0.113.9\";by=\"a\\\",;b\";proto=https", "203.0.113.9"),
            ("by=\"for=1.2.3.4;\";for=203.0.113.9", "203.0.113.9"),
            ("for=\"1.2.3.4, for=203.0.113.9", "10.0.0.1"),
        ] {
            assert_eq!(seen("10.0.0.1", &[("forwarded", chain)]), address, "{chain}");
        }
    }

    #[test]
    fn contradictory_headers_are_ignored() {
        let both = |forwarded| [("x-forwarded-for", "192.0.2.1"), ("forwarded", forwarded)];
        assert_eq!(seen("10.0.0.1", &both("for=192.0.2.1")), "192.0.2.1");
        assert_eq!(seen("10.0.0.1", &both("for=192.0.2.9")), "10.0.0.1");
    }
}
