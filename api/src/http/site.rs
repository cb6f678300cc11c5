//! Which host a request is for, and whether a page of this service has sent it, as far as its headers say.

use std::net::IpAddr;

use actix_web::{
    HttpRequest,
    http::{
        header::{HOST, HeaderMap, HeaderName, ORIGIN},
        uri::Authority,
    },
};

use super::{Network, extract::is_forwarded};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The host that the request is for, with its port.
pub(crate) fn host(request: &HttpRequest) -> &str {
    let authority = request.uri().authority().map(Authority::as_str);
    authority.or_else(|| text(request.headers(), &HOST)).unwrap_or_default()
}

/// The host without the port. An IPv6 address is without its brackets.
pub(crate) fn name(host: &str) -> Option<&str> {
    let name = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        Some((address, port)) if port.is_empty() || port.starts_with(':') => address,
        Some(_) => return None,
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    Some(name.trim_end_matches('.'))
}

/// Whether a page of this service has sent the request: browsers say so, and those that don't name the origin of the
/// page.
pub(crate) fn is_own_page(request: &HttpRequest, network: &Network) -> bool {
    let headers = request.headers();
    match (text(headers, &SEC_FETCH_SITE), text(headers, &ORIGIN)) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => is_own_origin(origin, request, network),
        (None, None) => false,
    }
}

/// Whether pages of this service have this origin: that of `PUBLIC_URL`, or of the host of the request. Only where a
/// proxy passes the request on can that be `https`.
fn is_own_origin(origin: &str, request: &HttpRequest, network: &Network) -> bool {
    let is_public = network.public_url.as_ref().is_some_and(|url| url.origin() == origin);
    let is_of_host = match origin.split_once("://") {
        Some(("http", at)) => at.eq_ignore_ascii_case(host(request)),
        Some(("https", at)) => {
            is_forwarded(request.headers()) && at.eq_ignore_ascii_case(host(request))
        }
        _ => false,
    };
    is_public || is_of_host
}

/// Whether browsers reach the service at a loopback address without TLS.
pub(crate) fn is_plain_loopback(request: &HttpRequest, network: &Network) -> bool {
    match &network.public_url {
        Some(url) => url.origin().strip_prefix("http://").is_some_and(is_loopback),
        None => !is_forwarded(request.headers()) && is_loopback(host(request)),
    }
}

/// Whether this is a loopback address or `localhost`, with or without a port.
fn is_loopback(host: &str) -> bool {
    let name = name(host).unwrap_or_default();
    match name.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => name.eq_ignore_ascii_case("localhost"),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use crate::http::PublicUrl;

    fn request(headers: &[(&'static str, &'static str)]) -> HttpRequest {
        let request = TestRequest::post().uri("/api/login");
        let request =
            headers.iter().fold(request, |request, header| request.insert_header(*header));
        request.to_http_request()
    }

    fn behind(url: &str) -> Network {
        Network { public_url: Some(PublicUrl::parse(url).unwrap()), ..Network::default() }
    }

    #[test]
    fn pages_of_this_service_have_its_origin() {
        let direct = Network::default();
        let public = behind("https://example.org/notes");
        let forwarded = ("x-forwarded-for", "192.0.2.1");
        let host = ("host", "localhost:3001");
        for (network, headers, is_own) in [
            (&direct, &[host, ("sec-fetch-site", "same-origin")][..], true),
            (
                &direct,
                &[host, ("sec-fetch-site", "same-site"), ("origin", "http://localhost:3001")],
                false,
            ),
            (&direct, &[host, ("sec-fetch-site", "none")], false),
            (&direct, &[host], false),
            (&direct, &[host, ("origin", "null")], false),
            (&direct, &[host, ("origin", "http://localhost:3001")], true),
            (&direct, &[host, ("origin", "http://localhost:3002")], false),
            (&direct, &[host, ("origin", "http://localhost")], false),
            (&direct, &[host, ("origin", "https://localhost:3001")], false),
            (&direct, &[host, forwarded, ("origin", "https://localhost:3001")], true),
            (&public, &[host, ("origin", "https://example.org")], true),
            (&public, &[host, ("origin", "http://example.org")], false),
            (&public, &[host, ("origin", "https://evil.example")], false),
        ] {
            assert_eq!(is_own_page(&request(headers), network), is_own, "{headers:?}");
        }
    }

    #[test]
    fn only_loopback_addresses_without_a_proxy_and_tls_are_plain() {
        let direct = Network::default();
        for (network, headers, is_plain) in [
            (&direct, &[("host", "127.0.0.1:3001")][..], true),
            (&direct, &[("host", "[::1]:3001")], true),
            (&direct, &[("host", "LOCALHOST")], true),
            (&direct, &[("host", "notes.example.org")], false),
            (&direct, &[("host", "192.0.2.1:3001")], false),
            (&direct, &[("host", "127.0.0.1:3001"), ("x-forwarded-for", "192.0.2.1")], false),
            (&behind("https://notes.example.org"), &[("host", "127.0.0.1:3001")], false),
            (&behind("http://localhost:8080"), &[("host", "notes")], true),
        ] {
            assert_eq!(is_plain_loopback(&request(headers), network), is_plain, "{headers:?}");
        }
    }
}
