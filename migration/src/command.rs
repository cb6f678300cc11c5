//! The words of the command line, shared by `sea-orm-cli migrate` and `teamnotes migrate`.

use clap::Subcommand;
use sea_orm_migration::sea_orm::DatabaseConnection;

use crate::{Applied, Lock, MigrationError, apply, status};

/// What to do to the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Apply pending migrations
    Up {
        /// How many; all when left out
        #[arg(short, long)]
        num: Option<u32>,
    },
    /// Undo the last migrations; what their tables and columns hold is lost
    Down {
        /// How many
        #[arg(short, long, default_value_t = 1)]
        num: u32,
    },
    /// List the migrations and say which are applied
    Status,
    /// Drop every table, then apply all migrations; all data is lost
    Fresh,
    /// Undo all migrations, then apply them again; all data is lost
    Refresh,
    /// Undo all migrations; all data is lost
    Reset,
}

impl Command {
    /// Whether it can take away tables or columns.
    pub fn may_lose_data(self) -> bool {
        match self {
            Self::Up { .. } | Self::Status => false,
            Self::Down { .. } | Self::Fresh | Self::Refresh | Self::Reset => true,
        }
    }

    /// Does it, and gives the state of each migration after it.
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
