//! Notes: written by one user, seen by those that its visibility admits, marked to read by many.
//!
//! Every query of notes outside this crate begins with [`visible_to`], or with a function here that takes a
//! [`Viewer`] too. The table itself can't be queried there:
//!
//! ```compile_fail,E0603
//! # use sea_orm::EntityTrait;
//! let notes = entity::note::Entity::find();
//! ```

mod associations;
mod row;
mod scopes;
mod writes;

use sea_orm::{
    QueryOrder, QuerySelect, Select,
    entity::prelude::*,
    sea_query::{ExprTrait, Func},
};

pub(crate) use self::row::{ActiveModelEx, Entity, EntityLoader, EntityLoaderWith, Relation};
pub use self::{
    row::{ActiveModel, Column, Core, Model, Visibility, WithAuthor},
    scopes::Scopes,
    writes::{delete_some_by, make_unshared_private, unshare_some},
};
use crate::{
    Candidates, IdList, Viewer, mark, newest::newest_of_each_among, share, team, text, trigrams,
    user,
};

/// The name of the table.
pub const TABLE: &str = "notes";

/// The notes that the viewer sees.
///
/// ```
/// use entity::{Viewer, note::{self, Scopes}, user::UserKey};
/// # async fn found(db: &sea_orm::DatabaseConnection) -> Result<(), sea_orm::DbErr> {
/// # use sea_orm::ConnectionTrait;
/// let author = UserKey::Username("alice".into());
/// let notes = note::visible_to(Viewer::Anonymous).important();
/// let found = notes.containing("100 %", db.get_database_backend()).by(&author).all(db).await?;
/// # Ok(()) }
/// ```
pub fn visible_to(viewer: Viewer) -> Select<Entity> {
    Entity::find().filter(viewer.sees(TABLE))
}

/// The notes that an index finds for this text (see [`Candidates`]).
///
/// # Errors
/// If the database fails.
pub async fn candidates(db: &impl ConnectionTrait, text: &str) -> Result<Candidates, DbErr> {
    trigrams::candidates(db, TABLE, [text::fold(text)]).await
}

/// The newest `limit` notes of each of these users that the viewer sees: by user, newest first.
pub fn newest_of_each(viewer: Viewer, users: &IdList, limit: u64) -> Select<Entity> {
    newest_seen(viewer, users, limit).order_by_asc(Column::UserId).order_by_desc(Column::Id)
}

/// How many bytes the contents of the newest `limit` notes of each of these users have that the viewer sees. For
/// tuples of the user's id and the number.
pub fn newest_bytes_of_each(viewer: Viewer, users: &IdList, limit: u64) -> Select<Entity> {
    let bytes = Func::cust("octet_length").arg(Expr::col((Entity, Column::Content)));
    newest_seen(viewer, users, limit)
        .select_only()
        .column(Column::UserId)
        .column_as(Expr::from(bytes).sum(), "bytes")
        .group_by(Column::UserId)
}

fn newest_seen(viewer: Viewer, users: &IdList, limit: u64) -> Select<Entity> {
    newest_of_each_among(visible_to(viewer), Column::UserId, users, limit, |notes| {
        viewer.sees(notes)
    })
}
