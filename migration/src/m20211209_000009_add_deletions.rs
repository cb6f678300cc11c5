//! Users whose deletion has begun: their many rows are deleted a few at a time.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(deletions()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("deletions").to_owned()).await
    }
}

fn deletions() -> TableCreateStatement {
    Table::create()
        .table("deletions")
        .col(big_integer("user_id").primary_key())
        .foreign_key(
            ForeignKey::create()
                .name("fk_deletions_user_id")
                .from("deletions", "user_id")
                .to("users", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}
