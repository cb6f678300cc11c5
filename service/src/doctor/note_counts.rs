//! The kept numbers of notes, compared with the notes. A version of the service from before there were counts,
//! or a change by hand, makes them wrong.

use entity::{IdList, note_count};

use super::{Finding, Health};
use crate::{Db, Result};

/// How many users are corrected in one transaction.
const BATCH: u64 = 500;

pub(super) async fn examine(db: &Db) -> Result<Finding> {
    let wrong = note_count::Entity::find_wrong(db.connection(), BATCH).await?.len() as u64;
    let (health, detail) = match wrong {
        0 => (Health::Good, "equal to the notes".to_owned()),
        wrong => {
            let users = if wrong == BATCH {
                format!("{wrong} users or more")
            } else {
                format!("{wrong} users")
            };
            (Health::Doubtful, format!("wrong for {users}: run `teamnotes doctor --repair`"))
        }
    };
    Ok(Finding::new("note counts", health, detail))
}

/// Counts the notes of users with a wrong count anew, some users at a time.
pub(super) async fn repair(db: &Db) -> Result<Finding> {
    let mut repaired = 0;
    loop {
        let wrong = note_count::Entity::find_wrong(db.connection(), BATCH).await?;
        if wrong.is_empty() {
            let detail = format!("counted the notes of {repaired} users anew");
            return Ok(Finding::new("repair of counts", Health::Good, detail));
        }
        repaired += wrong.len();
        let transaction = db.begin().await?;
        let users = IdList::new(&transaction, wrong);
        note_count::Entity::recount(&transaction, &users).await?;
        transaction.commit().await?;
    }
}
