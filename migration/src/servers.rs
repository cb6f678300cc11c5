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

/// The identifier of a cluster. A standby has that of its primary; `initdb` makes another, also for `pg_upgrade`.
const CLUSTER: &str = "SELECT system_identifier FROM pg_control_system()";

/// The PostgreSQL servers that a URL names, with a connection to each that answers.
#[derive(Debug)]
pub struct Servers {
    all: Vec<Server>,
    /// The cluster of the one that took changes last, if it is known.
    cluster: Option<i64>,
    /// The latest timeline of this cluster on which one of them took changes.
    timeline: i64,
}

#[derive(Debug)]
struct Server {
    url: String,
    connection: Option<PgConnection>,
    role: Role,
    /// The cluster, of one that takes changes, if it is known.
    cluster: Option<i64>,
}

/// Ordered by how suitable it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    /// It does not answer.
    Away,
    /// It takes no changes.
    ReadOnly,
    /// It takes changes. Of two of a cluster that do, the one with the later timeline was promoted later.
    Primary { timeline: i64 },
}

impl Servers {
    /// Those that a URL of PostgreSQL names; nothing for another URL.
    pub fn of(url: &str) -> Option<Self> {
        if !url.starts_with("postgres") {
            return None;
        }
        let server = |url| Server { url, connection: None, role: Role::Away, cluster: None };
        let all = of_each_server(url).ok()?.into_iter().map(server).collect();
        Some(Self { all, cluster: None, timeline: 0 })
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

    /// The URL of the server that takes changes, but that a promotion has left behind, if it is the best of those that
    /// were asked.
    pub fn left_behind(&self) -> Option<&str> {
        let best = self.best().filter(|best| self.is_left_behind(best))?;
        Some(&best.url)
    }

    fn elected(&mut self) -> Option<&str> {
        let best = self.best().filter(|best| !self.is_left_behind(best))?;
        let Role::Primary { timeline } = best.role else { return None };
        (self.cluster, self.timeline) = (best.cluster.or(self.cluster), timeline);
        self.best().map(|server| &*server.url)
    }

    /// Whether another server of its cluster was promoted later.
    fn is_left_behind(&self, server: &Server) -> bool {
        let is_older =
            matches!(server.role, Role::Primary { timeline } if timeline < self.timeline);
        is_older && !self.is_of_another_cluster(server)
    }

    /// Whether its timelines have nothing to do with the one that is remembered.
    fn is_of_another_cluster(&self, server: &Server) -> bool {
        self.cluster.zip(server.cluster).is_some_and(|(known, cluster)| known != cluster)
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

    /// The first of the most suitable ones, as far as they have been asked. A server of another cluster counts if no
    /// other takes changes: their timelines can't be compared.
    fn best(&self) -> Option<&Server> {
        self.all.iter().rev().max_by_key(|server| {
            let takes_changes = matches!(server.role, Role::Primary { .. });
            (takes_changes && !self.is_of_another_cluster(server), server.role)
        })
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
        (self.connection, self.role, self.cluster) = match asked.await {
            Ok(Ok((connection, role, cluster))) => (Some(connection), role, cluster),
            Ok(Err(_)) | Err(_) => (None, Role::Away, None),
        };
    }
}

/// The role, and for a server that takes changes the cluster, if it is known.
async fn role(mut connection: PgConnection) -> sqlx::Result<(PgConnection, Role, Option<i64>)> {
    if connection.fetch_one(IS_READ_ONLY).await?.try_get(0)? {
        return Ok((connection, Role::ReadOnly, None));
    }
    // Servers that only resemble PostgreSQL have neither.
    let timeline = number(&mut connection, TIMELINE).await.unwrap_or(0);
    let cluster = number(&mut connection, CLUSTER).await;
    Ok((connection, Role::Primary { timeline }, cluster))
}

async fn number(connection: &mut PgConnection, sql: &'static str) -> Option<i64> {
    connection.fetch_one(sql).await.and_then(|row| row.try_get(0)).ok()
}

#[cfg(test)]
mod tests {
    use testkit::TestDatabase;

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
        assert_eq!(servers.left_behind(), None);
        servers.all[1].role = Role::Away;
        assert_eq!(servers.elected(), None);
        assert_eq!(servers.left_behind(), Some("postgres://a/x"));
        servers.all[0].role = Role::Primary { timeline: 3 };
        assert_eq!(servers.elected(), Some("postgres://a/x"));
        assert_eq!(servers.left_behind(), None);
    }

    #[test]
    fn timelines_of_another_cluster_are_not_compared() {
        let mut servers = Servers::of("postgres://a,b/x").unwrap();
        let set = |server: &mut Server, role, cluster| {
            (server.role, server.cluster) = (role, cluster);
        };
        set(&mut servers.all[0], Role::Primary { timeline: 5 }, Some(1));
        assert_eq!(servers.elected(), Some("postgres://a/x"));
        // As after pg_upgrade.
        set(&mut servers.all[0], Role::Away, None);
        set(&mut servers.all[1], Role::Primary { timeline: 1 }, Some(2));
        assert_eq!(servers.elected(), Some("postgres://b/x"));
        set(&mut servers.all[0], Role::Primary { timeline: 5 }, Some(1));
        assert_eq!(servers.elected(), Some("postgres://b/x"));
        set(&mut servers.all[0], Role::Primary { timeline: 2 }, Some(2));
        assert_eq!(servers.elected(), Some("postgres://a/x"));
        for unchanged in [Some(2), None] {
            set(&mut servers.all[0], Role::ReadOnly, None);
            set(&mut servers.all[1], Role::Primary { timeline: 1 }, unchanged);
            assert_eq!(servers.elected(), None);
            assert_eq!(servers.left_behind(), Some("postgres://b/x"));
        }
    }

    #[tokio::test]
    async fn a_server_that_takes_changes_tells_its_timeline_and_cluster() {
        let database = TestDatabase::empty().await;
        let Some(mut servers) = Servers::of(database.url()) else { return };
        assert!(servers.primary().await.is_some());
        assert!(servers.timeline > 0 && servers.cluster.is_some());
    }

    #[tokio::test]
    async fn there_is_no_choice_of_one() {
        let mut server = Servers::of("postgres://a/x?target_session_attrs=any").unwrap();
        assert!(!server.are_several());
        assert_eq!(server.choose().await, "postgres://a/x");
        assert!(Servers::of("sqlite:a,b.db").is_none());
    }
}
