//! Users, and the notes they write.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(users()).await?;
        manager.create_index(unique_username()).await?;
        manager.create_table(notes()).await?;
        manager.create_index(notes_by_user()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("notes").to_owned()).await?;
        manager.drop_table(Table::drop().table("users").to_owned()).await
    }
}

fn users() -> TableCreateStatement {
    Table::create()
        .table("users")
        .col(big_pk_auto("id"))
        .col(text("username"))
        .col(text("name"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("updated_at"))
        .to_owned()
}

fn unique_username() -> IndexCreateStatement {
    Index::create().name("uq_users_username").table("users").col("username").unique().to_owned()
}

fn notes() -> TableCreateStatement {
    Table::create()
        .table("notes")
        .col(big_pk_auto("id"))
        .col(text("content"))
        .col(boolean("important").default(false))
        .col(timestamp_with_time_zone("date"))
        .col(big_integer("user_id"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("updated_at"))
        .foreign_key(
            ForeignKey::create()
                .name("fk_notes_user_id")
                .from("notes", "user_id")
                .to("users", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

/// Serves the foreign key and a user's notes, newest first.
fn notes_by_user() -> IndexCreateStatement {
    Index::create().name("idx_notes_user_id_id").table("notes").col("user_id").col("id").to_owned()
}
