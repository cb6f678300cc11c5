//! Passwords, as PHC strings. A user from before has none and can't log in until one is set.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let added = text_null("password_hash");
        manager.alter_table(Table::alter().table("users").add_column(added).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let dropped = Table::alter().table("users").drop_column("password_hash").to_owned();
        manager.alter_table(dropped).await
    }
}
