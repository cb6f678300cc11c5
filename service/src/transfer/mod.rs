//! Export of the whole database to one file, and import: for backups, and to move from one kind of database
//! to the other.
//!
//! The file has one JSON object per line: a header, then each user, team, membership, note, share and mark,
//! ordered by id, then the last ids that were given, so that none is given twice, then the counts of the rows
//! and the checksum of all lines before. Equal databases give equal files. Sessions, API
//! tokens and invitations are left out.

mod conversions;
mod error;
mod file;
mod last_ids;
mod line;
mod rows;
mod values;

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use entity::{Viewer, deletion, mark, membership, note, note_count, share, team, user};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel,
    ModelTrait, PaginatorTrait, Select,
};

use crate::{
    Db, Error, PasswordCost,
    bulk::{self, Bulk, Counts, Progress},
    users,
};
pub use error::{FileError, TransferError};
use file::{Reader, Writer};
use line::Line;

type Result<T> = std::result::Result<T, TransferError>;

/// How many rows are held in memory at once.
const BATCH: u64 = 1_000;

/// What was written to a file, or read from one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transferred {
    /// How many rows.
    pub counts: Counts,
    /// The checksum of all lines but the last, in hexadecimal.
    pub sha256: String,
}

/// Writes everything but sessions, API tokens and invitations to a new file, as a snapshot, while others keep changing the database.
/// `progress` is called with the number of rows done and the total number.
///
/// # Errors
/// See [`TransferError`]; no file is left behind then.
pub async fn export(db: &Db, path: &Path, progress: &Progress) -> Result<Transferred> {
    let snapshot = snapshot(db).await?;
    let file = Writer::create(path)?;
    let exported = Export { snapshot, file, progress, total: 0, done: 0 }.run().await;
    if exported.is_err()
        && let Err(error) = fs::remove_file(path)
    {
        log::warn!("can't remove the incomplete {}: {error}", path.display());
    }
    exported
}

/// As [`export`], to something that is open already, such as a pipe, which errors call `name`.
///
/// # Errors
/// See [`TransferError`]. What was written until then has no last line, and is rejected by [`import`].
pub async fn export_to(
    db: &Db,
    output: File,
    name: &Path,
    progress: &Progress,
) -> Result<Transferred> {
    let snapshot = snapshot(db).await?;
    let file = Writer::plain(output, name)?;
    Export { snapshot, file, progress, total: 0, done: 0 }.run().await
}

/// A snapshot without users whose deletion has only begun: an import would bring them back. Finishes their
/// deletion before.
async fn snapshot(db: &Db) -> crate::Result<DatabaseTransaction> {
    loop {
        let snapshot = entity::begin_snapshot(db.connection().pool()).await?;
        if deletion::Entity::find().count(&snapshot).await? == 0 {
            return Ok(snapshot);
        }
        snapshot.rollback().await?;
        users::finish_deletions(db).await?;
    }
}

/// A file being written.
struct Export<'a> {
    snapshot: DatabaseTransaction,
    file: Writer,
    progress: &'a Progress,
    total: u64,
    done: u64,
}

impl Export<'_> {
    async fn run(mut self) -> Result<Transferred> {
        self.total = counts(&self.snapshot).await?.total();
        self.table(user::Entity::find(), user::Column::Id).await?;
        self.table(team::Entity::find(), team::Column::Id).await?;
        self.table(membership::Entity::find(), membership::Column::Id).await?;
        self.table(note::visible_to(Viewer::Everything), note::Column::Id).await?;
        self.table(share::Entity::find(), share::Column::Id).await?;
        self.table(mark::Entity::find(), mark::Column::Id).await?;
        let last_ids = last_ids::read(&self.snapshot).await?;
        self.file.write(&Line::LastIds(last_ids))?;
        self.snapshot.rollback().await.map_err(Error::from)?;
        self.file.finish()
    }

    async fn table<E>(&mut self, rows: Select<E>, id: E::Column) -> Result<()>
    where
        E: EntityTrait,
        E::Model: ModelTrait<Entity = E> + Into<Line> + Sync,
    {
        let mut last = None;
        loop {
            let mut cursor = rows.clone().cursor_by(id);
            if let Some(last) = last {
                cursor.after(last);
            }
            let rows = cursor.first(BATCH).all(&self.snapshot).await.map_err(Error::from)?;
            let Some(row) = rows.last() else { return Ok(()) };
            last = Some(row.get(id));
            self.done += rows.len() as u64;
            for row in rows {
                self.file.write(&row.into())?;
            }
            (self.progress)(self.done, self.total);
        }
    }
}

