//! The ids that the database gave last. Those of deleted rows must not be given again.

use entity::{mark, membership, note, share, team, user};
use sea_orm::{ConnectionTrait, DbBackend, EntityName, Statement};
use serde::{Deserialize, Serialize};

use super::{line::Line, values};
use crate::{Error, Result};

/// The last id that each table gave, or 0.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LastIds {
    #[serde(deserialize_with = "values::last_id")]
    users: i64,
    #[serde(deserialize_with = "values::last_id")]
    teams: i64,
    #[serde(deserialize_with = "values::last_id")]
    memberships: i64,
    #[serde(deserialize_with = "values::last_id")]
    notes: i64,
    #[serde(deserialize_with = "values::last_id")]
    marks: i64,
    #[serde(default, deserialize_with = "values::last_id")]
    shares: i64,
}

impl TryFrom<Line> for LastIds {
    /// A line of another kind, returned unchanged.
    type Error = Line;

    fn try_from(line: Line) -> std::result::Result<Self, Line> {
        match line {
            Line::LastIds(last_ids) => Ok(last_ids),
            other => Err(other),
        }
    }
}

/// Reads them.
pub(super) async fn read(db: &impl ConnectionTrait) -> Result<LastIds> {
    Ok(LastIds {
        users: last_id(db, user::Entity.table_name()).await?,
        teams: last_id(db, team::Entity.table_name()).await?,
        memberships: last_id(db, membership::Entity.table_name()).await?,
        notes: last_id(db, note::TABLE).await?,
        marks: last_id(db, mark::Entity.table_name()).await?,
        shares: last_id(db, share::Entity.table_name()).await?,
    })
}

async fn last_id(db: &impl ConnectionTrait, table: &str) -> Result<i64> {
    let backend = db.get_database_backend();
    let sql = match backend {
        DbBackend::Postgres => format!(
            "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('{table}', 'id')::regclass), 0)"
        ),
        _ => format!("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = '{table}'"),
    };
    let row = db.query_one_raw(Statement::from_string(backend, sql)).await?;
    let row = row.ok_or_else(|| Error::internal("no row"))?;
    Ok(row.try_get_by_index(0)?)
}

/// Has each table continue after these ids, and after those of its rows.
pub(super) async fn set(db: &impl ConnectionTrait, last_ids: &LastIds) -> Result<()> {
    let LastIds { users, teams, memberships, notes, marks, shares } = last_ids;
    for (table, last) in [
        (user::Entity.table_name(), users),
        (team::Entity.table_name(), teams),
        (membership::Entity.table_name(), memberships),
        (note::TABLE, notes),
        (mark::Entity.table_name(), marks),
        (share::Entity.table_name(), shares),
    ] {
        set_one(db, table, *last).await?;
    }
    Ok(())
}

async fn set_one(db: &impl ConnectionTrait, table: &str, last: i64) -> Result<()> {
    if db.get_database_backend() == DbBackend::Postgres {
        let set = format!(
            "SELECT setval(pg_get_serial_sequence('{table}', 'id'), greatest(last, 1), last > 0) \
             FROM (SELECT greatest(max(id), {last}) AS last FROM {table}) AS given"
        );
        db.execute_unprepared(&set).await?;
        return Ok(());
    }
    // A table without rows may have no entry.
    db.execute_unprepared(&format!("DELETE FROM sqlite_sequence WHERE name = '{table}'")).await?;
    let set = format!(
        "INSERT INTO sqlite_sequence (name, seq) \
         SELECT '{table}', max(coalesce(max(id), 0), {last}) FROM {table}"
    );
    db.execute_unprepared(&set).await?;
    Ok(())
}
