//! URLs of PostgreSQL, which may name several servers, as those of libpq do.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What is percent-encoded in the directory of a socket.
const DIRECTORY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

const CUT_PASSWORD: &str =
    "is not a valid URL: is a / or ? in the password not written as %2F or %3F?";

/// The parameters that the driver understands, besides those that this module does.
const PARAMETERS: [&str; 15] = [
    "application_name",
    "dbname",
    "options",
    "password",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

/// A URL for each server that a URL of PostgreSQL names, in their order.
///
/// # Errors
/// What is wrong with it, as the rest of a sentence that starts with the name of the setting.
pub(crate) fn of_each_server(url: &str) -> Result<Vec<String>, String> {
    read(url).map_err(|why| if may_show_password(url) { CUT_PASSWORD.into() } else { why })
}

/// Whether what seems to be the path or the query has a part of the password, which ends with an `@`.
fn may_show_password(url: &str) -> bool {
    let (_, rest) = url.split_once("://").unwrap_or(("", url));
    let (_, path, query) = split(rest);
    path.contains('@') || query.contains('@')
}

fn read(url: &str) -> Result<Vec<String>, String> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err("must start with postgres://".into());
    };
    if rest.contains('#') {
        return Err("must not contain #: write %23".into());
    }
    let (authority, path, query) = split(rest);
    let (user, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
    let parameters = Parameters::read(query)?;
    let (mut names, mut ports) = named(hosts)?;
    if let Some(hosts) = &parameters.hosts {
        names = hosts.split(',').map(str::to_owned).collect();
    }
    if let Some(given) = &parameters.ports {
        ports = given.split(',').map(str::to_owned).collect();
    }
    if ports.iter().all(String::is_empty) {
        ports = vec![String::new()];
    }
    if ports.len() != 1 && ports.len() != names.len() {
        return Err(format!("names {} hosts, but {} ports", names.len(), ports.len()));
    }
    if names.len() > 1 && names.iter().any(String::is_empty) {
        return Err("must not name an empty host among several".into());
    }
    let at = if user.is_empty() { "" } else { "@" };
    let each = names.iter().zip(ports.iter().cycle()).map(|(name, port)| {
        let host = as_host(name)?;
        let colon = if port.is_empty() { "" } else { ":" };
        let others = parameters.others_for(name);
        Ok(format!("{scheme}://{user}{at}{host}{colon}{port}{path}{others}"))
    });
    each.collect()
}

/// The authority, the path and the query.
fn split(rest: &str) -> (&str, &str, &str) {
    let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
    let end = before.find('/').unwrap_or(before.len());
    let (authority, path) = before.split_at(end);
    (authority, path, query)
}

/// The names and ports in an authority.
fn named(hosts: &str) -> Result<(Vec<String>, Vec<String>), String> {
    let mut names = Vec::new();
    let mut ports = Vec::new();
    for host in hosts.split(',') {
        let (name, port) = match host.strip_prefix('[').map(|rest| rest.split_once(']')) {
            Some(None) => return Err("has an IPv6 address without a closing bracket".into()),
            Some(Some((address, port))) if port.is_empty() || port.starts_with(':') => {
                (address, port.trim_start_matches(':'))
            }
            Some(Some(_)) => return Err("has an invalid port number".into()),
            None => host.split_once(':').unwrap_or((host, "")),
        };
        let name = percent_decode_str(name).decode_utf8();
        names.push(name.map_err(|_utf8| "must be valid UTF-8")?.into_owned());
        ports.push(port.to_owned());
    }
    Ok((names, ports))
}

/// A host as it is written in a URL: an address of IPv6 in brackets, and the directory of a socket encoded.
fn as_host(name: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_alphanumeric() || "-._".contains(c);
    if name.starts_with('/') {
        return Ok(utf8_percent_encode(name, DIRECTORY).to_string());
    }
    if name.contains(':') {
        return Ok(format!("[{name}]"));
    }
    match name.chars().all(is_plain) {
        true => Ok(name.to_owned()),
        false => Err(format!("is not a valid URL: {name:?} is not a host")),
    }
}

/// The parameters of a URL.
#[derive(Default)]
struct Parameters {
    hosts: Option<String>,
    ports: Option<String>,
    /// Those that the driver reads, with the question mark before them.
    others: String,
}

