//! The schema of Teamnotes, one concern per migration, and the only way to apply it: [`apply`], under a
//! lock and in one transaction. Both `sea-orm-cli migrate` (through this crate's binary) and
//! `teamnotes migrate` use it.

use sea_orm_migration::{MigrationTrait, async_trait::async_trait};

pub use sea_orm_migration::MigratorTrait;

pub mod command;
mod error;
mod lease;
mod lock;
mod locked;
mod m20211209_000000_initialize_notes_and_users;
mod m20211209_000001_admin_and_disabled_to_users;
mod m20211209_000002_add_teams_and_memberships;
mod m20211209_000003_add_user_notes;
mod m20211209_000004_add_sessions;
mod m20211209_000005_add_password_hash_to_users;
mod m20211209_000006_add_role_to_memberships;
mod m20211209_000007_add_search_columns;
mod m20211209_000008_add_versions;
mod m20211209_000009_add_deletions;
mod m20211209_000010_add_note_counts;
mod m20211209_000016_add_sort_indexes;
mod m20211209_000018_add_search_indexes;
mod m20211209_000019_add_idempotency_keys;
mod m20211209_000020_add_api_tokens;
mod m20211209_000021_add_visibility;
mod m20211209_000023_add_invitations;
mod m20211209_000024_add_visibility_to_notes_index;
mod m20211209_000025_add_index_of_admins;

pub mod database_url;
mod plan;
pub mod schema;
pub mod search;
pub mod server;
mod servers;
pub mod settings;
pub mod sqlite_file;

pub use command::Command;
pub use error::{MigrationError, database_code, details, is_outage};
pub use lock::{Lock, LockKind};
pub use locked::{Applied, apply, connect, lacking, pending, status};
pub use plan::{Planned, plan};
pub use servers::Servers;

/// The migrations, oldest first. The list must stay at the end of this file: `sea-orm-cli migrate
/// generate` adds to it, and takes everything up to the file's last bracket to be part of it.
#[derive(Debug)]
pub struct Migrator;

#[async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20211209_000000_initialize_notes_and_users::Migration),
            Box::new(m20211209_000001_admin_and_disabled_to_users::Migration),
            Box::new(m20211209_000002_add_teams_and_memberships::Migration),
            Box::new(m20211209_000003_add_user_notes::Migration),
            Box::new(m20211209_000004_add_sessions::Migration),
            Box::new(m20211209_000005_add_password_hash_to_users::Migration),
            Box::new(m20211209_000006_add_role_to_memberships::Migration),
            Box::new(m20211209_000007_add_search_columns::Migration),
            Box::new(m20211209_000008_add_versions::Migration),
            Box::new(m20211209_000009_add_deletions::Migration),
            Box::new(m20211209_000010_add_note_counts::Migration),
            Box::new(m20211209_000016_add_sort_indexes::Migration),
            Box::new(m20211209_000018_add_search_indexes::Migration),
            Box::new(m20211209_000019_add_idempotency_keys::Migration),
            Box::new(m20211209_000020_add_api_tokens::Migration),
            Box::new(m20211209_000021_add_visibility::Migration),
            Box::new(m20211209_000023_add_invitations::Migration),
            Box::new(m20211209_000024_add_visibility_to_notes_index::Migration),
            Box::new(m20211209_000025_add_index_of_admins::Migration),
        ]
    }
}
