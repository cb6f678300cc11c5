//! What `DATABASE_URL` may be.

use sea_orm_migration::sea_orm::sqlx::{
    Error, postgres::PgConnectOptions, sqlite::SqliteConnectOptions,
};

/// Whether it names a database of SQLite or PostgreSQL. Connects to none.
///
/// # Errors
/// Why not, to go on after the name of the setting. The URL is not in it: it may have a password.
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
        Error::Configuration(why) => format!("can't be understood: {why}"),
        _ => "can't be understood".into(),
    })
}

/// SQLite would take an empty name for a temporary file, which is gone with its last connection.
fn names_no_file(rest: &str) -> bool {
    let (path, _) = rest.split_once('?').unwrap_or((rest, ""));
    path.trim_start_matches('/').is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_and_the_password_is_not() {
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
            ("postgres://u:hunter2@bad host/d", "can't be understood"),
            ("postgres://u:hunter2@h/d?sslmode=maybe", "can't be understood"),
            ("sqlite:a.db?mode=hunter2", "can't be understood"),
        ] {
            let told = check(url).unwrap_err();
            assert!(told.contains(why), "{url}: {told}");
            assert!(!told.contains("u:hunter2"), "{told}");
        }
    }
}
