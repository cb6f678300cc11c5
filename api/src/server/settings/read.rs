use std::{
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    time::Duration,
};

use chrono::TimeDelta;
use ipnet::IpNet;
use service::{
    DbSettings, Limits, PasswordCost, SessionRules, database_url,
    notes::Visibility,
    settings::{Reader, Setting},
    users::{FirstAdmin, Password, Registration, Username},
};
use url::{Origin, Url};

use super::{MIN_SECRET, Secret, Settings, table};
use crate::{
    http::{Network, PublicUrl},
    server::logging::LogFormat,
};

pub(super) fn settings(reader: &mut Reader<'_>) -> Settings {
    let database = database(reader);
    Settings {
        secret: secret(reader, &database),
        database,
        host: host(reader),
        port: reader.number(&table::PORT),
        sessions: sessions(reader),
        registration: match reader.word(&table::REGISTRATION) {
            "closed" => Registration::Closed,
            _ => Registration::Open,
        },
        anonymous_access: reader.word(&table::ANONYMOUS_ACCESS) == "on",
        first_admin: first_admin(reader),
        log_format: match reader.word(&table::LOG_FORMAT) {
            "json" => LogFormat::Json,
            _ => LogFormat::Text,
        },
        log_filter: log_filter(reader),
        metrics_address: metrics_address(reader),
        password_cost: password_cost(reader),
        wait_for_database: reader.seconds(&table::WAIT_FOR_DATABASE),
        auto_migrate: reader.word(&table::AUTO_MIGRATE) == "true",
        login_rate_limit: reader.word(&table::LOGIN_RATE_LIMIT) == "on",
        rate_limits: rate_limits(reader),
        require_if_match: reader.word(&table::REQUIRE_IF_MATCH) == "on",
        default_visibility: match reader.word(&table::DEFAULT_VISIBILITY) {
            "private" => Visibility::Private,
            _ => Visibility::Public,
        },
        server_timing: reader.word(&table::SERVER_TIMING) == "on",
        web: reader.word(&table::WEB) == "on",
        network: network(reader),
    }
}

pub(super) fn database(reader: &mut Reader<'_>) -> DbSettings {
    let settings = DbSettings {
        max_connections: reader.number(&table::DATABASE_MAX_CONNECTIONS),
        acquire_timeout: reader.seconds(&table::DATABASE_ACQUIRE_TIMEOUT),
        read_timeout: reader.seconds(&table::DATABASE_READ_TIMEOUT),
        statement_timeout: reader.seconds(&table::DATABASE_STATEMENT_TIMEOUT),
        replica_urls: replica_urls(reader),
        replica_wait: Duration::from_millis(reader.number(&table::DATABASE_REPLICA_WAIT)),
        migration_lock: reader.migration_lock(),
        ..DbSettings::new(reader.database_url())
    };
    if settings.is_sqlite() && !settings.replica_urls.is_empty() {
        reader.reject(&table::DATABASE_REPLICA_URLS, "needs a DATABASE_URL of PostgreSQL");
    }
    settings
}

/// The URL of each standby. A comma before another URL separates them, as one URL may have several hosts, which is
/// rejected. What is wrong is said without showing the URLs, which may have passwords.
fn replica_urls(reader: &mut Reader<'_>) -> Vec<String> {
    let text = reader.text(&table::DATABASE_REPLICA_URLS).unwrap_or_default();
    let mut urls: Vec<String> = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        match urls.last_mut() {
            Some(url) if !part.contains("://") => *url = format!("{url},{part}"),
            _ => urls.push(part.to_owned()),
        }
    }
    let mut replicas = Vec::new();
    for (place, url) in urls.iter().enumerate() {
        match database_url::of_replica(url) {
            Ok(replica) => replicas.push(replica),
            Err(why) => {
                let why = format!("is invalid: URL {} {why}", place + 1);
                reader.reject(&table::DATABASE_REPLICA_URLS, why);
            }
        }
    }
    replicas
}

pub(super) fn password_cost(reader: &mut Reader<'_>) -> PasswordCost {
    PasswordCost {
        memory: reader.number(&table::PASSWORD_HASH_MEMORY),
        passes: reader.number(&table::PASSWORD_HASH_PASSES),
    }
}

fn rate_limits(reader: &mut Reader<'_>) -> Limits {
    Limits {
        user_from_network: reader.number(&table::LOGIN_LIMIT),
        network: reader.number(&table::LOGIN_LIMIT_ADDRESS),
        user: reader.number(&table::LOGIN_LIMIT_USER),
        sign_ups: reader.number(&table::SIGN_UP_LIMIT),
    }
}

fn sessions(reader: &mut Reader<'_>) -> SessionRules {
    let mut duration = |setting| TimeDelta::seconds(reader.number::<u32>(setting).into());
    SessionRules {
        ttl: duration(&table::SESSION_TTL),
        idle_ttl: duration(&table::SESSION_IDLE_TTL),
        limit: reader.number(&table::SESSION_LIMIT),
    }
}

fn network(reader: &mut Reader<'_>) -> Network {
    Network {
        client_timeout: reader.seconds(&table::CLIENT_TIMEOUT),
        max_requests: reader.number(&table::MAX_REQUESTS),
        public_url: public_url(reader),
        trusted_proxies: reader.list(&table::TRUSTED_PROXIES, ip_net),
        cors_origins: reader.list(&table::CORS_ORIGINS, origin),
        ..Network::default()
    }
}