async fn counts(db: &impl ConnectionTrait) -> crate::Result<Counts> {
    Ok(Counts {
        users: user::Entity::find().count(db).await?,
        teams: team::Entity::find().count(db).await?,
        memberships: membership::Entity::find().count(db).await?,
        notes: note::visible_to(Viewer::Everything).count(db).await?,
        shares: share::Entity::find().count(db).await?,
        marks: mark::Entity::find().count(db).await?,
    })
}

/// Opens a file to import.
///
/// # Errors
/// [`TransferError::File`].
pub fn open(path: &Path) -> Result<File> {
    file::open(path)
}

/// Everything from this input in a file without a name, since an import reads it twice.
///
/// # Errors
/// If the input can't be read, or the file can't be written.
pub fn spool(mut input: impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut input, &mut file)?;
    Ok(file)
}

/// Reads a file to its end and returns what is in it. Uses no database. No password hash may cost more than `most`:
/// each login of its user would take that much.
///
/// # Errors
/// [`TransferError::File`] unless it is a whole export of a version that this program reads.
pub fn verify(path: &Path, most: PasswordCost) -> Result<Transferred> {
    verify_from(&open(path)?, path, most)
}

/// As [`verify`], with a file that errors call `name`.
///
/// # Errors
/// As [`verify`].
pub fn verify_from(input: &File, name: &Path, most: PasswordCost) -> Result<Transferred> {
    let mut reader = Reader::start(input, name, most)?;
    while reader.next()?.is_some() {}
    Ok(reader.transferred())
}

/// Reads a file into a database that has no users. Ids, times and password hashes stay as they were; new
/// rows get ids that were never given before. A team that has members but no owner gets the longest-standing
/// one as owner, and a note for teams that is shared with none becomes private. On a server that only resembles
/// PostgreSQL, nobody may sign up meanwhile. `progress` is called with the number of rows done and the total.
///
/// # Errors
/// As [`verify`]; [`TransferError::Rows`] if the rows are inconsistent, or there are users already.
/// Nothing is changed then.
pub async fn import(
    db: &Db,
    path: &Path,
    most: PasswordCost,
    progress: &Progress,
) -> Result<Transferred> {
    import_from(db, &open(path)?, path, most, progress).await
}

/// As [`import`], with a file that errors call `name`.
///
/// # Errors
/// As [`import`].
pub async fn import_from(
    db: &Db,
    input: &File,
    name: &Path,
    most: PasswordCost,
    progress: &Progress,
) -> Result<Transferred> {
    let total = verify_from(input, name, most)?.counts.total();
    let transaction = db.begin().await?;
    if db.is_postgres() && db.lookalike().is_none() {
        // Keeps others from signing up in the meantime. SQLite has only one writer anyway.
        let lock = "LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE";
        transaction.execute_unprepared(lock).await.map_err(Error::from)?;
    }
    bulk::require_no_users(&transaction).await?;
    let mut file = Reader::start(input, name, most)?;
    let mut bulk = Bulk::new(&transaction, progress, total);
    bulk.insert(rows::<user::Model>(&mut file)).await?;
    bulk.insert(rows::<team::Model>(&mut file)).await?;
    bulk.insert(rows::<membership::Model>(&mut file)).await?;
    let promoted = membership::Entity::promote_in_ownerless_teams(&transaction).await;
    promoted.map_err(Error::from)?;
    bulk.insert(rows::<note::Model>(&mut file)).await?;
    note_count::Entity::count_all(&transaction).await.map_err(Error::from)?;
    bulk.insert(rows::<share::Model>(&mut file)).await?;
    note::make_unshared_private(&transaction).await.map_err(Error::from)?;
    bulk.insert(rows::<mark::Model>(&mut file)).await?;
    // The first version of the format has none.
    let last_ids = file.rows().collect::<Result<Vec<_>>>()?.pop().unwrap_or_default();
    last_ids::set(&transaction, &last_ids).await?;
    transaction.commit().await.map_err(Error::from)?;
    Ok(file.transferred())
}

/// The next rows of one kind, to be inserted unchanged.
fn rows<M>(
    file: &mut Reader,
) -> impl Iterator<Item = Result<<M::Entity as EntityTrait>::ActiveModel>>
where
    M: ModelTrait
        + TryFrom<Line, Error = Line>
        + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel>,
{
    file.rows::<M>().map(|row| row.map(|row| row.into_active_model().reset_all()))
}
