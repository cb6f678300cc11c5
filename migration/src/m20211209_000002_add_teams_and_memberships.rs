//! Teams, and who belongs to them.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(teams()).await?;
        manager.create_index(unique_name()).await?;
        manager.create_table(memberships()).await?;
        manager.create_index(unique_user_and_team()).await?;
        manager.create_index(memberships_by_team()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("memberships").to_owned()).await?;
        manager.drop_table(Table::drop().table("teams").to_owned()).await
    }
}

fn teams() -> TableCreateStatement {
    Table::create().table("teams").col(big_pk_auto("id")).col(text("name")).to_owned()
}

fn unique_name() -> IndexCreateStatement {
    Index::create().name("uq_teams_name").table("teams").col("name").unique().to_owned()
}

fn memberships() -> TableCreateStatement {
    Table::create()
        .table("memberships")
        .col(big_pk_auto("id"))
        .col(big_integer("user_id"))
        .col(big_integer("team_id"))
        .col(timestamp_with_time_zone("joined_at"))
        .foreign_key(
            ForeignKey::create()
                .name("fk_memberships_user_id")
                .from("memberships", "user_id")
                .to("users", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(
            ForeignKey::create()
                .name("fk_memberships_team_id")
                .from("memberships", "team_id")
                .to("teams", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

fn unique_user_and_team() -> IndexCreateStatement {
    Index::create()
        .name("uq_memberships_user_id_team_id")
        .table("memberships")
        .col("user_id")
        .col("team_id")
        .unique()
        .to_owned()
}

/// Serves the foreign key and a team's members in the order they joined.
fn memberships_by_team() -> IndexCreateStatement {
    Index::create()
        .name("idx_memberships_team_id_id")
        .table("memberships")
        .col("team_id")
        .col("id")
        .to_owned()
}
