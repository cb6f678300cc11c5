//! Who sees a note, and the teams that a note is shared with. Notes from before are public.

use sea_orm_migration::{
    prelude::*,
    schema::*,
    sea_orm::{ConnectionTrait, DbBackend, Statement},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let known = Expr::col("visibility").is_in(["public", "team", "private"]);
        let added =
            text("visibility").default("public").check(("ck_notes_visibility", known)).take();
        manager.alter_table(Table::alter().table("notes").add_column(added).to_owned()).await?;
        manager.create_table(note_teams()).await?;
        manager.create_index(unique_note_and_team()).await?;
        manager.create_index(notes_of_team()).await?;
        execute(manager, NOT_PUBLIC_BY_AUTHOR).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        require_public_notes(manager).await?;
        manager.drop_table(Table::drop().table("note_teams").to_owned()).await?;
        let index = Index::drop().name("idx_notes_user_id_id_not_public").table("notes").to_owned();
        manager.drop_index(index).await?;
        let dropped = Table::alter().table("notes").drop_column("visibility").to_owned();
        manager.alter_table(dropped).await
    }
}

/// Without the column everyone would see every note.
async fn require_public_notes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        execute(manager, r#"LOCK TABLE "notes" IN ACCESS EXCLUSIVE MODE"#).await?;
    }
    let others = Query::select()
        .expr(Expr::cust("COUNT(*)"))
        .from("notes")
        .and_where(Expr::col("visibility").ne("public"))
        .take();
    let count = manager.get_connection().query_one(&others).await?;
    match count.map_or(Ok(0), |row| row.try_get_by_index::<i64>(0))? {
        0 => Ok(()),
        count => Err(DbErr::Custom(format!(
            "notes that are not public: {count}; everyone would see them without this migration, so make them \
             public or delete them first"
        ))),
    }
}

async fn execute(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    let db = manager.get_connection();
    db.execute_raw(Statement::from_string(db.get_database_backend(), sql)).await.map(|_| ())
}

fn note_teams() -> TableCreateStatement {
    Table::create()
        .table("note_teams")
        .col(big_pk_auto("id"))
        .col(big_integer("note_id"))
        .col(big_integer("team_id"))
        .foreign_key(
            ForeignKey::create()
                .name("fk_note_teams_note_id")
                .from("note_teams", "note_id")
                .to("notes", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(
            ForeignKey::create()
                .name("fk_note_teams_team_id")
                .from("note_teams", "team_id")
                .to("teams", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

/// Serves the foreign key on the note too.
fn unique_note_and_team() -> IndexCreateStatement {
    Index::create()
        .name("uq_note_teams_note_id_team_id")
        .table("note_teams")
        .col("note_id")
        .col("team_id")
        .unique()
        .to_owned()
}

/// Serves the foreign key on the team, and the end of a team, note by note.
fn notes_of_team() -> IndexCreateStatement {
    Index::create()
        .name("idx_note_teams_team_id_note_id")
        .table("note_teams")
        .col("team_id")
        .col("note_id")
        .to_owned()
}

/// Serves the number of an author's notes that somebody sees: those that are not public are counted.
const NOT_PUBLIC_BY_AUTHOR: &str = r#"CREATE INDEX "idx_notes_user_id_id_not_public" ON "notes" ("user_id", "id") WHERE "visibility" <> 'public'"#;
