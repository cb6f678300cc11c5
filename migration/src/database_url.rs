//! Valid values of `DATABASE_URL`.

use sea_orm_migration::sea_orm::sqlx::{
    Error, postgres::PgConnectOptions, sqlite::SqliteConnectOptions,
};

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
        Some(("postgres" | "postgresql", _)) => url.parse::<PgConnectOptions>().map(drop),
        _ => return Err("must start with sqlite: or postgres:".into()),
    };
    parsed.map_err(|error| match error {
        Error::Configuration(why) => format!("is not a valid URL: {why}"),
        _ => "is not a valid URL".into(),
    })
}

/// SQLite takes an empty name for a temporary file, which is deleted with its last connection.
fn names_no_file(rest: &str) -> bool {
    let (path, _) = rest.split_once('?').unwrap_or((rest, ""));
    path.trim_start_matches('/').is_empty()
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
            ("sqlite:///?mode=rwc", "must name a file"),
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
