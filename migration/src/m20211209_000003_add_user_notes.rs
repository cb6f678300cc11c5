//! Marked notes: which user keeps which note on the reading list, and has read it.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(user_notes()).await?;
        manager.create_index(unique_user_and_note()).await?;
        manager.create_index(marks_by("user_id")).await?;
        manager.create_index(marks_by("note_id")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("user_notes").to_owned()).await
    }
}

fn user_notes() -> TableCreateStatement {
    Table::create()
        .table("user_notes")
        .col(big_pk_auto("id"))
        .col(big_integer("user_id"))
        .col(big_integer("note_id"))
        .col(boolean("read").default(false))
        .foreign_key(
            ForeignKey::create()
                .name("fk_user_notes_user_id")
                .from("user_notes", "user_id")
                .to("users", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(
            ForeignKey::create()
                .name("fk_user_notes_note_id")
                .from("user_notes", "note_id")
                .to("notes", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

fn unique_user_and_note() -> IndexCreateStatement {
    Index::create()
        .name("uq_user_notes_user_id_note_id")
        .table("user_notes")
        .col("user_id")
        .col("note_id")
        .unique()
        .to_owned()
}

/// Serves the foreign key and the newest marks of a user or of a note.
fn marks_by(column: &'static str) -> IndexCreateStatement {
    Index::create()
        .name(format!("idx_user_notes_{column}_id"))
        .table("user_notes")
        .col(column)
        .col("id")
        .to_owned()
}
