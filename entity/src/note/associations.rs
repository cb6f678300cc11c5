//! A note's marks and teams.

use std::collections::HashSet;

use sea_orm::{QuerySelect, Select, TransactionSession, TransactionTrait, entity::prelude::*};

use super::{Core, Entity, Model, mark, share, team};
use crate::{Difference, IdList, Locking, TeamId, Viewer, share::Scopes as _};

impl Core {
    /// The marks of enabled users on this note, joined with the users. For [`mark::MarkedBy`].
    pub fn users_marked(&self) -> Select<mark::Entity> {
        use mark::Scopes as _;
        mark::Entity::find_with_user().of_note(self.id)
    }

    /// The teams that this note, if it is for teams, is shared with, as far as the viewer knows: all for its author, for
    /// others those that they belong to.
    pub fn teams(&self, viewer: Viewer) -> Select<team::Entity> {
        let known = share::Entity::find_known_to(viewer).of_note(self.id);
        team::Entity::find().filter(team::Column::Id.in_subquery(share::team_ids(known)))
    }
}

impl Model {
    /// The ids of all teams that this note is shared with.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn team_ids(&self, db: &impl ConnectionTrait) -> Result<HashSet<TeamId>, DbErr> {
        let shares = share::Entity::find().of_note(self.id).select_only();
        let ids = shares.column(share::Column::TeamId).into_tuple::<TeamId>().all(db).await?;
        Ok(ids.into_iter().collect())
    }

    /// Shares this note with the team, unless it is shared with it already; returns whether that is new.
    ///
    /// # Errors
    /// A foreign key violation (see [`DbErr::sql_err`]) if the team does not exist.
    pub async fn add_team(
        &self,
        db: &impl ConnectionTrait,
        team_id: TeamId,
    ) -> Result<bool, DbErr> {
        let added = share::Entity::add_teams(db, self.id, &IdList::new(db, [team_id])).await?;
        Ok(!added.is_empty())
    }

    /// Ends the sharing of this note with the team; returns whether it was shared with it. The caller enforces the rule
    /// that a note of visibility `team` keeps a team.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn remove_team(
        &self,
        db: &impl ConnectionTrait,
        team_id: TeamId,
    ) -> Result<bool, DbErr> {
        let removed = share::Entity::delete_many().of_note(self.id);
        let removed = removed.with_teams(&IdList::new(db, [team_id]));
        Ok(removed.exec(db).await?.rows_affected > 0)
    }

    /// Makes the teams that this note is shared with exactly these. A repeated id counts once, and either all of it
    /// is done or nothing. Returns which it added and removed.
    ///
    /// # Errors
    /// A foreign key violation (see [`DbErr::sql_err`]) if a team does not exist.
    pub async fn set_teams(
        &self,
        db: &(impl ConnectionTrait + TransactionTrait),
        team_ids: &[TeamId],
    ) -> Result<Difference<TeamId>, DbErr> {
        let transaction = crate::begin_write(db).await?;
        Entity::find_by_id(self.id).for_no_key_update().one(&transaction).await?;
        let teams = IdList::new(&transaction, team_ids.iter().copied());
        let others = share::Entity::delete_many().of_note(self.id).not_with_teams(&teams);
        let removed = others.exec_with_returning(&transaction).await?;
        let added = share::Entity::add_teams(&transaction, self.id, &teams).await?;
        transaction.commit().await?;
        Ok(Difference { added, removed: removed.iter().map(|row| row.team_id).collect() })
    }
}
