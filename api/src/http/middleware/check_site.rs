use std::net::IpAddr;

use actix_web::{
    Error as ActixError, ResponseError,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{HeaderMap, ORIGIN},
    },
    middleware::Next,
};
use percent_encoding::percent_decode_str;

use crate::http::{Network, extract::is_forwarded, problem::Problem, site, state::AppState};

/// Rejects requests that a browser sends for a page of somebody else: to a host whose name was made to point
/// at this machine (DNS rebinding), or across sites without leave by CORS.
pub(crate) async fn check_site<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, ActixError> {
    let state = AppState::of(request.request());
    let problem = state.and_then(|state| problem(&request, &state.network));
    match problem {
        None => Ok(next.call(request).await?.map_into_left_body()),
        Some(problem) => Ok(request.into_response(problem.error_response()).map_into_right_body()),
    }
}

fn problem(request: &ServiceRequest, network: &Network) -> Option<Problem> {
    if network.is_local
        && !is_proxied(request, network)
        && !is_admitted_host(site::host(request.request()), network)
    {
        return Some(Problem::Misdirected);
    }
    // The router decodes paths too: `/%61pi` is `/api`.
    let is_api = percent_decode_str(request.path()).take(4).eq(*b"/api");
    (is_api && is_cross_site(request) && !is_admitted(request.headers(), network))
        .then_some(Problem::CrossSite)
}

/// Whether a trusted proxy passes the request on, whose clients know the service by another name.
fn is_proxied(request: &ServiceRequest, network: &Network) -> bool {
    let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
    peer.is_some_and(|peer| network.trusts(&peer)) && is_forwarded(request.headers())
}

/// Whether no page of a stranger can use this host: that of `PUBLIC_URL`, or a local one.
fn is_admitted_host(host: &str, network: &Network) -> bool {
    let is_public = |name| network.public_url.as_ref().is_some_and(|url| url.is_at(name));
    site::name(host).is_some_and(|name| is_public(name) || is_local(name))
}

/// Whether this is a loopback address, or a name that no stranger can make point at one: `localhost`, and
/// names without a dot, which only this machine and its network know.
fn is_local(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    match name.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => !name.contains('.') || name.ends_with(".localhost"),
    }
}

/// Whether a page of another site has sent it, and not by being left for this service.
fn is_cross_site(request: &ServiceRequest) -> bool {
    let says = |name, value| request.headers().get(name).is_some_and(|header| header == value);
    let is_navigation = says("sec-fetch-mode", "navigate") && request.method() == Method::GET;
    says("sec-fetch-site", "cross-site") && !is_navigation
}

/// Whether `CORS_ORIGINS` lists the page's origin.
fn is_admitted(headers: &HeaderMap, network: &Network) -> bool {
    network.cors_origins.iter().any(|admitted| {
        admitted == "*" || headers.get(ORIGIN).is_some_and(|origin| origin == admitted.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::PublicUrl;

    #[test]
    fn names_that_dns_can_point_anywhere_are_not_local() {
        for host in [
            "",
            "localhost",
            "LOCALHOST:3001",
            "localhost.:3001",
            "notes.localhost",
            "127.0.0.1",
            "127.8.9.10:80",
            "[::1]",
            "[::1]:3001",
            "[::ffff:127.0.0.1]:3001",
            "notes",
            "notes:3001",
        ] {
            assert!(is_admitted_host(host, &Network::default()), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:3001",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evillocalhost.example.",
            "192.0.2.1:3001",
            "0.0.0.0:3001",
            "[::]:3001",
            "[::1].evil.example",
            "[::1]evil.example:3001",
            "[2001:db8::1]",
        ] {
            assert!(!is_admitted_host(host, &Network::default()), "{host}");
        }
    }

    #[test]
    fn the_host_of_the_public_url_is_admitted_and_no_other() {
        for (url, admitted, rejected) in [
            ("https://notes.example.org/notes", "Notes.Example.org:443", "evil.example"),
            ("http://[2001:db8::1]:8080", "[2001:db8::1]:8080", "[2001:db8::2]:8080"),
        ] {
            let public_url = Some(PublicUrl::parse(url).unwrap());
            let network = Network { public_url, ..Network::default() };
            assert!(is_admitted_host(admitted, &network), "{admitted}");
            assert!(!is_admitted_host(rejected, &network), "{rejected}");
        }
    }
}
