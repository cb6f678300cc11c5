//! Valid values of `DATABASE_URL`.

mod postgres;

pub(crate) use postgres::of_each_server;

use percent_encoding::percent_decode_str;
use sea_orm_migration::sea_orm::sqlx::{
    Error, postgres::PgConnectOptions, sqlite::SqliteConnectOptions,
};

/// The databases that a URL can name.
pub const ENGINES: [&str; 2] = ["SQLite", "PostgreSQL"];

/// Checks that it is a URL of SQLite or PostgreSQL, without connecting.
///
/// # Errors
/// The reason why it is not, as the rest of a sentence that starts with the name of the setting. It does
/// not contain the URL, which may have a password.
pub fn check(url: &str) -> Result<(), String> {
    let parsed = match url.split_once(':') {
        Some(("sqlite", rest)) if names_no_file(rest) => {
            return Err("must name a file, or be sqlite::memory:".into());
        }
        Some(("sqlite", _)) => url.parse::<SqliteConnectOptions>().map(drop),
        Some(("postgres" | "postgresql", _)) => {
            let servers = of_each_server(url)?;
            servers.iter().try_for_each(|url| url.parse::<PgConnectOptions>().map(drop))
        }
        _ => return Err("must start with sqlite: or postgres:".into()),
    };
    parsed.map_err(|error| match error {
        Error::Configuration(why) => format!("is not a valid URL: {why}"),
        _ => "is not a valid URL".into(),
    })
}

/// Checks that it is a URL of one PostgreSQL server, and returns it as the driver reads it.
///
/// # Errors
/// As [`check`].
pub fn of_replica(url: &str) -> Result<String, String> {
    check(url)?;
    let servers = of_each_server(url).map_err(|_sqlite| "must start with postgres:")?;
    match <[String; 1]>::try_from(servers) {
        Ok([server]) => Ok(server),
        Err(_several) => Err("must name one host".into()),
    }
}

/// SQLite takes an empty name for a temporary file, which is deleted with its last connection, and has
/// several names for a database in memory. A file must not be lost because of how it was spelled.
fn names_no_file(rest: &str) -> bool {
    if rest == ":memory:" {
        return false;
    }
    let decoded = percent_decode_str(rest).decode_utf8_lossy();
    let (path, options) = decoded.split_once('?').unwrap_or((&decoded, ""));
    let path = path.strip_prefix("//").unwrap_or(path);
    let is_in_memory = path.contains(":memory:") || options.contains("mode=memory");
    path.is_empty() || path.ends_with('/') || path.starts_with("file:") || is_in_memory
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_explain_without_showing_the_password() {
        for url in [
            "sqlite:a.db",
            "sqlite::memory:",
            "sqlite://data/a.db?mode=rwc",
            "postgres://u:p@h/d",
            "postgresql://u:p%40@h:5433/d?sslmode=require",
        ] {
            assert_eq!(check(url), Ok(()), "{url}");
        }
        for (url, why) in [
            ("", "must start with"),
            ("notes.db", "must start with"),
            ("sqlite:", "must name a file"),
            ("sqlite://", "must name a file"),
            ("sqlite:?mode=rwc", "must name a file"),
            ("sqlite:///", "must name a file"),
            ("sqlite:///?mode=rwc", "must name a file"),
            ("sqlite:data/", "must name a file"),
            ("sqlite://:memory:", "must name a file"),
            ("sqlite:%3Amemory%3a", "must name a file"),
            ("sqlite::memory:?cache=shared", "must name a file"),
            ("sqlite:a.db?mode=memory", "must name a file"),
            ("sqlite:a.db?cache=shared&mode=%6demory", "must name a file"),
            ("sqlite:file::memory:", "must name a file"),
            ("sqlite:file:a.db", "must name a file"),
            ("mysql://u:hunter2@h/d", "must start with"),
            ("postgres://u:hunter2@h:99999/d", "invalid port number"),
            ("postgres://u:hunter2@bad host/d", "is not a valid URL"),
            ("postgres://u:hunter2@h/d?sslmode=maybe", "is not a valid URL"),
            ("sqlite:a.db?mode=hunter2", "is not a valid URL"),
        ] {
            let told = check(url).unwrap_err();
            assert!(told.contains(why), "{url}: {told}");
            assert!(!told.contains("u:hunter2"), "{told}");
        }
    }
}
