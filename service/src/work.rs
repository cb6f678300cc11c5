//! Units of work: transactions that use cases share.

use std::sync::{Mutex, PoisonError};

use entity::{UserId, user};
use sea_orm::DatabaseTransaction;
use tokio::sync::OnceCell;

use crate::{
    Actor, Db, Error, Result,
    audit::{self, Subject},
    retry::retrying,
};

/// A transaction, and who asked for it. Use cases that write take one, so that several can share it: what
/// they do is committed together or not at all.
///
/// ```
/// # use service::{Actor, Db, Result, notes::{self, NewNote}};
/// # async fn write_two(db: &Db, actor: &Actor, first: NewNote, second: NewNote) -> Result<()> {
/// db.write(actor, async |work| {
///     notes::create(work, &first).await?;
///     notes::create(work, &second).await?;
///     Ok(())
/// })
/// .await
/// # }
/// ```
///
/// Only use cases have access to the transaction: nothing outside this crate can query with it.
///
/// ```compile_fail,E0624
/// # use service::{Actor, Db, Result};
/// # async fn query(db: &Db) -> Result<()> {
/// db.write(&Actor::Anonymous, async |work| {
///     work.transaction();
///     Ok(())
/// })
/// .await
/// # }
/// ```
pub struct Work {
    transaction: DatabaseTransaction,
    /// The actor as seen before the transaction.
    claimed: Actor,
    /// The actor as this transaction sees it.
    actor: OnceCell<Actor>,
    audit: Mutex<Vec<audit::Change>>,
    has_advisory_locks: bool,
}

impl Work {
    /// The transaction, for the statements of use cases.
    pub(crate) fn transaction(&self) -> &DatabaseTransaction {
        &self.transaction
    }

    /// The id of the actor's user, to lock it together with other users before [`Work::actor`] does. It says
    /// nothing about what the user may do by now.
    pub(crate) fn claimed_user_id(&self) -> Option<UserId> {
        self.claimed.user_id()
    }

    /// The actor as this transaction sees it: the session or API token is live and the user is enabled, and
    /// neither changes until the transaction ends. Whatever revokes or changes them waits for this, or is seen by
    /// it. Takes its locks on the first call: lock teams and other users before.
    ///
    /// # Errors
    /// [`Error::SessionExpired`], [`Error::TokenInvalid`] or [`Error::AccountDisabled`] if that has changed
    /// since the request came in.
    pub(crate) async fn actor(&self) -> Result<&Actor> {
        self.actor.get_or_try_init(|| self.confirm()).await
    }

    /// The actor's user, as [`Work::actor`] sees it.
    ///
    /// # Errors
    /// As [`Work::actor`]; [`Error::TokenMissing`] if the actor is not a user.
    pub(crate) async fn user(&self) -> Result<&user::Model> {
        self.actor().await?.user()
    }

    async fn confirm(&self) -> Result<Actor> {
        match &self.claimed {
            Actor::User(claimed) => claimed.confirm(&self.transaction).await,
            other => Ok(other.clone()),
        }
    }

    /// Whether the database has advisory locks, or needs none, as SQLite with its single writer.
    pub(crate) fn has_advisory_locks(&self) -> bool {
        self.has_advisory_locks
    }

    /// Records what was done, and to what, to be logged after the commit.
    pub(crate) fn audit(&self, what: impl Into<String>, subject: impl Into<Subject>) {
        let mut audit = self.audit.lock().unwrap_or_else(PoisonError::into_inner);
        audit.push(audit::Change { what: what.into(), subject: subject.into() });
    }
}

impl Db {
    /// Runs a unit of work in one transaction, which is committed unless the work fails. When the
    /// database rolls the transaction back in favour of another, the whole work is run again, up to
    /// ten times in total.
    ///
    /// # Errors
    /// Those of the work; [`Error::SessionExpired`], [`Error::TokenInvalid`] or [`Error::AccountDisabled`] before
    /// them if that has changed since the request came in; [`Error::Unavailable`] if no connection, or on
    /// SQLite the write lock, becomes free in time, or the database fails.
    pub async fn write<T>(
        &self,
        actor: &Actor,
        work: impl AsyncFn(&Work) -> Result<T>,
    ) -> Result<T> {
        self.retrying(|| self.try_to_write(actor, &work)).await
    }

    /// Runs a transaction, or a statement of its own, again when the database rolls it back in favour of
    /// another, up to ten times in total.
    ///
    /// # Errors
    /// Those of the transaction.
    pub(crate) async fn retrying<T, F>(&self, run: impl Fn() -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let done = retrying(Error::is_retryable, run).await;
        if let Err(Error::ReadOnly) = done {
            self.replace_connections();
        }
        done
    }

    async fn try_to_write<T>(
        &self,
        actor: &Actor,
        work: impl AsyncFn(&Work) -> Result<T>,
    ) -> Result<T> {
        let unit = Work {
            transaction: self.begin().await?,
            claimed: actor.clone(),
            actor: OnceCell::new(),
            audit: Mutex::default(),
            has_advisory_locks: self.lookalike().is_none(),
        };
        let done = work(&unit).await;
        let is_fault = |error: &Error| {
            matches!(error, Error::Unavailable(_) | Error::ReadOnly | Error::Internal(_))
        };
        if !done.as_ref().is_err_and(is_fault) {
            // Even if the work did not ask: nothing is committed for an actor whose session has ended, and
            // that goes before all other failures.
            unit.actor().await?;
        }
        let Work { transaction, claimed, audit, .. } = unit;
        let done = match done {
            Err(error) if error.is_retryable() || !is_fault(&error) => {
                // Else its locks would be held until the pool has the connection back.
                transaction.rollback().await?;
                return Err(error);
            }
            done => done?,
        };
        transaction.commit().await?;
        self.require_file()?;
        let audit = audit.into_inner().unwrap_or_else(PoisonError::into_inner);
        for change in audit {
            change.log(&claimed);
        }
        Ok(done)
    }
}
