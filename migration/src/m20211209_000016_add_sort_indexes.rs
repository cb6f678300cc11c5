//! Indexes for lists that are sorted by something else than the id.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend, Statement},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// (table, column): times.
const TIMES: [(&str, &str); 4] =
    [("notes", "date"), ("notes", "created_at"), ("notes", "updated_at"), ("users", "created_at")];

/// (table, column): texts, which are sorted by code point, whatever the locale.
const TEXTS: [(&str, &str); 3] =
    [("users", "username"), ("users", "name_folded"), ("teams", "name_folded")];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in TIMES {
            let mut index = Index::create();
            index.name(name(table, column)).table(table).col(column).col("id");
            manager.create_index(index).await?;
        }
        let db = manager.get_connection();
        let backend = db.get_database_backend();
        // SQLite compares by code point.
        let collation = if backend == DbBackend::Postgres { r#" COLLATE "C""# } else { "" };
        for (table, column) in TEXTS {
            let name = name(table, column);
            let sql =
                format!(r#"CREATE INDEX "{name}" ON "{table}" ("{column}"{collation}, "id")"#);
            db.execute_raw(Statement::from_string(backend, sql)).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in TEXTS.into_iter().chain(TIMES) {
            let index = Index::drop().name(name(table, column)).table(table).to_owned();
            manager.drop_index(index).await?;
        }
        Ok(())
    }
}

fn name(table: &str, column: &str) -> String {
    format!("idx_{table}_{column}_id")
}
