//! The primary among several PostgreSQL servers, and the pools that follow it.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use migration::Servers;
use sea_orm::sqlx::{PgPool, postgres::PgConnectOptions};
use tokio::{task::JoinSet, time::sleep};

use super::postgres::TrustedSince;

/// How often the servers are asked which of them takes changes.
const INTERVAL: Duration = Duration::from_millis(250);

/// Adds to the address of a server what connections to it have in a pool.
type Session = Box<dyn Fn(PgConnectOptions) -> PgConnectOptions + Send + Sync>;

/// The pools that connect to the primary, whichever server that is.
#[derive(Clone, Default)]
pub(super) struct Followers(Arc<Mutex<Vec<(PgPool, Session)>>>);

impl Followers {
    /// Has the pool lead to the primary.
    pub(super) fn add(
        &self,
        pool: PgPool,
        session: impl Fn(PgConnectOptions) -> PgConnectOptions + Send + Sync + 'static,
    ) {
        self.with(|pools| pools.push((pool, Box::new(session))));
    }

    /// Opens new connections of all pools to this server.
    fn lead_to(&self, url: &str) -> Result<(), sea_orm::sqlx::Error> {
        let server: PgConnectOptions = url.parse()?;
        self.with(|pools| {
            for (pool, session) in pools {
                pool.set_connect_options(session(server.clone()));
            }
        });
        Ok(())
    }

    fn are_closed(&self) -> bool {
        self.with(|pools| pools.iter().all(|(pool, _)| pool.is_closed()))
    }

    fn with<T>(&self, use_pools: impl FnOnce(&mut Vec<(PgPool, Session)>) -> T) -> T {
        use_pools(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Followers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Followers").finish_non_exhaustive()
    }
}

/// Has the pools follow the primary until this is dropped, or they are closed. `current` is the URL of the server that
/// they lead to.
pub(super) fn follow(
    servers: Servers,
    current: String,
    followers: Followers,
    trusted_since: TrustedSince,
) -> JoinSet<()> {
    let mut following = JoinSet::new();
    following.spawn(keep_following(servers, current, followers, trusted_since));
    following
}

async fn keep_following(
    mut servers: Servers,
    mut current: String,
    followers: Followers,
    trusted_since: TrustedSince,
) {
    let mut ignored: Option<String> = None;
    while !followers.are_closed() {
        sleep(INTERVAL).await;
        let primary = servers.primary().await.map(str::to_owned);
        let left_behind = servers.left_behind().filter(|server| ignored.as_deref() != Some(server));
        if let Some(server) = left_behind {
            let place = place(server);
            log::warn!("{place} takes changes, but is not used: a later promotion left it behind");
            ignored = Some(server.to_owned());
        }
        let Some(primary) = primary else { continue };
        ignored = None;
        if primary == current {
            continue;
        }
        match followers.lead_to(&primary) {
            Ok(()) => log::warn!("another database server takes changes now: {}", place(&primary)),
            Err(error) => log::error!("can't connect to {}: {error}", place(&primary)),
        }
        current = primary;
        trusted_since.renew();
    }
}

/// The host and the port in a URL, without the user and the password.
pub(super) fn place(url: &str) -> &str {
    let (_, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, place)| place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_tells_no_password() {
        for (url, told) in [
            ("postgres://u:p@h:5432/d?x=y", "h:5432"),
            ("postgres://[::1]", "[::1]"),
            ("postgres://u:p@ss@h/d", "h"),
        ] {
            assert_eq!(place(url), told);
        }
    }
}
