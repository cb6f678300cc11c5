//! Roles in a team. Members from before are plain members; an admin makes the owners.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let known = Expr::col("role").is_in(["owner", "member"]);
        let added = text("role").default("member").check(("ck_memberships_role", known)).take();
        manager.alter_table(Table::alter().table("memberships").add_column(added).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let dropped = Table::alter().table("memberships").drop_column("role").to_owned();
        manager.alter_table(dropped).await
    }
}
