//! What is at the other end of a connection.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use crate::MigrationError;

/// The encoding that can represent any text.
const UTF8: &str = "UTF8";

/// Servers that speak PostgreSQL's protocol but can't roll back every change of a schema, and what their
/// `version()` contains.
const LOOKALIKES: [(&str, &str); 5] = [
    ("CockroachDB", "CockroachDB"),
    ("YugabyteDB", "-YB-"),
    ("Amazon Redshift", "Redshift"),
    ("Materialize", "Materialize"),
    ("QuestDB", "QuestDB"),
];

/// Requires a database that can store any text, as those on SQLite can.
///
/// # Errors
/// [`MigrationError::Encoding`] for one on PostgreSQL that is not in UTF-8.
pub async fn require_utf8(db: &impl ConnectionTrait) -> Result<(), MigrationError> {
    match ask(db, "SHOW server_encoding").await? {
        Some(encoding) if encoding != UTF8 => Err(MigrationError::Encoding(encoding)),
        _ => Ok(()),
    }
}

/// Requires a server that can try a change of the schema and roll it back.
///
/// # Errors
/// [`MigrationError::NoRollback`] for one that only resembles PostgreSQL.
pub(crate) async fn require_rollback(db: &impl ConnectionTrait) -> Result<(), MigrationError> {
    match lookalike(db).await? {
        Some(server) => Err(MigrationError::NoRollback(server)),
        None => Ok(()),
    }
}

/// The name of the server, if it only resembles PostgreSQL.
///
/// # Errors
/// If the database can't be read.
pub(crate) async fn lookalike(
    db: &impl ConnectionTrait,
) -> Result<Option<&'static str>, MigrationError> {
    let version = ask(db, "SELECT version()").await?;
    Ok(version.as_deref().and_then(lookalike_of))
}

/// The name of the server with this version, as `version()` returns it, if it only resembles PostgreSQL.
pub fn lookalike_of(version: &str) -> Option<&'static str> {
    let known = LOOKALIKES.iter().find(|(_, part)| version.contains(part));
    match known {
        Some((name, _)) => Some(name),
        None if version.starts_with("PostgreSQL ") => None,
        None => Some("not PostgreSQL"),
    }
}

/// The text that PostgreSQL answers; nothing on SQLite.
async fn ask(db: &impl ConnectionTrait, sql: &str) -> Result<Option<String>, DbErr> {
    if db.get_database_backend() != DbBackend::Postgres {
        return Ok(None);
    }
    let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    row.map(|row| row.try_get_by_index(0)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_that_only_resemble_postgresql_are_recognised() {
        for (version, server) in [
            ("PostgreSQL 15.8 (Debian 15.8-0+deb12u1) on x86_64-pc-linux-gnu", None),
            ("PostgreSQL 17.2 on aarch64-unknown-linux-musl, compiled by gcc", None),
            ("CockroachDB CCL v24.1.0 (x86_64-pc-linux-gnu)", Some("CockroachDB")),
            ("PostgreSQL 15.2-YB-2.25.0.0-b0 on x86_64-pc-linux-gnu", Some("YugabyteDB")),
            ("PostgreSQL 8.0.2 on i686-pc-linux-gnu, Redshift 1.0.77467", Some("Amazon Redshift")),
            ("PostgreSQL 12.3, compiled by Visual C++ build 1914, QuestDB", Some("QuestDB")),
            ("SomethingSQL 1.0", Some("not PostgreSQL")),
        ] {
            assert_eq!(lookalike_of(version), server, "{version}");
        }
    }
}
