//! Which of several PostgreSQL servers takes changes.

use std::{
    str::FromStr,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use sea_orm_migration::sea_orm::sqlx::{
    self, Connection, Executor, PgConnection, Row, postgres::PgConnectOptions,
};
use tokio::time::{sleep, timeout};

use crate::{MigrationError, database_url::of_each_server};

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long to wait before asking again.
const RETRY: Duration = Duration::from_millis(250);

const IS_READ_ONLY: &str =
    "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean";

const TIMELINE: &str =
    "SELECT ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint";

/// The PostgreSQL servers that a URL names, with a connection to each that answers.
#[derive(Debug)]
pub struct Servers {
    all: Vec<Server>,
    /// The latest timeline on which one of them took changes.
    timeline: i64,
}

#[derive(Debug)]
struct Server {
    url: String,
    connection: Option<PgConnection>,
    role: Role,
}

/// Ordered by how suitable it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    /// It does not answer.
    Away,
    /// It takes no changes.
    ReadOnly,
    /// It takes changes. Of two that do, the one with the later timeline was promoted later.
    Primary { timeline: i64 },
}

impl Servers {
    /// Those that a URL of PostgreSQL names; nothing for another URL.
    pub fn of(url: &str) -> Option<Self> {
        if !url.starts_with("postgres") {
            return None;
        }
        let server = |url| Server { url, connection: None, role: Role::Away };
        let all = of_each_server(url).ok()?.into_iter().map(server).collect();
        Some(Self { all, timeline: 0 })
    }

    /// Whether there is a choice.
    pub fn are_several(&self) -> bool {
        self.all.len() > 1
    }

    /// Asks all of them, and returns the URL of the one that takes changes, if there is one. One that a promotion has left
    /// behind does not count: it lacks what was written since, and what is written there is lost.
    pub async fn primary(&mut self) -> Option<&str> {
        join_all(self.all.iter_mut().map(Server::ask)).await;
        self.elected()
    }

    fn elected(&mut self) -> Option<&str> {
        let Role::Primary { timeline } = self.best()?.role else { return None };
        if timeline < self.timeline {
            return None;
        }
        self.timeline = timeline;
        self.best().map(|server| &*server.url)
    }

    /// The URL of the server to connect to: if there is a choice, of the one that takes changes, else of one that answers.
    pub async fn choose(&mut self) -> String {
        if self.are_several() {
            self.primary().await;
        }
        self.best_url()
    }

    /// The same for callers that need the server that takes changes. It is looked for during this time.
    ///
    /// # Errors
    /// [`MigrationError::ReadOnly`] if several are asked, and those that answer take no changes.
    pub async fn require_primary(&mut self, patience: Duration) -> Result<String, MigrationError> {
        let deadline = Instant::now() + patience;
        while self.are_several() && self.primary().await.is_none() && Instant::now() < deadline {
            sleep(RETRY).await;
        }
        match self.best() {
            Some(Server { role: Role::ReadOnly, .. }) => Err(MigrationError::ReadOnly),
            _ => Ok(self.best_url()),
        }
    }

    fn best_url(&self) -> String {
        self.best().map(|server| server.url.clone()).unwrap_or_default()
    }

    /// The first of the most suitable ones, as far as they have been asked.
    fn best(&self) -> Option<&Server> {
        self.all.iter().rev().max_by_key(|server| server.role)
    }
}

impl Server {
    /// Finds out its role.
    async fn ask(&mut self) {
        let mut connection = self.connection.take();
        let asked = timeout(PATIENCE, async {
            let open = match connection.take() {
                Some(open) => open,
                None => PgConnection::connect_with(&PgConnectOptions::from_str(&self.url)?).await?,
            };
            role(open).await
        });
        (self.connection, self.role) = match asked.await {
            Ok(Ok((connection, role))) => (Some(connection), role),
            Ok(Err(_)) | Err(_) => (None, Role::Away),
        };
    }
}

async fn role(mut connection: PgConnection) -> sqlx::Result<(PgConnection, Role)> {
    if connection.fetch_one(IS_READ_ONLY).await?.try_get(0)? {
        return Ok((connection, Role::ReadOnly));
    }
    // Servers that only resemble PostgreSQL have none.
    let timeline = connection.fetch_one(TIMELINE).await.and_then(|row| row.try_get(0));
    Ok((connection, Role::Primary { timeline: timeline.unwrap_or(0) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_that_was_promoted_last_is_the_best() {
        let mut servers = Servers::of("postgres://a,b,c,d/x").unwrap();
        let best = |servers: &Servers| servers.best().unwrap().url.clone();
        assert_eq!(best(&servers), "postgres://a/x");
        servers.all[1].role = Role::ReadOnly;
        assert_eq!(best(&servers), "postgres://b/x");
        servers.all[0].role = Role::Primary { timeline: 1 };
        assert_eq!(best(&servers), "postgres://a/x");
        servers.all[2].role = Role::Primary { timeline: 2 };
        servers.all[3].role = Role::Primary { timeline: 2 };
        assert_eq!(best(&servers), "postgres://c/x");
    }

    #[test]
    fn one_that_a_promotion_has_left_behind_is_not_the_primary() {
        let mut servers = Servers::of("postgres://a,b/x").unwrap();
        servers.all[0].role = Role::Primary { timeline: 1 };
        assert_eq!(servers.elected(), Some("postgres://a/x"));
        servers.all[1].role = Role::Primary { timeline: 2 };
        assert_eq!(servers.elected(), Some("postgres://b/x"));
        servers.all[1].role = Role::Away;
        assert_eq!(servers.elected(), None);
        servers.all[0].role = Role::Primary { timeline: 3 };
        assert_eq!(servers.elected(), Some("postgres://a/x"));
    }

    #[tokio::test]
    async fn there_is_no_choice_of_one() {
        let mut server = Servers::of("postgres://a/x?target_session_attrs=any").unwrap();
        assert!(!server.are_several());
        assert_eq!(server.choose().await, "postgres://a/x");
        assert!(Servers::of("sqlite:a,b.db").is_none());
    }
}
