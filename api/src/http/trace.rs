//! The trace that a request belongs to (W3C Trace Context, level 2).

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The length of `version-trace_id-parent_id-flags`; later versions may append to it.
const LENGTH: usize = 55;

/// A valid `traceparent`.
#[derive(Debug)]
pub(crate) struct TraceParent(HeaderValue);

impl TraceParent {
    /// That of a request. One that is invalid, or sent twice, is ignored, as the standard says.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut lines = headers.get_all(TRACEPARENT);
        let line = lines.next()?;
        let is_valid = lines.next().is_none() && line.to_str().is_ok_and(is_valid);
        is_valid.then(|| Self(line.clone()))
    }

    /// The id of the trace.
    pub(crate) fn trace_id(&self) -> &str {
        self.part(3, 35)
    }

    /// The id of the caller's span.
    pub(crate) fn parent_id(&self) -> &str {
        self.part(36, 52)
    }

    fn part(&self, start: usize, end: usize) -> &str {
        self.0.to_str().ok().and_then(|text| text.get(start..end)).unwrap_or_default()
    }
}

fn is_valid(text: &str) -> bool {
    let is_hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_id = |part: &str, length| is_hex(part, length) && part.bytes().any(|byte| byte != b'0');
    let Some((known, rest)) = text.split_at_checked(LENGTH) else { return false };
    let mut parts = known.split('-');
    let mut next = || parts.next().unwrap_or_default();
    let (version, trace_id, parent_id, flags) = (next(), next(), next(), next());
    let has_known_length = rest.is_empty() || version != "00" && rest.starts_with('-');
    is_hex(version, 2)
        && version != "ff"
        && is_id(trace_id, 32)
        && is_id(parent_id, 16)
        && is_hex(flags, 2)
        && has_known_length
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0b7302b7-01";

    fn of(lines: &[&str]) -> Option<(String, String)> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(TRACEPARENT, HeaderValue::from_str(line).unwrap());
        }
        let parent = TraceParent::of(&headers)?;
        Some((parent.trace_id().to_owned(), parent.parent_id().to_owned()))
    }

    #[test]
    fn the_ids_of_trace_and_span_are_read() {
        let ids = ("4bf92f3577b34da6a3ce929d0e0e4736".to_owned(), "00f067aa0b7302b7".to_owned());
        let later = [VALID.replacen("00", "cc", 1), VALID.replacen("00", "cc", 1) + "-more"];
        for line in [VALID, later[0].as_str(), later[1].as_str()] {
            assert_eq!(of(&[line]), Some(ids.clone()), "{line}");
        }
    }

    #[test]
    fn what_is_invalid_is_ignored() {
        let zero_trace = format!("00-{}-00f067aa0b7302b7-01", "0".repeat(32));
        let zero_parent = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{}-01", "0".repeat(16));
        for line in [
            "",
            "-",
            &VALID[..54],
            &format!("{VALID}-more"),
            &VALID.replacen("00", "ff", 1),
            &format!("{}more", VALID.replacen("00", "cc", 1)),
            &VALID.to_uppercase(),
            &VALID.replace('-', "_"),
            &VALID.replace("4bf9", "4b-9"),
            &VALID.replace("4bf9", "xyz9"),
            &zero_trace,
            &zero_parent,
        ] {
            assert_eq!(of(&[line]), None, "{line}");
        }
        assert_eq!(of(&[VALID, VALID]), None);
        assert_eq!(of(&[]), None);
    }
}
