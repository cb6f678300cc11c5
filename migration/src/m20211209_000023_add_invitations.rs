//! Invitations: users who have been asked to set their first password. Each has one at most.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(invitations()).await?;
        manager.create_index(unique_token_hash()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("invitations").to_owned()).await
    }
}

fn invitations() -> TableCreateStatement {
    Table::create()
        .table("invitations")
        .col(big_integer("user_id").primary_key())
        .col(text("token_hash"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("expires_at"))
        .foreign_key(
            ForeignKey::create()
                .name("fk_invitations_user_id")
                .from("invitations", "user_id")
                .to("users", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

fn unique_token_hash() -> IndexCreateStatement {
    Index::create()
        .name("uq_invitations_token_hash")
        .table("invitations")
        .col("token_hash")
        .unique()
        .to_owned()
}
