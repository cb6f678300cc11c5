//! Many rows at once, into a database that has none.

use std::fmt;

use entity::user;
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait,
};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Rows of one statement: what it binds stays below the databases' limits, and what is in memory
/// stays small.
const CHUNK: usize = 500;

/// Is told how many rows are done, and of how many.
pub type Progress = dyn Fn(u64, u64) + Send + Sync;

/// How many rows there are of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Users.
    pub users: u64,
    /// Teams.
    pub teams: u64,
    /// Memberships of users in teams.
    pub memberships: u64,
    /// Notes.
    pub notes: u64,
    /// Marked notes.
    pub marks: u64,
}

impl Counts {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.users + self.teams + self.memberships + self.notes + self.marks
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { users, teams, memberships, notes, marks } = self;
        write!(
            f,
            "{users} users, {teams} teams, {memberships} memberships, {notes} notes, {marks} marks"
        )
    }
}

/// Goes on when there is no user, and so nothing else.
///
/// # Errors
/// [`Error::Invalid`] when there is one.
pub(crate) async fn require_no_users(db: &impl ConnectionTrait) -> Result<()> {
    match user::Entity::find().count(db).await? {
        0 => Ok(()),
        _ => Err(Error::invalid("database", "has users already: this needs an empty one")),
    }
}

/// Inserts in chunks, and tells how far it is.
pub(crate) struct Bulk<'a> {
    transaction: &'a DatabaseTransaction,
    progress: &'a Progress,
    total: u64,
    done: u64,
}

impl<'a> Bulk<'a> {
    pub(crate) fn new(
        transaction: &'a DatabaseTransaction,
        progress: &'a Progress,
        total: u64,
    ) -> Self {
        Self { transaction, progress, total, done: 0 }
    }

    /// # Errors
    /// The first of the iterator's; [`Error::Invalid`] when rows refer to none, come twice, or can't be held
    /// otherwise.
    pub(crate) async fn insert<A: ActiveModelTrait>(
        &mut self,
        mut rows: impl Iterator<Item = Result<A>>,
    ) -> Result<()> {
        loop {
            let chunk = rows.by_ref().take(CHUNK).collect::<Result<Vec<A>>>()?;
            if chunk.is_empty() {
                return Ok(());
            }
            self.done += chunk.len() as u64;
            let inserted = A::Entity::insert_many(chunk).exec_without_returning(self.transaction);
            inserted.await.map_err(|error| match error.into() {
                Error::Internal(cause) => {
                    Error::invalid("database", format!("refuses a row: {cause}"))
                }
                passing => passing,
            })?;
            (self.progress)(self.done, self.total);
        }
    }
}
