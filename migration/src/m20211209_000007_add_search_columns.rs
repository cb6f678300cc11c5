//! Case-folded copies of what is searched, since `LOWER` knows ASCII only on SQLite and follows the
//! cluster's locale on PostgreSQL.

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizer;
use sea_orm_migration::{
    prelude::*,
    schema::*,
    sea_orm::{ConnectionTrait, ExprTrait},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// (table, searched column, its folded copy)
const SEARCHED: [(&str, &str, &str); 3] = [
    ("users", "name", "name_folded"),
    ("teams", "name", "name_folded"),
    ("notes", "content", "content_folded"),
];

/// How many rows are in memory at once while the copies of existing rows are made.
const BATCH: u64 = 1_000;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, searched, folded) in SEARCHED {
            let added = text(folded).default("").take();
            manager.alter_table(Table::alter().table(table).add_column(added).to_owned()).await?;
            fold_existing_rows(manager, table, searched, folded).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, _, folded) in SEARCHED {
            manager.alter_table(Table::alter().table(table).drop_column(folded).to_owned()).await?;
        }
        Ok(())
    }
}

async fn fold_existing_rows(
    manager: &SchemaManager<'_>,
    table: &'static str,
    searched: &'static str,
    folded: &'static str,
) -> Result<(), DbErr> {
    let db = manager.get_connection();
    let mut last_id = 0_i64;
    loop {
        let batch = Query::select()
            .columns(["id", searched])
            .from(table)
            .and_where(Expr::col("id").gt(last_id))
            .order_by("id", Order::Asc)
            .limit(BATCH)
            .take();
        let rows = db.query_all(&batch).await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows {
            last_id = row.try_get_by("id")?;
            let text: String = row.try_get_by(searched)?;
            let copy = Query::update()
                .table(table)
                .value(folded, fold(&text))
                .and_where(Expr::col("id").eq(last_id))
                .take();
            db.execute(&copy).await?;
        }
    }
}

/// The folding of this migration's day: full case folding between two passes of NFC.
fn fold(text: &str) -> String {
    let nfc = ComposingNormalizer::new_nfc();
    nfc.normalize(&CaseMapper::new().fold_string(&nfc.normalize(text))).into_owned()
}
