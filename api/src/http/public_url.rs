//! Where clients reach the service, if a proxy in front makes that another URL than its own.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, LINK, LOCATION};
use url::Url;

/// `PUBLIC_URL`: an origin, and the path that the proxy removes from requests, if any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    /// Without a slash at the end.
    base: String,
    origin: String,
    /// An IPv6 address is without its brackets.
    host: String,
}

impl PublicUrl {
    /// Reads a URL such as `https://notes.example.org` or `https://example.org/notes`.
    ///
    /// # Errors
    /// Why it is not one that the service can be reached at.
    pub fn parse(text: &str) -> Result<Self, String> {
        let example = "such as https://notes.example.org or https://example.org/notes";
        let url = Url::parse(text).map_err(|error| format!("must be a URL, {example}: {error}"))?;
        let host = match url.host_str() {
            Some(host) if matches!(url.scheme(), "http" | "https") => host,
            _ => return Err(format!("must be an http or https URL, {example}, not {text:?}")),
        };
        let has_user = !url.username().is_empty() || url.password().is_some();
        if has_user || url.query().is_some() || url.fragment().is_some() {
            return Err("must not have a user, a query or a fragment".into());
        }
        let host = host.trim_matches(['[', ']']).to_owned();
        let base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self { base, origin: url.origin().ascii_serialization(), host })
    }

    /// Without a slash at the end.
    pub(crate) fn as_str(&self) -> &str {
        &self.base
    }

    /// As browsers write it.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The path that the proxy removes from requests, without a slash at the end; empty if there is none.
    pub(crate) fn path(&self) -> &str {
        self.base.strip_prefix(&self.origin).unwrap_or_default()
    }

    /// Whether this is its host, in any case.
    pub(crate) fn is_at(&self, host: &str) -> bool {
        self.host.eq_ignore_ascii_case(host)
    }

    /// Puts it before the paths in `Link` and `Location`.
    pub(crate) fn complete(&self, headers: &mut HeaderMap) {
        let base = &self.base;
        change(headers, LOCATION, |path| format!("{base}{path}"));
        change(headers, LINK, |links| links.replace("</", &format!("<{base}/")));
    }
}

fn change(headers: &mut HeaderMap, name: HeaderName, change: impl Fn(&str) -> String) {
    let value = headers.get(&name).and_then(|value| value.to_str().ok()).map(change);
    if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_may_have_a_path_and_ends_without_a_slash() {
        for (text, origin, path) in [
            ("https://Notes.Example.org", "https://notes.example.org", ""),
            ("https://notes.example.org/", "https://notes.example.org", ""),
            ("http://localhost:8080/notes/", "http://localhost:8080", "/notes"),
            ("https://example.org:443/a/b", "https://example.org", "/a/b"),
            ("https://[2001:db8::1]/notes", "https://[2001:db8::1]", "/notes"),
        ] {
            let url = PublicUrl::parse(text).unwrap();
            assert_eq!((url.origin(), url.path()), (origin, path), "{text}");
            assert_eq!(url.as_str(), format!("{origin}{path}"), "{text}");
        }
    }

    #[test]
    fn what_clients_could_not_follow_is_rejected() {
        for text in [
            "",
            "notes.example.org",
            "/notes",
            "ftp://example.org",
            "mailto:someone@example.org",
            "https://",
            "https://user@example.org",
            "https://example.org/?x",
            "https://example.org/#x",
        ] {
            assert!(PublicUrl::parse(text).unwrap_err().starts_with("must "), "{text}");
        }
    }

    #[test]
    fn links_and_locations_become_absolute_and_nothing_else_does() {
        let url = PublicUrl::parse("https://example.org/notes").unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(LOCATION, HeaderValue::from_static("/api/notes/7"));
        let links = "</docs>; rel=\"service-doc\", </api/openapi.json>; rel=\"service-desc\"";
        headers.insert(LINK, HeaderValue::from_static(links));
        headers.insert(HeaderName::from_static("x-other"), HeaderValue::from_static("/api"));
        url.complete(&mut headers);
        assert_eq!(headers.get(LOCATION).unwrap(), "https://example.org/notes/api/notes/7");
        assert_eq!(
            headers.get(LINK).unwrap(),
            "<https://example.org/notes/docs>; rel=\"service-doc\", \
             <https://example.org/notes/api/openapi.json>; rel=\"service-desc\""
        );
        assert_eq!(headers.get("x-other").unwrap(), "/api");
        assert_eq!(headers.len(), 3);
    }
}
