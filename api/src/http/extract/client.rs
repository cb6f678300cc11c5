use std::{
    convert::Infallible,
    future::{Ready, ready},
    net::IpAddr,
};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{self, HeaderMap, HeaderName},
};
use ipnet::IpNet;

use crate::http::{openapi::Describe, state::AppState};

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
    Some(client(peer, request.headers(), trusted))
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
    let de_facto = hops(headers, &header::HeaderName::from_static("x-forwarded-for"), address);
    let standard = hops(headers, &header::FORWARDED, forwarded_for);
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
    parse: fn(&str) -> Option<IpAddr>,
) -> Vec<Option<IpAddr>> {
    let lines = headers.get_all(name).map(|line| line.to_str().unwrap_or_default());
    lines.flat_map(|line| line.split(',')).map(|element| parse(element.trim())).collect()
}

/// The `for` of `for=192.0.2.60;proto=https` or `for="[2001:db8::17]:4711"`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, node) = pairs.find(|(name, _)| name.eq_ignore_ascii_case("for"))?;
    address(node.trim_matches('"'))
}

/// An address, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
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
