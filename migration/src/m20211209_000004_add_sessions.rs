//! Server-side sessions: a token counts while its row lives.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(sessions()).await?;
        manager.create_index(unique_token_hash()).await?;
        manager.create_index(sessions_by_user()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("sessions").to_owned()).await
    }
}

fn sessions() -> TableCreateStatement {
    Table::create()
        .table("sessions")
        .col(big_pk_auto("id"))
        .col(big_integer("user_id"))
        .col(text("token_hash"))
        .col(text_null("user_agent"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("last_used_at"))
        .col(timestamp_with_time_zone("expires_at"))
        .foreign_key(
            ForeignKey::create()
                .name("fk_sessions_user_id")
                .from("sessions", "user_id")
                .to("users", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

fn unique_token_hash() -> IndexCreateStatement {
    Index::create()
        .name("uq_sessions_token_hash")
        .table("sessions")
        .col("token_hash")
        .unique()
        .to_owned()
}

/// Serves the foreign key and a user's sessions, newest first.
fn sessions_by_user() -> IndexCreateStatement {
    Index::create()
        .name("idx_sessions_user_id_id")
        .table("sessions")
        .col("user_id")
        .col("id")
        .to_owned()
}
