//! A user's notes, teams, marked notes and API tokens.

use sea_orm::{Select, TransactionSession, TransactionTrait, entity::prelude::*};

use super::{Entity, Model};
use crate::{
    Difference, IdList, Locking, NoteId, TeamId, Viewer,
    api_token::{self, Scopes as _},
    idempotency_key::{self, Scopes as _},
    mark::{self, Scopes as _},
    membership::{self, Role, Scopes as _},
    note::{self, Scopes as _},
};

impl Model {
    /// The notes that this user has written and the viewer sees, joined with their author. For [`note::WithAuthor`].
    pub fn notes(&self, viewer: Viewer) -> Select<note::Entity> {
        note::visible_to(viewer).with_author().by(&self.id.into())
    }

    /// Counts all notes that this user has written. One statement.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn number_of_notes(&self, db: &impl ConnectionTrait) -> Result<u64, DbErr> {
        note::visible_to(Viewer::Everything).by(&self.id.into()).count(db).await
    }

    /// Counts all notes that this user has marked. One statement.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn number_of_marks(&self, db: &impl ConnectionTrait) -> Result<u64, DbErr> {
        mark::Entity::find().of_user(self.id).count(db).await
    }

    /// Counts the idempotency keys that this user has used lately. One statement.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn number_of_idempotency_keys(
        &self,
        db: &impl ConnectionTrait,
    ) -> Result<u64, DbErr> {
        idempotency_key::Entity::find().of_user(self.id).count(db).await
    }

    /// The teams that this user belongs to, through the memberships. For
    /// [`membership::TeamMembership`].
    pub fn teams(&self) -> Select<membership::Entity> {
        membership::Entity::find_with_team().of_user(self.id)
    }

    /// This user's membership in the team, if there is one.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn membership_in(
        &self,
        db: &impl ConnectionTrait,
        team_id: TeamId,
    ) -> Result<Option<membership::Model>, DbErr> {
        membership::Entity::find_by_user_and_team((self.id, team_id)).one(db).await
    }

    /// Adds this user to the team in this role, unless the user belongs to it already; returns whether
    /// the membership is new. Of concurrent calls, one creates it.
    ///
    /// # Errors
    /// A foreign key violation (see [`DbErr::sql_err`]) if the team does not exist.
    pub async fn add_team(
        &self,
        db: &impl ConnectionTrait,
        team_id: TeamId,
        role: Role,
        joined_at: DateTimeUtc,
    ) -> Result<bool, DbErr> {
        let added = membership::Entity::add_teams(db, self.id, [team_id], role, joined_at).await?;
        Ok(!added.is_empty())
    }

    /// Ends this user's membership in the team; returns whether there was one. The caller enforces the
    /// rule that a team keeps an owner.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn remove_team(
        &self,
        db: &impl ConnectionTrait,
        team_id: TeamId,
    ) -> Result<bool, DbErr> {
        let removed = membership::Entity::delete_many().of_user(self.id).in_team(team_id);
        Ok(removed.exec(db).await?.rows_affected > 0)
    }

    /// Makes the user's teams exactly these. Memberships that remain keep their roles and dates, a
    /// repeated id counts once, and either all of it is done or nothing. The caller enforces the rule that
    /// a team keeps an owner. Returns which it added and removed.
    ///
    /// # Errors
    /// A foreign key violation (see [`DbErr::sql_err`]) if a team does not exist.
    pub async fn set_teams(
        &self,
        db: &(impl ConnectionTrait + TransactionTrait),
        team_ids: &[TeamId],
        joined_at: DateTimeUtc,
    ) -> Result<Difference<TeamId>, DbErr> {
        let transaction = crate::begin_write(db).await?;
        Entity::find_by_id(self.id).for_no_key_update().one(&transaction).await?;
        let teams = IdList::new(&transaction, team_ids.iter().copied());
        let others = membership::Entity::delete_many().of_user(self.id).not_in_teams(&teams);
        let removed = others.exec_with_returning(&transaction).await?;
        let (teams, role) = (team_ids.iter().copied(), Role::Member);
        let added = membership::Entity::add_teams(&transaction, self.id, teams, role, joined_at);
        let added = added.await?;
        transaction.commit().await?;
        Ok(Difference { added, removed: removed.iter().map(|row| row.team_id).collect() })
    }

    /// The notes that this user has marked and the viewer sees, through the marks, joined with the notes' authors. For
    /// [`mark::MarkedNote`].
    pub fn marked_notes(&self, viewer: Viewer) -> Select<mark::Entity> {
        mark::Entity::find_with_note(viewer).of_user(self.id)
    }

    /// This user's marks of notes that the user sees. For [`mark::Counts`], too.
    pub fn marks(&self) -> Select<mark::Entity> {
        mark::Entity::find_of_visible(Viewer::User(self.id)).of_user(self.id)
    }

    /// This user's mark of the note, if there is one and the user sees the note.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn mark_of(
        &self,
        db: &impl ConnectionTrait,
        note_id: NoteId,
    ) -> Result<Option<mark::Model>, DbErr> {
        self.marks().of_note(note_id).one(db).await
    }

    /// Marks the note as unread if this user sees it, unless this user has marked it already; returns whether the
    /// mark is new. Of concurrent calls, one creates it.
    ///
    /// # Errors
    /// A foreign key violation (see [`DbErr::sql_err`]) if the note is deleted at that moment.
    pub async fn mark_note(
        &self,
        db: &impl ConnectionTrait,
        note_id: NoteId,
    ) -> Result<bool, DbErr> {
        mark::Entity::add(db, self.id, note_id).await
    }

    /// Marks the notes as unread, unless this user has marked them already; returns the marks of all of
    /// them. One statement, for any number of notes; each may be listed once.
    ///
    /// # Errors
    /// A foreign key violation (see [`DbErr::sql_err`]) if a note does not exist.
    pub async fn mark_notes(
        &self,
        db: &impl ConnectionTrait,
        notes: &IdList,
    ) -> Result<Vec<mark::Model>, DbErr> {
        mark::Entity::add_all(db, self.id, notes).await
    }

    /// Removes this user's mark of the note if the user sees it; returns whether there was one.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn unmark_note(
        &self,
        db: &impl ConnectionTrait,
        note_id: NoteId,
    ) -> Result<bool, DbErr> {
        let note = note::visible_to(Viewer::User(self.id)).with_id(note_id);
        let removed = mark::Entity::delete_many().of_user(self.id).of_note_in(note);
        Ok(removed.exec(db).await?.rows_affected > 0)
    }

    /// The API tokens of this user.
    pub fn api_tokens(&self) -> Select<api_token::Entity> {
        api_token::Entity::find().of_user(self.id)
    }

    /// Ends all API tokens of this user; returns how many.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn delete_api_tokens(&self, db: &impl ConnectionTrait) -> Result<u64, DbErr> {
        let deleted = api_token::Entity::delete_many().of_user(self.id);
        Ok(deleted.exec(db).await?.rows_affected)
    }
}
