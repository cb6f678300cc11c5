//! The answers to requests with an idempotency key, which repetitions of them get again.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(idempotency_keys()).await?;
        manager.create_index(unique_key_of_user()).await?;
        manager.create_index(keys_by_age()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("idempotency_keys").to_owned()).await
    }
}

fn idempotency_keys() -> TableCreateStatement {
    Table::create()
        .table("idempotency_keys")
        .col(big_pk_auto("id"))
        .col(big_integer("user_id"))
        .col(text("key_hash"))
        .col(text("request_hash"))
        .col(text("answer"))
        .col(timestamp_with_time_zone("created_at"))
        .foreign_key(
            ForeignKey::create()
                .name("fk_idempotency_keys_user_id")
                .from("idempotency_keys", "user_id")
                .to("users", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

/// Serves the foreign key too.
fn unique_key_of_user() -> IndexCreateStatement {
    Index::create()
        .name("uq_idempotency_keys_user_id_key_hash")
        .table("idempotency_keys")
        .col("user_id")
        .col("key_hash")
        .unique()
        .to_owned()
}

/// Serves the purge of expired keys.
fn keys_by_age() -> IndexCreateStatement {
    Index::create()
        .name("idx_idempotency_keys_created_at")
        .table("idempotency_keys")
        .col("created_at")
        .to_owned()
}
