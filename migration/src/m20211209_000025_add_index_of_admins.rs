//! An index of the admins, who are few among many users.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, Statement},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// For `GET /api/setup`, the list of admins, and whether somebody is the last admin.
const NAME: &str = "idx_users_admins";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let sql = format!(r#"CREATE INDEX "{NAME}" ON "users" ("id") WHERE "admin""#);
        db.execute_raw(Statement::from_string(db.get_database_backend(), sql)).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name(NAME).table("users").to_owned()).await
    }
}
