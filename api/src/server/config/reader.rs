use std::{
    fmt, fs,
    net::{IpAddr, SocketAddr},
    str::FromStr,
    time::Duration,
};

use actix_web::http::Uri;
use chrono::TimeDelta;
use ipnet::IpNet;
use service::{
    DbSettings, PasswordCost, SessionRules, database_url, schema,
    users::{FirstAdmin, Password, Username},
};

use super::{MIN_SECRET, Secret};
use crate::http::Network;

/// Where the notes are when nothing else is said.
const DEFAULT_DATABASE: &str = "sqlite://data/teamnotes.db";

/// Reads variables, and keeps what is wrong.
pub(super) struct Reader<'a> {
    pub(super) variable: &'a dyn Fn(&str) -> Option<String>,
    pub(super) wrong: Vec<String>,
}

impl Reader<'_> {
    pub(super) fn plain(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    /// A variable that may be in a file instead, which `<name>_FILE` names.
    pub(super) fn confidential(&mut self, name: &str) -> Option<String> {
        let file_name = format!("{name}_FILE");
        let (value, file) = (self.plain(name), self.plain(&file_name));
        let Some(file) = file else { return value };
        if value.is_some() {
            self.wrong.push(format!("{name} and {file_name} are both set: choose one"));
            return None;
        }
        match fs::read_to_string(&file) {
            Ok(text) => Some(text.trim_end_matches(['\r', '\n']).to_owned()),
            Err(error) => {
                self.wrong.push(format!("{file_name}: {file} can't be read: {error}"));
                None
            }
        }
    }

    pub(super) fn address(&mut self, name: &str) -> Option<SocketAddr> {
        let text = self.plain(name)?;
        let address = text.parse().ok();
        if address.is_none() {
            self.wrong.push(format!("{name} must be like 127.0.0.1:9100, not {text:?}"));
        }
        address
    }

    pub(super) fn number<T: FromStr + PartialOrd + fmt::Display>(
        &mut self,
        name: &str,
        least: T,
        most: T,
    ) -> Option<T> {
        let text = self.plain(name)?;
        match text.parse() {
            Ok(number) if number >= least && number <= most => Some(number),
            _ => {
                let range = format!("an integer from {least} to {most}");
                self.wrong.push(format!("{name} must be {range}, not {text:?}"));
                None
            }
        }
    }

    pub(super) fn word<T, const N: usize>(
        &mut self,
        name: &str,
        words: [(&str, T); N],
    ) -> Option<T> {
        let text = self.plain(name)?;
        let known: Vec<String> = words.iter().map(|(word, _)| (*word).to_owned()).collect();
        let found = words.into_iter().find(|(word, _)| *word == text);
        if found.is_none() {
            self.wrong.push(format!("{name} must be {}, not {text:?}", known.join(" or ")));
        }
        found.map(|(_, value)| value)
    }

    pub(super) fn database(&mut self) -> DbSettings {
        let url = self.confidential("DATABASE_URL").unwrap_or_else(|| DEFAULT_DATABASE.into());
        if let Err(why) = database_url::check(&url) {
            self.wrong.push(format!("DATABASE_URL {why}"));
        }
        let defaults = DbSettings::new(url);
        let seconds = |value: Option<u64>, default| value.map_or(default, Duration::from_secs);
        DbSettings {
            max_connections: self
                .number("DATABASE_MAX_CONNECTIONS", 1, 1_000)
                .unwrap_or(defaults.max_connections),
            acquire_timeout: seconds(
                self.number("DATABASE_ACQUIRE_TIMEOUT", 1, 60),
                defaults.acquire_timeout,
            ),
            statement_timeout: seconds(
                self.number("DATABASE_STATEMENT_TIMEOUT", 1, 3_600),
                defaults.statement_timeout,
            ),
            migration_lock: schema::Lock {
                kind: self
                    .word(
                        "MIGRATION_LOCK",
                        [("auto", schema::LockKind::Auto), ("table", schema::LockKind::Table)],
                    )
                    .unwrap_or_default(),
                timeout: seconds(
                    self.number("MIGRATION_LOCK_TIMEOUT", 1, 3_600),
                    defaults.migration_lock.timeout,
                ),
            },
            ..defaults
        }
    }

    pub(super) fn sessions(&mut self) -> SessionRules {
        const LONGEST: i64 = 10 * 365 * 86_400;
        let defaults = SessionRules::default();
        SessionRules {
            ttl: self.number("SESSION_TTL", 1, LONGEST).map_or(defaults.ttl, TimeDelta::seconds),
            // Uses are written down once a minute: less would end sessions that are in use.
            idle_ttl: self
                .number("SESSION_IDLE_TTL", 120, LONGEST)
                .map_or(defaults.idle_ttl, TimeDelta::seconds),
            limit: self.number("SESSION_LIMIT", 1, 10_000).unwrap_or(defaults.limit),
        }
    }

    pub(super) fn password_cost(&mut self) -> PasswordCost {
        let defaults = PasswordCost::default();
        PasswordCost {
            memory: self
                .number("PASSWORD_HASH_MEMORY", 7 * 1024, PasswordCost::MAX_MEMORY)
                .unwrap_or(defaults.memory),
            passes: self
                .number("PASSWORD_HASH_PASSES", 1, PasswordCost::MAX_PASSES)
                .unwrap_or(defaults.passes),
        }
    }

    pub(super) fn network(&mut self) -> Network {
        let defaults = Network::default();
        Network {
            client_timeout: self
                .number("CLIENT_TIMEOUT", 1, 300)
                .map_or(defaults.client_timeout, Duration::from_secs),
            max_requests: self.number("MAX_REQUESTS", 1, 100_000).unwrap_or(defaults.max_requests),
            trusted_proxies: self.list("TRUSTED_PROXIES", "an address or a network", network),
            cors_origins: self.list("CORS_ORIGINS", "an origin or *", origin),
        }
    }

    /// What is between commas.
    fn list<T>(&mut self, name: &str, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let text = self.plain(name).unwrap_or_default();
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        let mut parsed = Vec::new();
        for item in items {
            match parse(item) {
                Some(item) => parsed.push(item),
                None => self.wrong.push(format!("{name} must have {expected}, not {item:?}")),
            }
        }
        parsed
    }

    pub(super) fn secret(&mut self, database: &DbSettings) -> Option<Secret> {
        let secret = self.confidential("SECRET").map(|secret| Secret(secret.into_bytes()));
        match &secret {
            Some(Secret(bytes)) if bytes.len() < MIN_SECRET => {
                let length = bytes.len();
                self.wrong
                    .push(format!("SECRET must have {MIN_SECRET} bytes at least, not {length}"));
            }
            None if !database.is_sqlite() => {
                self.wrong
                    .push("SECRET must be set on PostgreSQL, the same for all instances".into());
            }
            _ => {}
        }
        secret
    }

    pub(super) fn first_admin(&mut self) -> Option<FirstAdmin> {
        let (username, password) =
            (self.plain("ADMIN_USERNAME"), self.confidential("ADMIN_PASSWORD"));
        let (username, password) = match (username, password) {
            (Some(username), Some(password)) => (username, password),
            (None, None) => return None,
            _ => {
                self.wrong.push("ADMIN_USERNAME and ADMIN_PASSWORD must be set together".into());
                return None;
            }
        };
        let username = Username::parse(username);
        let password = Password::parse(password);
        if let Err(why) = &username {
            self.wrong.push(format!("ADMIN_USERNAME {why}"));
        }
        if let Err(why) = &password {
            self.wrong.push(format!("ADMIN_PASSWORD {why}"));
        }
        Some(FirstAdmin { username: username.ok()?, password: password.ok()? })
    }
}

/// `10.0.0.0/8`, or one address.
fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// As browsers send it: scheme, host, and port unless it is the scheme's own; no path.
fn origin(text: &str) -> Option<String> {
    let is_origin = text == "*"
        || text.parse::<Uri>().is_ok_and(|uri| {
            let scheme = uri.scheme_str().unwrap_or_default();
            let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
            !authority.contains('@') && text == format!("{scheme}://{authority}")
        });
    is_origin.then(|| text.to_owned())
}
