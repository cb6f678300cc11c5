//! API tokens, for scripts and bots: a token counts while its row exists.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(api_tokens()).await?;
        manager.create_index(unique_token_hash()).await?;
        manager.create_index(tokens_by_user()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("api_tokens").to_owned()).await
    }
}

fn api_tokens() -> TableCreateStatement {
    Table::create()
        .table("api_tokens")
        .col(big_pk_auto("id"))
        .col(big_integer("user_id"))
        .col(text("name"))
        .col(text("token_hash"))
        .col(text("scopes"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone_null("last_used_at"))
        .col(timestamp_with_time_zone_null("expires_at"))
        .foreign_key(
            ForeignKey::create()
                .name("fk_api_tokens_user_id")
                .from("api_tokens", "user_id")
                .to("users", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

fn unique_token_hash() -> IndexCreateStatement {
    Index::create()
        .name("uq_api_tokens_token_hash")
        .table("api_tokens")
        .col("token_hash")
        .unique()
        .to_owned()
}

/// Serves the foreign key and a user's tokens, newest first.
fn tokens_by_user() -> IndexCreateStatement {
    Index::create()
        .name("idx_api_tokens_user_id_id")
        .table("api_tokens")
        .col("user_id")
        .col("id")
        .to_owned()
}
