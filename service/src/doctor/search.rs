//! The trigram indexes of searches. Without them a search gives the same answer, but reads all rows.

use migration::search;

use super::{Finding, Health, one};
use crate::{Db, DbSettings, Error, Result};

pub(super) async fn examine(db: &Db) -> Result<Finding> {
    let missing = search::missing(db.connection()).await.map_err(Error::internal)?;
    let (health, detail) = match missing.as_slice() {
        [] => (Health::Good, indexed(db).await?),
        _ if lacks_extension(db).await? => (Health::Doubtful, search::NO_EXTENSION.to_owned()),
        missing => {
            let missing = missing.join(", ");
            (Health::Doubtful, format!("lacks {missing}: run `teamnotes doctor --repair`"))
        }
    };
    Ok(Finding::new("search", health, detail))
}

async fn lacks_extension(db: &Db) -> Result<bool> {
    let extensions = "SELECT COUNT(*) FROM pg_extension WHERE extname = 'pg_trgm'";
    Ok(db.is_postgres() && one::<i64>(db, extensions).await? == 0)
}

/// PostgreSQL takes from the database's locale what a letter is.
async fn indexed(db: &Db) -> Result<String> {
    if db.is_postgres() {
        let locale = "SELECT datctype::text FROM pg_database WHERE datname = current_database()";
        let locale: String = one(db, locale).await?;
        if ["C", "POSIX"].contains(&locale.as_str()) {
            return Ok(format!(
                "indexed; in the locale {locale} only ASCII letters and digits are"
            ));
        }
    }
    Ok("indexed".into())
}

/// Makes indexes that are missing.
pub(super) async fn repair(settings: &DbSettings) -> Result<Finding> {
    let made = search::make(&settings.url).await.map_err(Error::internal)?;
    let detail = match made.as_slice() {
        [] => "none was missing".to_owned(),
        made => format!("made {}", made.join(", ")),
    };
    Ok(Finding::new("repair of indexes", Health::Good, detail))
}
