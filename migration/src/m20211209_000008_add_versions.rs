//! Versions of notes, users and teams, for conditional requests: 1 for rows from before.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLES: [&str; 3] = ["users", "notes", "teams"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            let version = big_integer("version").default(1).take();
            let added = Table::alter().table(table).add_column(version).to_owned();
            manager.alter_table(added).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            let dropped = Table::alter().table(table).drop_column("version").to_owned();
            manager.alter_table(dropped).await?;
        }
        Ok(())
    }
}