fn public_url(reader: &mut Reader<'_>) -> Option<PublicUrl> {
    let text = reader.text(&table::PUBLIC_URL)?;
    let url = PublicUrl::parse(&text);
    if let Err(why) = &url {
        reader.reject(&table::PUBLIC_URL, why);
    }
    url.ok()
}

/// The addresses of the host, at least one.
fn host(reader: &mut Reader<'_>) -> Vec<IpAddr> {
    let host = reader.text(&table::HOST).unwrap_or_default();
    match (host.as_str(), 0).to_socket_addrs() {
        Ok(addresses) => addresses.map(|address| address.ip()).collect(),
        Err(error) => {
            let why = format!("must be an address or a host name, not {host:?}: {error}");
            reader.reject(&table::HOST, why);
            Vec::new()
        }
    }
}

fn secret(reader: &mut Reader<'_>, database: &DbSettings) -> Option<Secret> {
    let secret = reader.bytes(&table::SECRET).map(Secret);
    match &secret {
        Some(Secret(bytes)) if bytes.len() < MIN_SECRET => {
            let length = bytes.len();
            reader.reject(
                &table::SECRET,
                format!("must have at least {MIN_SECRET} bytes, not {length}"),
            );
        }
        None if !database.is_sqlite() && !reader.has_failed(&table::SECRET) => {
            let why = "must be set on PostgreSQL, to the same value for all instances";
            reader.reject(&table::SECRET, why);
        }
        _ => {}
    }
    secret
}

fn first_admin(reader: &mut Reader<'_>) -> Option<FirstAdmin> {
    let username = reader.text(&table::ADMIN_USERNAME);
    let password = reader.text(&table::ADMIN_PASSWORD);
    let (username, password) = match (username, password) {
        (Some(username), Some(password)) => (username, password),
        (None, Some(_)) => return reject(reader, &table::ADMIN_USERNAME),
        (Some(_), None) => return reject(reader, &table::ADMIN_PASSWORD),
        (None, None) => return None,
    };
    let username = Username::parse(username);
    if let Err(why) = &username {
        reader.reject(&table::ADMIN_USERNAME, why);
    }
    let password = Password::parse(password);
    if let Err(why) = &password {
        reader.reject(&table::ADMIN_PASSWORD, why);
    }
    Some(FirstAdmin { username: username.ok()?, password: password.ok()? })
}

fn reject<T>(reader: &mut Reader<'_>, missing: &Setting) -> Option<T> {
    if !reader.has_failed(missing) {
        reader.reject(missing, "must be set: ADMIN_USERNAME and ADMIN_PASSWORD need each other");
    }
    None
}

fn log_filter(reader: &mut Reader<'_>) -> Option<String> {
    let filter = reader.text(&table::RUST_LOG)?;
    if let Err(error) = env_filter::Builder::new().try_parse(&filter) {
        reader.reject(&table::RUST_LOG, format!("must be a level, optionally per module: {error}"));
    }
    Some(filter)
}

fn metrics_address(reader: &mut Reader<'_>) -> Option<SocketAddr> {
    let text = reader.text(&table::METRICS_ADDR)?;
    let address = text.parse().ok();
    if address.is_none() {
        let why = format!("must be an address and a port, such as 127.0.0.1:9100, not {text:?}");
        reader.reject(&table::METRICS_ADDR, why);
    }
    address
}

/// A network such as `10.0.0.0/8`, or a single address.
fn ip_net(text: &str) -> Result<IpNet, String> {
    let network = text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    network.ok_or_else(|| "it is neither an address nor a network, such as 10.0.0.0/8".into())
}

/// An origin as browsers send it: in lower case, without the scheme's own port.
fn origin(text: &str) -> Result<String, String> {
    if text == "*" {
        return Ok(text.into());
    }
    let url = Url::parse(text).map_err(|error| format!("it is not an origin: {error}"))?;
    let origin = match url.origin() {
        origin @ Origin::Tuple(..) => origin.ascii_serialization(),
        // An origin with a scheme that is specific to some browsers, such as that of an extension.
        Origin::Opaque(_) => format!("{}://{}", url.scheme(), url.authority()),
    };
    let has_more = !url.path().trim_start_matches('/').is_empty()
        || url.query().is_some()
        || url.fragment().is_some()
        || url.authority().contains('@');
    match url.has_authority() {
        true if has_more => Err(format!("an origin has no path or user; write {origin}")),
        true => Ok(origin),
        false => Err("it is not an origin, such as https://notes.example.org".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_normalised_as_browsers_send_them() {
        for (text, expected) in [
            ("https://Notes.Example.org:443", "https://notes.example.org"),
            ("HTTP://localhost:80", "http://localhost"),
            ("https://notes.example.org/", "https://notes.example.org"),
            ("http://localhost:5173", "http://localhost:5173"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("http://[0:0:0:0:0:0:0:1]:8080", "http://[::1]:8080"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("*", "*"),
        ] {
            assert_eq!(origin(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn an_invalid_origin_is_rejected_with_the_right_spelling_if_there_is_one() {
        for (text, told) in [
            ("https://Notes.example.org/app", "write https://notes.example.org"),
            ("https://user@notes.example.org", "write https://notes.example.org"),
            ("https://notes.example.org?x", "write https://notes.example.org"),
            ("notes.example.org", "not an origin"),
            ("null", "not an origin"),
            ("mailto:someone@example.org", "not an origin"),
        ] {
            let why = origin(text).unwrap_err();
            assert!(why.contains(told), "{text}: {why}");
        }
    }
}
