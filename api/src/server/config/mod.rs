//! Settings: from the environment and `.env`. All that is wrong with them is told at once.

mod reader;

use std::{fmt, net::SocketAddr};

use reader::Reader;
use service::{
    DbSettings, PasswordCost, SessionRules,
    users::{FirstAdmin, Registration},
};

use crate::{http::Network, server::logging::LogFormat};

/// The shortest secret for tokens, in bytes: as long as what HMAC-SHA-256 makes of it.
pub(crate) const MIN_SECRET: usize = 32;

/// How the service runs.
#[derive(Debug)]
pub struct Settings {
    /// The database.
    pub database: DbSettings,
    /// The address to listen at.
    pub host: String,
    /// The port to listen at; 0 for any.
    pub port: u16,
    /// What tokens are signed with; made and kept when it is missing, on SQLite.
    pub secret: Option<Secret>,
    /// How long sessions last, and how many a user has.
    pub sessions: SessionRules,
    /// Who may sign up.
    pub registration: Registration,
    /// Who becomes an admin when there is none.
    pub first_admin: Option<FirstAdmin>,
    /// How the log is written.
    pub log_format: LogFormat,
    /// Where `/metrics` is served instead of beside the API.
    pub metrics_address: Option<SocketAddr>,
    /// What hashing a password costs.
    pub password_cost: PasswordCost,
    /// Whether the schema is brought up to date at start.
    pub auto_migrate: bool,
    /// Whether logging in and signing up is slowed down for those who try too often.
    pub login_rate_limit: bool,
    /// What clients and what is between may do.
    pub network: Network,
}

/// Bytes that are not for the log.
#[derive(Clone)]
pub struct Secret(pub Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What is wrong with the settings, a line each.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("these settings are wrong:\n  {}", .0.join("\n  "))]
pub struct SettingsError(pub Vec<String>);

impl Settings {
    /// Reads the settings from the environment, into which `.env` is read first.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn from_environment() -> Result<Self, SettingsError> {
        load_dotenv()?;
        Self::read(&variable)
    }

    /// Reads those of the database alone: what acts on it directly needs no secret.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn database_from_environment() -> Result<DbSettings, SettingsError> {
        Self::part_from_environment(|reader| reader.database())
    }

    /// Reads what hashes of passwords cost alone.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn password_cost_from_environment() -> Result<PasswordCost, SettingsError> {
        Self::part_from_environment(|reader| reader.password_cost())
    }

    fn part_from_environment<T>(
        read: impl FnOnce(&mut Reader<'_>) -> T,
    ) -> Result<T, SettingsError> {
        load_dotenv()?;
        let mut reader = Reader { variable: &variable, wrong: Vec::new() };
        let part = read(&mut reader);
        if reader.wrong.is_empty() { Ok(part) } else { Err(SettingsError(reader.wrong)) }
    }

    /// Reads the settings through `variable`. An empty one is none.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn read(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut reader = Reader { variable, wrong: Vec::new() };
        let database = reader.database();
        let settings = Self {
            secret: reader.secret(&database),
            database,
            host: reader.plain("HOST").unwrap_or_else(|| "127.0.0.1".into()),
            port: reader.number("PORT", 0, 65_535).unwrap_or(3001),
            sessions: reader.sessions(),
            registration: reader
                .word(
                    "REGISTRATION",
                    [("open", Registration::Open), ("closed", Registration::Closed)],
                )
                .unwrap_or(Registration::Open),
            first_admin: reader.first_admin(),
            log_format: reader
                .word("LOG_FORMAT", [("text", LogFormat::Text), ("json", LogFormat::Json)])
                .unwrap_or_default(),
            metrics_address: reader.address("METRICS_ADDR"),
            password_cost: reader.password_cost(),
            auto_migrate: reader
                .word("AUTO_MIGRATE", [("true", true), ("false", false)])
                .unwrap_or(true),
            login_rate_limit: reader
                .word("LOGIN_RATE_LIMIT", [("on", true), ("off", false)])
                .unwrap_or(true),
            network: reader.network(),
        };
        if reader.wrong.is_empty() { Ok(settings) } else { Err(SettingsError(reader.wrong)) }
    }
}

fn load_dotenv() -> Result<(), SettingsError> {
    match dotenvy::dotenv() {
        Err(error) if !error.not_found() => {
            Err(SettingsError(vec![format!(".env can't be read: {error}")]))
        }
        _ => Ok(()),
    }
}

/// A variable of the environment. One that is no UTF-8 is read with signs for what is not, so that
/// it is refused rather than taken for unset.
fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use ipnet::IpNet;

    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
        Settings::read(&|name| find(name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_defaults_are_a_file_under_data_and_loopback() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.database.url, "sqlite://data/teamnotes.db");
        assert_eq!((settings.host.as_str(), settings.port), ("127.0.0.1", 3001));
        assert_eq!(settings.sessions, SessionRules::default());
        assert_eq!(settings.network, Network::default());
        assert_eq!(settings.password_cost, PasswordCost::default());
        assert!(settings.login_rate_limit && settings.auto_migrate);
    }

    #[test]
    fn all_mistakes_are_told_at_once_and_no_value_of_a_secret() {
        let wrong = read(&[
            ("DATABASE_URL", "mysql://root:hunter2@db"),
            ("PORT", "70000"),
            ("SECRET", "hunter2"),
            ("SESSION_TTL", "0"),
            ("REGISTRATION", "maybe"),
            ("ADMIN_USERNAME", "admin"),
            ("SESSION_IDLE_TTL", "1"),
            ("PASSWORD_HASH_MEMORY", "8"),
            ("TRUSTED_PROXIES", "10.0.0.0/8, proxy"),
            ("CORS_ORIGINS", "https://notes.example.org/"),
        ]);
        let SettingsError(wrong) = wrong.unwrap_err();
        let names = [
            "DATABASE_URL",
            "PORT",
            "SECRET",
            "SESSION_TTL",
            "REGISTRATION",
            "ADMIN_",
            "SESSION_IDLE_TTL",
            "PASSWORD_HASH_MEMORY",
            "TRUSTED_PROXIES",
            "CORS_ORIGINS",
        ];
        for name in names {
            assert!(wrong.iter().any(|line| line.contains(name)), "{name} in {wrong:?}");
        }
        assert!(!wrong.join("").contains("hunter2"));
    }

    #[test]
    fn lists_are_divided_by_commas() {
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
        assert_eq!(wrong, ["SECRET must be set on PostgreSQL, the same for all instances"]);
    }

    #[test]
    fn a_secret_may_be_in_a_file_but_not_in_both() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("secret");
        fs::write(&file, "0123456789abcdef0123456789abcdef\n").unwrap();
        let file = file.to_str().unwrap();
        let settings = read(&[("SECRET_FILE", file)]).unwrap();
        assert_eq!(settings.secret.unwrap().0.len(), 32);
        assert!(read(&[("SECRET_FILE", file), ("SECRET", "x")]).is_err());
    }
}
