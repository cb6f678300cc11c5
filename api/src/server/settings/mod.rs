//! Settings: read from the environment and from `.env`, as `table.rs` describes them.

pub(crate) mod listing;
mod read;
pub(crate) mod table;

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

pub use service::settings::SettingsError;
use service::{
    DbSettings, Limits, PasswordCost, SessionRules,
    notes::Visibility,
    settings::{Environment, Reader},
    users::{FirstAdmin, Registration},
};

use crate::{http::Network, server::logging::LogFormat};

/// The minimum length of the secret that signs tokens, in bytes: that of an HMAC-SHA-256.
pub(crate) const MIN_SECRET: usize = 32;

/// How the service runs.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Settings {
    /// The database.
    pub database: DbSettings,
    /// The addresses to listen on.
    pub host: Vec<IpAddr>,
    /// The port to listen on; 0 for any free one.
    pub port: u16,
    /// The key that signs tokens; if missing, one is created and kept on SQLite.
    pub secret: Option<Secret>,
    /// How long sessions last, and how many a user has.
    pub sessions: SessionRules,
    /// Who may sign up.
    pub registration: Registration,
    /// Whether one can read without a session or an API token.
    pub anonymous_access: bool,
    /// The admin to create if there is none.
    pub first_admin: Option<FirstAdmin>,
    /// How the log is written.
    pub log_format: LogFormat,
    /// What is logged, if not the default.
    pub log_filter: Option<String>,
    /// Where `/metrics` is served, if not next to the API.
    pub metrics_address: Option<SocketAddr>,
    /// What hashing a password costs.
    pub password_cost: PasswordCost,
    /// How long to wait at start for a database that is away or read-only.
    pub wait_for_database: Duration,
    /// Whether the database is migrated at start.
    pub auto_migrate: bool,
    /// Whether logins and sign-ups are rate limited.
    pub login_rate_limit: bool,
    /// How many wrong passwords and sign-ups are allowed, if they are.
    pub rate_limits: Limits,
    /// Whether changes of notes, users and teams must have `If-Match`.
    pub require_if_match: bool,
    /// Who sees a new note whose author does not say.
    pub default_visibility: Visibility,
    /// Whether responses say what the database took for them.
    pub server_timing: bool,
    /// Whether the page for people is served.
    pub web: bool,
    /// Limits on clients, and trust in proxies.
    pub network: Network,
}

/// A key, which never appears in the log.
#[derive(Clone)]
pub struct Secret(pub Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Settings {
    /// Reads the settings from the environment and from `.env`.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn from_environment() -> Result<Self, SettingsError> {
        Self::read(&Environment::load()?)
    }

    /// Reads only the settings of the database: commands that work on it need no secret.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn database_from_environment() -> Result<DbSettings, SettingsError> {
        part(&Environment::load()?, read::database)
    }

    /// Reads only the cost of hashing passwords.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn password_cost_from_environment() -> Result<PasswordCost, SettingsError> {
        part(&Environment::load()?, read::password_cost)
    }

    /// Reads the settings from these variables.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn read(environment: &Environment) -> Result<Self, SettingsError> {
        part(environment, read::settings)
    }
}

