//! The visibility in the index of each author's notes, which finds the newest that a viewer sees without reading the
//! table.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut with_visibility = notes_by_user("idx_notes_user_id_id_visibility");
        manager.create_index(with_visibility.col("visibility").take()).await?;
        drop_index(manager, "idx_notes_user_id_id").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_index(notes_by_user("idx_notes_user_id_id")).await?;
        drop_index(manager, "idx_notes_user_id_id_visibility").await
    }
}

fn notes_by_user(name: &str) -> IndexCreateStatement {
    Index::create().name(name).table("notes").col("user_id").col("id").to_owned()
}

async fn drop_index(manager: &SchemaManager<'_>, name: &str) -> Result<(), DbErr> {
    manager.drop_index(Index::drop().name(name).table("notes").to_owned()).await
}
