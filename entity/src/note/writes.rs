//! Writes that more than one row takes part in: the kept counts, and the teams that notes are shared with.

use sea_orm::{
    QueryOrder, QuerySelect, QueryTrait, SelectExt,
    entity::prelude::*,
    sea_query::{CaseStatement, ExprTrait, JoinType},
};

use super::{ActiveModel, Column, Entity, Model, Relation, Scopes, Visibility};
use crate::{
    IdList, Locking, NoteId, UserId, note_count,
    share::{self, Scopes as _},
};

impl ActiveModel {
    /// Inserts the note, in the caller's transaction.
    ///
    /// # Errors
    /// A foreign key violation (see [`DbErr::sql_err`]) if the author does not exist.
    pub async fn insert_counted(self, db: &impl ConnectionTrait) -> Result<Model, DbErr> {
        let note = self.insert(db).await?;
        if note.is_public() {
            note_count::Entity::increase(db, note.user_id).await?;
        }
        Ok(note)
    }

    /// Updates the note, in the caller's transaction, which has locked it as it was `before`.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn update_counted(
        self,
        db: &impl ConnectionTrait,
        before: &Model,
    ) -> Result<Model, DbErr> {
        let note = self.update(db).await?;
        match (before.is_public(), note.is_public()) {
            (false, true) => note_count::Entity::increase(db, note.user_id).await?,
            (true, false) => note_count::Entity::decrease(db, note.user_id, 1).await?,
            _ => {}
        }
        Ok(note)
    }
}

impl Model {
    /// Deletes the note, its marks and its shares, in the caller's transaction, which has locked it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn delete_counted(self, db: &impl ConnectionTrait) -> Result<(), DbErr> {
        let deleted = Entity::delete_by_id(self.id).exec(db).await?.rows_affected;
        if self.is_public() {
            note_count::Entity::decrease(db, self.user_id, deleted).await?;
        }
        Ok(())
    }
}

/// Deletes up to `limit` notes that the user has written, locked by id, with their marks and shares, in the
/// caller's transaction; returns how many notes.
///
/// # Errors
/// If the database fails.
pub async fn delete_some_by(
    db: &impl ConnectionTrait,
    author: UserId,
    limit: u64,
) -> Result<u64, DbErr> {
    let some = Entity::find().by(&author.into()).order_by_asc(Column::Id).limit(limit).for_update();
    let some = some.select_only().column(Column::Id).column(Column::Visibility);
    let some = some.into_tuple::<(NoteId, Visibility)>().all(db).await?;
    let ids = IdList::new(db, some.iter().map(|(id, _)| *id));
    let deleted = Entity::delete_many().with_ids(&ids).exec(db).await?.rows_affected;
    let public = some.iter().filter(|(_, visibility)| *visibility == Visibility::Public).count();
    note_count::Entity::decrease(db, author, public as u64).await?;
    Ok(deleted)
}

/// Ends the sharing of up to `limit` notes with these teams, in the caller's transaction, which has locked the teams.
/// A note that has no other team becomes private. Returns whether no note is shared with the teams any more.
///
/// # Errors
/// If the database fails.
pub async fn unshare_some(
    db: &impl ConnectionTrait,
    teams: &IdList,
    limit: u64,
    now: DateTimeUtc,
) -> Result<bool, DbErr> {
    let shares = share::Entity::find().with_teams(teams);
    let some = shares.clone().distinct().order_by_asc(share::Column::NoteId).limit(limit);
    let some = Entity::find().filter(Column::Id.in_subquery(share::note_ids(some)));
    let some = some.order_by_asc(Column::Id).for_no_key_update().select_only().column(Column::Id);
    let some = some.into_tuple::<NoteId>().all(db).await?;
    if !some.is_empty() {
        unshare(db, &IdList::new(db, some), teams, now).await?;
    }
    // Their number says nothing: authors may delete notes meanwhile.
    Ok(!shares.exists(db).await?)
}

/// Ends the sharing of these notes, which are locked, with the teams.
async fn unshare(
    db: &impl ConnectionTrait,
    notes: &IdList,
    teams: &IdList,
    now: DateTimeUtc,
) -> Result<(), DbErr> {
    share::Entity::delete_many().of_notes(notes).with_teams(teams).exec(db).await?;
    let shared = share::note_ids(share::Entity::find().of_notes(notes));
    let is_unshared = is_for_teams().and(Expr::col(Column::Id).not_in_subquery(shared));
    let visibility = CaseStatement::new()
        .case(is_unshared, Visibility::Private.literal())
        .finally(Expr::col(Column::Visibility));
    let changed = Entity::update_many()
        .with_ids(notes)
        .col_expr(Column::Visibility, visibility.into())
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .col_expr(Column::UpdatedAt, Expr::val(now));
    changed.exec(db).await.map(|_| ())
}

/// Makes notes of visibility `team` private that are not shared with any team, after many were inserted.
///
/// # Errors
/// If the database fails.
pub async fn make_unshared_private(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    let unshared = Entity::find()
        .join(JoinType::LeftJoin, Relation::Share.def())
        .filter(is_for_teams())
        .filter(share::Column::Id.is_null())
        .select_only()
        .column(Column::Id)
        .into_query();
    let changed = Entity::update_many()
        .col_expr(Column::Visibility, Visibility::Private.literal())
        .filter(Column::Id.in_subquery(unshared));
    changed.exec(db).await.map(|_| ())
}

fn is_for_teams() -> Expr {
    Expr::col(Column::Visibility).eq(Visibility::Team.literal())
}
