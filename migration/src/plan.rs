use std::{
    mem,
    sync::{Arc, Mutex, mpsc},
};

use sea_orm_migration::sea_orm::{
    DatabaseConnection, DatabaseTransaction, Statement, Value, Values,
};

use crate::{Command, Lock, MigrationError, lease, locked::run, server};

/// What one migration would do, or a command apart from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The migration that would be applied or reverted.
    pub migration: Option<String>,
    /// Its SQL.
    pub statements: Vec<String>,
}

/// The SQL that [`apply`](crate::apply) would run. It is run, recorded, and rolled back.
///
/// # Errors
/// As [`apply`](crate::apply); [`MigrationError::NoRollback`] on servers that might keep a part of it.
pub async fn plan(
    mut db: DatabaseConnection,
    lock: Lock,
    command: Command,
) -> Result<Vec<Planned>, MigrationError> {
    server::require_rollback(&db).await?;
    let (sender, receiver) = mpsc::channel();
    let sender = Arc::new(Mutex::new(sender));
    db.set_metric_callback(move |info| {
        if let Ok(sender) = sender.lock() {
            // The receiver is gone once the plan is complete.
            let _ = sender.send(info.statement.clone());
        }
    });
    let work = async |transaction: DatabaseTransaction| {
        run(&transaction, command).await?;
        Ok(transaction.rollback().await?)
    };
    lock.in_transaction(&db, work).await?;
    Ok(by_migration(receiver.try_iter()))
}

/// Each migration ends with a change to the list of those that are applied.
fn by_migration(statements: impl Iterator<Item = Statement>) -> Vec<Planned> {
    let mut planned = Vec::new();
    let mut current = Vec::new();
    for Statement { sql, values, .. } in statements.filter(|statement| is_change(&statement.sql)) {
        if !sql.contains("seaql_migrations") {
            current.push(sql);
            continue;
        }
        let step = Planned { migration: name(values), statements: mem::take(&mut current) };
        planned.push(step);
    }
    planned.push(Planned { migration: None, statements: current });
    planned.retain(|step| step.migration.is_some() || !step.statements.is_empty());
    for step in &mut planned {
        // Report a change of many rows once.
        step.statements.dedup();
    }
    planned
}

fn is_change(sql: &str) -> bool {
    let reads = ["SELECT", "PRAGMA", "SET", "SHOW"];
    !reads.iter().any(|read| sql.starts_with(read)) && !sql.contains(lease::TABLE)
}

/// The migration that is added to the list, or removed from it.
fn name(values: Option<Values>) -> Option<String> {
    let Values(values) = values?;
    values.into_iter().find_map(|value| match value {
        Value::String(name) => name,
        _ => None,
    })
}
