use std::net::IpAddr;

use service::{
    doctor::{Finding, Health},
    users::Registration,
};

use crate::server::Settings;

/// What those who can reach the service may do.
pub(super) fn exposure(settings: &Settings) -> Finding {
    let subject = "exposure";
    let has_proxy = !settings.network.trusted_proxies.is_empty();
    if !has_proxy && settings.host.iter().all(IpAddr::is_loopback) {
        return Finding::new(subject, Health::Good, "reachable from this machine only");
    }
    let mut open = Vec::new();
    if settings.anonymous_access {
        open.push(
            "everyone who can reach the service can read all notes, users and teams (ANONYMOUS_ACCESS)",
        );
    }
    if settings.registration == Registration::Open {
        open.push("anyone can sign up (REGISTRATION)");
    }
    if !has_proxy {
        open.push(
            "it listens beyond this machine (HOST) without a proxy for TLS (TRUSTED_PROXIES): passwords \
             are sent in the clear",
        );
    }
    match open.is_empty() {
        true => {
            Finding::new(subject, Health::Good, "closed to everyone but the users that admins make")
        }
        false => Finding::new(subject, Health::Doubtful, open.join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(variables: &[(&str, &str)]) -> (Health, String) {
        let settings = Settings::read(&variables.iter().copied().collect()).unwrap();
        let Finding { health, detail, .. } = exposure(&settings);
        (health, detail)
    }

    #[test]
    fn what_is_open_is_said_only_if_others_can_reach_it() {
        assert_eq!(told(&[]).0, Health::Good);
        let (health, behind_proxy) = told(&[("TRUSTED_PROXIES", "127.0.0.1")]);
        assert_eq!(health, Health::Doubtful);
        assert!(behind_proxy.contains("read all notes") && behind_proxy.contains("sign up"));
        assert!(!behind_proxy.contains("in the clear"));
        let (_, bare) = told(&[("HOST", "0.0.0.0"), ("REGISTRATION", "closed")]);
        assert!(bare.contains("in the clear") && !bare.contains("sign up"), "{bare}");
        let (_, unread) = told(&[("HOST", "0.0.0.0"), ("ANONYMOUS_ACCESS", "off")]);
        assert!(unread.contains("sign up") && !unread.contains("read all notes"), "{unread}");
        let closed = [
            ("TRUSTED_PROXIES", "127.0.0.1"),
            ("REGISTRATION", "closed"),
            ("ANONYMOUS_ACCESS", "off"),
        ];
        assert_eq!(told(&closed).0, Health::Good);
    }
}
