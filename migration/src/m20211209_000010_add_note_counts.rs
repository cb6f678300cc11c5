//! How many notes each user has written. One statement counts those from before, without keeping others from
//! writing notes.

use sea_orm_migration::{prelude::*, schema::*, sea_orm::ConnectionTrait};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(note_counts()).await?;
        count_existing_notes(manager).await?;
        manager.create_index(by_count()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("note_counts").to_owned()).await
    }
}

fn note_counts() -> TableCreateStatement {
    Table::create()
        .table("note_counts")
        .col(big_integer("user_id").primary_key())
        .col(big_integer("notes"))
        .foreign_key(
            ForeignKey::create()
                .name("fk_note_counts_user_id")
                .from("note_counts", "user_id")
                .to("users", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

async fn count_existing_notes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let counts = Query::select()
        .column("user_id")
        .expr(Expr::cust("COUNT(*)"))
        .from("notes")
        .group_by_col("user_id")
        .take();
    let insert = Query::insert()
        .into_table("note_counts")
        .columns(["user_id", "notes"])
        .select_from(counts)
        .map_err(|error| DbErr::Custom(error.to_string()))?
        .take();
    manager.get_connection().execute(&insert).await.map(|_| ())
}

/// Serves `with_notes`: users with more notes than a number.
fn by_count() -> IndexCreateStatement {
    Index::create()
        .name("idx_note_counts_notes_user_id")
        .table("note_counts")
        .col("notes")
        .col("user_id")
        .to_owned()
}