fn part<T>(
    environment: &Environment,
    read: impl FnOnce(&mut Reader<'_>) -> T,
) -> Result<T, SettingsError> {
    let mut reader = Reader::new(environment);
    let part = read(&mut reader);
    reader.finish(part)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use ipnet::IpNet;
    use service::{schema::LockKind, settings::Values};

    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::read(&variables.iter().copied().collect())
    }

    #[test]
    fn the_defaults_are_a_file_in_data_and_loopback() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.database.url, "sqlite://data/teamnotes.db");
        assert_eq!((settings.host, settings.port), (vec![IpAddr::from([127, 0, 0, 1])], 3001));
        assert_eq!(settings.sessions, SessionRules::default());
        assert_eq!(settings.network, Network::default());
        assert_eq!(settings.password_cost, PasswordCost::default());
        assert!(settings.login_rate_limit && settings.auto_migrate && settings.anonymous_access);
        assert!(settings.web);
        assert_eq!(settings.rate_limits, Limits::default());
        let DbSettings {
            url,
            max_connections,
            acquire_timeout,
            read_timeout,
            statement_timeout,
            ..
        } = DbSettings::new(settings.database.url);
        assert_eq!(settings.database.max_connections, max_connections, "{url}");
        assert_eq!(settings.database.acquire_timeout, acquire_timeout);
        assert_eq!(settings.database.read_timeout, read_timeout);
        assert_eq!(settings.database.statement_timeout, statement_timeout);
    }

    #[test]
    fn every_setting_of_the_table_is_read_and_checked() {
        for setting in listing::all() {
            let SettingsError(wrong) = read(&[(setting.name, "a=b=c")]).unwrap_err();
            assert!(wrong[0].contains(setting.name), "{wrong:?}");
        }
    }

    #[test]
    fn every_number_can_be_the_minimum_and_the_maximum_of_its_range() {
        for setting in listing::all() {
            if let Values::Number { min, max } = setting.values {
                for number in [min, max] {
                    read(&[(setting.name, &number.to_string())]).unwrap();
                }
            }
        }
    }

    #[test]
    fn every_word_has_an_effect() {
        let settings = read(&[
            ("AUTO_MIGRATE", "false"),
            ("REGISTRATION", "closed"),
            ("ANONYMOUS_ACCESS", "off"),
            ("DEFAULT_VISIBILITY", "private"),
            ("LOGIN_RATE_LIMIT", "off"),
            ("LOG_FORMAT", "json"),
            ("WEB", "off"),
            ("MIGRATION_LOCK", "table"),
        ]);
        let settings = settings.unwrap();
        assert!(!settings.auto_migrate && !settings.login_rate_limit);
        assert!(!settings.anonymous_access && !settings.web);
        assert_eq!(settings.registration, Registration::Closed);
        assert_eq!(settings.default_visibility, Visibility::Private);
        assert_eq!(settings.log_format, LogFormat::Json);
        assert_eq!(settings.database.migration_lock.kind, LockKind::Table);
    }

    #[test]
    fn a_host_that_does_not_resolve_is_invalid() {
        let SettingsError(wrong) = read(&[("HOST", "not a host")]).unwrap_err();
        assert!(wrong[0].starts_with("HOST must be an address"), "{wrong:?}");
        assert_eq!(read(&[("HOST", "::1")]).unwrap().host, ["::1".parse::<IpAddr>().unwrap()]);
    }

    #[test]
    fn all_mistakes_are_reported_at_once_without_secrets() {
        let wrong = read(&[
            ("DATABASE_URL", "mysql://root:hunter2@db"),
            ("DATABASE_REPLICA_URLS", "postgres://db/x, postgres://u:hunter2@a,b/x"),
            ("PORT", "70000"),
            ("SECRET", "hunter2"),
            ("SESSION_TTL", "0"),
            ("REGISTRATION", "maybe"),
            ("ADMIN_USERNAME", "admin"),
            ("SESSION_IDLE_TTL", "1"),
            ("PASSWORD_HASH_MEMORY", "8"),
            ("PUBLIC_URL", "notes.example.org"),
            ("TRUSTED_PROXIES", "10.0.0.0/8, proxy"),
            ("CORS_ORIGINS", "https://notes.example.org/app"),
            ("HOST", "not a host"),
            ("RUST_LOG", "a=b=c"),
        ]);
        let SettingsError(wrong) = wrong.unwrap_err();
        let names = [
            "DATABASE_URL",
            "DATABASE_REPLICA_URLS",
            "PORT",
            "SECRET",
            "SESSION_TTL",
            "REGISTRATION",
            "ADMIN_",
            "SESSION_IDLE_TTL",
            "PASSWORD_HASH_MEMORY",
            "PUBLIC_URL",
            "TRUSTED_PROXIES",
            "CORS_ORIGINS",
            "HOST",
            "RUST_LOG",
        ];
        for name in names {
            assert!(wrong.iter().any(|line| line.contains(name)), "{name} in {wrong:?}");
        }
        assert!(!wrong.join("").contains("hunter2"));
    }

    #[test]
    fn lists_are_separated_by_commas() {
        let settings = read(&[
            ("TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8,::1"),
            ("CORS_ORIGINS", "https://a.example, http://localhost:5173"),
        ]);
        let network = settings.unwrap().network;
        let trusted: Vec<String> = network.trusted_proxies.iter().map(IpNet::to_string).collect();
        assert_eq!(trusted, ["127.0.0.1/32", "10.0.0.0/8", "::1/128"]);
        assert_eq!(network.cors_origins, ["https://a.example", "http://localhost:5173"]);
    }

    #[test]
    fn postgres_needs_a_secret() {
        let SettingsError(wrong) = read(&[("DATABASE_URL", "postgres://db/x")]).unwrap_err();
        assert_eq!(
            wrong,
            ["SECRET must be set on PostgreSQL, to the same value for all instances"]
        );
    }

    #[test]
    fn a_secret_can_be_in_a_file_but_not_in_both_places() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("secret");
        fs::write(&file, "0123456789abcdef0123456789abcdef\n").unwrap();
        let file = file.to_str().unwrap();
        let settings = read(&[("SECRET_FILE", file)]).unwrap();
        assert_eq!(settings.secret.unwrap().0.len(), 32);
        assert!(read(&[("SECRET_FILE", file), ("SECRET", "x")]).is_err());
    }

    #[test]
    fn a_secret_can_be_bytes_that_are_not_text() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("secret");
        let bytes: Vec<u8> = (0xe0..=0xff).collect();
        fs::write(&file, &bytes).unwrap();
        let settings = read(&[("SECRET_FILE", file.to_str().unwrap())]).unwrap();
        assert_eq!(settings.secret.unwrap().0, bytes);
    }
}
