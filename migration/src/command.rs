//! The commands shared by `sea-orm-cli migrate` and `teamnotes migrate`.

use clap::Subcommand;
use sea_orm_migration::sea_orm::DatabaseConnection;

use crate::{Applied, Lock, MigrationError, apply, status};

/// What to do to the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Apply pending migrations
    Up {
        /// How many; all if omitted
        #[arg(short, long)]
        num: Option<u32>,
    },
    /// Revert the last migrations; the data in their tables and columns is lost
    Down {
        /// How many
        #[arg(short, long, default_value_t = 1)]
        num: u32,
    },
    /// List the migrations, and which are applied
    Status,
    /// Drop every table, then apply all migrations; all data is lost
    Fresh,
    /// Revert all migrations, then apply them again; all data is lost
    Refresh,
    /// Revert all migrations; all data is lost
    Reset,
}

impl Command {
    /// Whether it creates a missing SQLite file; other commands need one that exists.
    pub fn creates_database(self) -> bool {
        match self {
            Self::Up { .. } | Self::Fresh => true,
            Self::Down { .. } | Self::Status | Self::Refresh | Self::Reset => false,
        }
    }

    /// Whether it can drop tables or columns.
    pub fn may_lose_data(self) -> bool {
        match self {
            Self::Up { .. } | Self::Status => false,
            Self::Down { .. } | Self::Fresh | Self::Refresh | Self::Reset => true,
        }
    }

    /// Runs it, and returns the state of each migration afterwards.
    ///
    /// # Errors
    /// As [`apply`] and [`status`].
    pub async fn run(
        self,
        db: &DatabaseConnection,
        lock: Lock,
    ) -> Result<Vec<Applied>, MigrationError> {
        if self != Self::Status {
            apply(db, lock, self).await?;
        }
        status(db).await
    }
}
