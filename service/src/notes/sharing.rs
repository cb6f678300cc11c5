//! The teams that notes are shared with.

use entity::{
    IdList, Locking, TeamId,
    membership::{self, Scopes as _},
    note::{self, Visibility},
    team,
};
use sea_orm::EntityTrait;

use crate::{Error, Result, Work, error::require_known};

/// Locks teams that a note may get, so that they remain until the transaction ends: before the author and the note.
pub(super) async fn lock_teams(work: &Work, team_ids: Option<&[TeamId]>) -> Result<()> {
    let Some(team_ids) = team_ids else { return Ok(()) };
    let teams = IdList::new(work.transaction(), team_ids.iter().copied());
    team::Entity::find_by_ids(&teams).for_key_share().all(work.transaction()).await?;
    Ok(())
}

/// The teams that a note is to be shared with when its visibility changes, or stays; `None` leaves them as they are.
///
/// # Errors
/// [`Error::Invalid`] if it would be for teams and have none, or have some without being for teams.
pub(super) fn teams_after(
    before: Visibility,
    after: Visibility,
    team_ids: Option<&[TeamId]>,
) -> Result<Option<&[TeamId]>> {
    match (after, team_ids) {
        (Visibility::Team, Some([])) => Err(invalid("must have at least one entry")),
        (Visibility::Team, None) if before != Visibility::Team => Err(invalid("is missing")),
        (Visibility::Team, team_ids) => Ok(team_ids),
        (_, Some(_)) => Err(invalid("can only be given for a note of visibility team")),
        (_, None) if before == Visibility::Team => Ok(Some(&[])),
        (_, None) => Ok(None),
    }
}

fn invalid(why: &str) -> Error {
    Error::invalid("team_ids", why)
}

/// Makes the teams of a note of the actor exactly these, unless they are `None`; returns whether any were others.
///
/// # Errors
/// [`Error::Invalid`], pointing at each new team that the actor does not belong to; nothing is changed then.
pub(super) async fn set(
    work: &Work,
    note: &note::Model,
    team_ids: Option<&[TeamId]>,
) -> Result<bool> {
    let Some(team_ids) = team_ids else { return Ok(false) };
    require_own(work, note, team_ids).await?;
    let difference = note.set_teams(work.transaction(), team_ids).await?;
    Ok(!difference.added.is_empty() || !difference.removed.is_empty())
}

/// Requires that the note is shared with each of these teams already, or the actor belongs to it.
async fn require_own(work: &Work, note: &note::Model, team_ids: &[TeamId]) -> Result<()> {
    let mut known = note.team_ids(work.transaction()).await?;
    let listed = IdList::new(work.transaction(), team_ids.iter().copied());
    let own = membership::Entity::find().of_user(work.user().await?.id).in_teams(&listed);
    let own = own.all(work.transaction()).await?;
    known.extend(own.iter().map(|membership| membership.team_id));
    require_known("team_ids", team_ids, &known, "does not refer to a team of yours")
}