impl Parameters {
    fn read(query: &str) -> Result<Self, String> {
        let mut read = Self::default();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let decoded = || {
                let decoded = percent_decode_str(value).decode_utf8();
                Ok::<_, String>(decoded.map_err(|_utf8| "must be valid UTF-8")?.into_owned())
            };
            match key {
                "host" => read.hosts = Some(decoded()?),
                "port" => read.ports = Some(decoded()?),
                "target_session_attrs" => require_primary(&decoded()?)?,
                key if PARAMETERS.contains(&key) || key.starts_with("options[") => {
                    read.others.push(if read.others.is_empty() { '?' } else { '&' });
                    read.others.push_str(parameter);
                }
                key => return Err(format!("has the parameter {key}, which is not supported")),
            }
        }
        Ok(read)
    }

    /// Those that the driver reads, for a server with this name. The driver would look up an IPv6 address with its
    /// brackets, so it also gets the address as a parameter.
    fn others_for(&self, name: &str) -> Cow<'_, str> {
        if !name.contains(':') {
            return Cow::Borrowed(&self.others);
        }
        let separator = if self.others.is_empty() { '?' } else { '&' };
        Cow::Owned(format!("{}{separator}host={name}", self.others))
    }
}

/// Whichever of these is asked for, the server that takes changes satisfies it.
fn require_primary(target: &str) -> Result<(), String> {
    match target {
        "any" | "primary" | "read-write" => Ok(()),
        other => Err(format!(
            "has target_session_attrs={other}: it must be read-write, primary or any, since changes are written there"
        )),
    }
}

#[cfg(test)]
mod tests {
    use sea_orm_migration::sea_orm::sqlx::postgres::PgConnectOptions;

    use super::*;

    #[test]
    fn each_server_gets_its_own_url() {
        for (url, each) in [
            ("postgres://u:p@h:1/d", &["postgres://u:p@h:1/d"][..]),
            (
                "postgres://u:p%40@h1:5432,[::1]:5433,10.0.0.1/d?sslmode=require",
                &[
                    "postgres://u:p%40@h1:5432/d?sslmode=require",
                    "postgres://u:p%40@[::1]:5433/d?sslmode=require&host=::1",
                    "postgres://u:p%40@10.0.0.1/d?sslmode=require",
                ],
            ),
            ("postgresql://h1,h2", &["postgresql://h1", "postgresql://h2"]),
            (
                "postgres://u@/d?host=/run/postgresql,h2&port=5432,6432",
                &["postgres://u@%2Frun%2Fpostgresql:5432/d", "postgres://u@h2:6432/d"],
            ),
            (
                "postgres://u@%2Frun%2Fpostgresql/d?user=v",
                &["postgres://u@%2Frun%2Fpostgresql/d?user=v"],
            ),
            (
                "postgres:///d?host=::1,h&port=7",
                &["postgres://[::1]:7/d?host=::1", "postgres://h:7/d"],
            ),
            (
                "postgres://h1,h2/d?target_session_attrs=read-write&options[x]=y",
                &["postgres://h1/d?options[x]=y", "postgres://h2/d?options[x]=y"],
            ),
            ("postgres://h/d?target_session_attrs=any", &["postgres://h/d"]),
        ] {
            assert_eq!(of_each_server(url).unwrap(), each, "{url}");
        }
    }

    #[test]
    fn what_cannot_be_honoured_is_named() {
        for (url, why) in [
            ("postgres:h/d", "must start with postgres://"),
            ("postgres://u:a#b@h/d", "write %23"),
            ("postgres://h1,h2:1,h3/d?port=1,2", "names 3 hosts, but 2 ports"),
            ("postgres://h1,,h2/d", "empty host"),
            ("postgres://[::1/d", "closing bracket"),
            ("postgres://h1,bad host/d", "\"bad host\" is not a host"),
            ("postgres://h/d?target_session_attrs=standby", "target_session_attrs=standby"),
            ("postgres://h/d?keepalives=1", "the parameter keepalives"),
            ("postgres://h/d?hostaddr=10.0.0.1", "the parameter hostaddr"),
        ] {
            let told = of_each_server(url).unwrap_err();
            assert!(told.contains(why), "{url}: {told}");
        }
    }

    #[test]
    fn no_part_of_a_password_is_shown() {
        for url in [
            "postgres://u:hun?ter2@h/d",
            "postgres://u:a@b?ter2@h/d",
            "postgres://u:hun?ter2=x@h/d",
            "postgres://u:hun,t er/2@h/d",
            "postgres://u:hun?target_session_attrs=ter2@h/d",
        ] {
            assert_eq!(of_each_server(url).unwrap_err(), CUT_PASSWORD, "{url}");
        }
    }

    #[test]
    fn an_address_of_ipv6_is_looked_up_without_brackets() {
        for url in ["postgres://u:p@[::1]:5433/d", "postgres://u:p@/d?host=::1&port=5433"] {
            let each = of_each_server(url).unwrap();
            let server: PgConnectOptions = each[0].parse().unwrap();
            assert_eq!((server.get_host(), server.get_port()), ("::1", 5433));
        }
    }
}
