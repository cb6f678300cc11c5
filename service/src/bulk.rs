//! Inserts of many rows into a database that has none.

use std::fmt;

use entity::user;
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ConnectionTrait, DatabaseTransaction, EntityTrait,
    PaginatorTrait,
};
use serde::{Deserialize, Serialize};

use crate::Error;

/// Rows per statement: few enough for the databases' limits on values, and for memory.
const CHUNK: usize = 500;

/// Called with the number of rows done and the total number.
pub type Progress = dyn Fn(u64, u64) + Send + Sync;

/// Why rows were not inserted. Nothing is changed then.
#[derive(Debug, thiserror::Error)]
pub enum BulkError {
    /// The database has users, or for the demo data users other than admins, notes or teams.
    #[error("the database already has users; this needs a database without any")]
    NotEmpty,
    /// A row refers to one that does not exist, or repeats a unique value, for instance.
    #[error("the database rejected a row")]
    Rejected(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database failed.
    #[error("the database failed")]
    Service(#[from] Error),
}

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
    /// Teams that notes are shared with, note by note.
    #[serde(default)]
    pub shares: u64,
    /// Marks.
    pub marks: u64,
}

impl Counts {
    /// The total.
    pub fn total(&self) -> u64 {
        self.users + self.teams + self.memberships + self.notes + self.shares + self.marks
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { users, teams, memberships, notes, shares, marks } = self;
        write!(
            f,
            "{users} users, {teams} teams, {memberships} memberships, {notes} notes, {shares} shares, {marks} marks"
        )
    }
}

/// Makes sure that there are no users, and so nothing else.
///
/// # Errors
/// [`BulkError::NotEmpty`] if there are.
pub(crate) async fn require_no_users(db: &impl ConnectionTrait) -> Result<(), BulkError> {
    match user::Entity::find().count(db).await.map_err(Error::from)? {
        0 => Ok(()),
        _ => Err(BulkError::NotEmpty),
    }
}

/// Inserts in chunks, and reports its progress.
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

    /// Inserts all rows of one table.
    ///
    /// # Errors
    /// The first of the iterator's; [`BulkError::Rejected`] and [`BulkError::Service`].
    pub(crate) async fn insert<A, E>(
        &mut self,
        mut rows: impl Iterator<Item = Result<A, E>>,
    ) -> Result<(), E>
    where
        A: ActiveModelTrait + ActiveModelBehavior + Send,
        E: From<BulkError>,
    {
        loop {
            let chunk = rows.by_ref().take(CHUNK).collect::<Result<Vec<A>, E>>()?;
            if chunk.is_empty() {
                return Ok(());
            }
            self.done += chunk.len() as u64;
            self.insert_chunk(chunk).await?;
            (self.progress)(self.done, self.total);
        }
    }

    async fn insert_chunk<A>(&self, chunk: Vec<A>) -> Result<(), BulkError>
    where
        A: ActiveModelTrait + ActiveModelBehavior + Send,
    {
        let inserted = entity::insert_many(self.transaction, chunk).await;
        match inserted.map_err(Error::from) {
            Ok(_) => Ok(()),
            Err(Error::Internal(cause)) => Err(BulkError::Rejected(cause)),
            Err(invalid @ Error::Invalid(_)) => Err(BulkError::Rejected(invalid.into())),
            Err(transient) => Err(transient.into()),
        }
    }
}
