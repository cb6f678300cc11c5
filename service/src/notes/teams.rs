//! The teams that a note is shared with, from the note's side.

use std::collections::HashMap;

use entity::{
    IdList, Locking, NESTED_LIMIT, NoteId, TeamId,
    note::{self, Visibility, WithAuthor},
    share::{self, TeamOfNote},
    team::{self, Scopes as _},
};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, QueryOrder, QuerySelect};

use super::{get, lock_own, sharing};
use crate::{
    Actor, Error, Expected, Newest, Page, PageRequest, Reader, Result, Work, clock,
    page::{self, Direction, Order},
    policy,
};

/// A note, and the teams that it is shared with.
#[derive(Clone, Debug)]
pub struct WithTeams<T> {
    /// The note.
    pub row: T,
    /// The first teams that the actor knows of, by id, if included.
    pub teams: Option<Newest<team::Model>>,
}

/// A team that a note is shared with, and whether that is new.
#[derive(Clone, Debug)]
pub struct Shared {
    /// The team.
    pub team: team::Model,
    /// Whether the note was not shared with it before.
    pub is_new: bool,
}

/// The same page of notes with the teams that they are shared with, if those are included: one statement more if any is
/// for teams.
///
/// # Errors
/// If the database fails.
pub async fn with_teams<T: AsRef<note::Core>>(
    reader: &Reader,
    actor: &Actor,
    page: Page<T>,
    are_included: bool,
) -> Result<Page<WithTeams<T>>> {
    let mut teams = match are_included {
        true => Some(teams_of_each(reader, actor, page.items().map(AsRef::as_ref)).await?),
        false => None,
    };
    Ok(page.map(|row| {
        let id = row.as_ref().id;
        let teams = teams.as_mut().map(|teams| teams.remove(&id).unwrap_or_default());
        WithTeams { row, teams }
    }))
}

/// The same for one note.
///
/// # Errors
/// If the database fails.
pub async fn one_with_teams<T: AsRef<note::Core>>(
    reader: &Reader,
    actor: &Actor,
    row: T,
    are_included: bool,
) -> Result<WithTeams<T>> {
    let teams = match are_included {
        true => {
            let mut teams = teams_of_each(reader, actor, [row.as_ref()].into_iter()).await?;
            Some(teams.remove(&row.as_ref().id).unwrap_or_default())
        }
        false => None,
    };
    Ok(WithTeams { row, teams })
}

async fn teams_of_each(
    reader: &Reader,
    actor: &Actor,
    notes: impl Iterator<Item = &note::Core>,
) -> Result<HashMap<NoteId, Newest<team::Model>>> {
    let shared: Vec<NoteId> =
        notes.filter(|note| note.is_for_teams()).map(|note| note.id).collect();
    let mut teams: HashMap<NoteId, Newest<team::Model>> = HashMap::new();
    if shared.is_empty() {
        return Ok(teams);
    }
    let shared = IdList::new(reader.connection(), shared);
    let first = share::Entity::first_teams_of_each(actor.viewer(), &shared, NESTED_LIMIT);
    let first = first.into_partial_model::<TeamOfNote>().all(reader.connection()).await?;
    for TeamOfNote { note_id, team, team_count } in first {
        let of_note = teams.entry(note_id).or_default();
        of_note.total = team_count;
        of_note.items.push(team);
    }
    Ok(teams)
}

/// One page of the teams that the note is shared with and the actor knows of, by id. Two statements.
///
/// # Errors
/// As [`get`].
pub async fn list_teams(
    reader: &Reader,
    actor: &Actor,
    id: NoteId,
    request: &PageRequest,
) -> Result<Page<team::Model>> {
    let WithAuthor { note, .. } = get(reader, actor, id).await?;
    let id_of = |team: &team::Model| team.id.into();
    let by_id = Order::by_id(Direction::Ascending, team::Column::Id, id_of);
    page::read(reader, note.teams(actor.viewer()), &by_id, request).await
}

/// A team that the note is shared with. Two statements.
///
/// # Errors
/// As [`get`]; [`Error::NotFound`] if the note is not shared with it, or the actor does not know that it is.
pub async fn get_team(
    reader: &Reader,
    actor: &Actor,
    id: NoteId,
    team_id: TeamId,
) -> Result<team::Model> {
    let WithAuthor { note, .. } = get(reader, actor, id).await?;
    let teams = note.teams(actor.viewer()).with_id(team_id);
    teams.one(reader.connection()).await?.ok_or(Error::NotFound)
}

/// Makes the teams that a note of the actor is shared with exactly these; a repeated id counts once. Returns the first
/// of them, by id.
///
/// # Errors
/// As `lock`; [`Error::LastTeam`] if there are none; [`Error::Invalid`], pointing at each new team that the
/// actor does not belong to. Nothing is changed then.
pub async fn set_teams(
    work: &Work,
    id: NoteId,
    team_ids: &[TeamId],
    expected: &Expected,
) -> Result<Vec<team::Model>> {
    sharing::lock_teams(work, Some(team_ids)).await?;
    let note = lock(work, id, expected).await?;
    if team_ids.is_empty() {
        return Err(Error::LastTeam);
    }
    let viewer = work.actor().await?.viewer();
    let first = note::Core::from(note.clone()).teams(viewer).order_by_asc(team::Column::Id);
    if sharing::set(work, &note, Some(team_ids)).await? {
        record_change(work, note).await?;
    }
    Ok(first.limit(NESTED_LIMIT).all(work.transaction()).await?)
}

/// Shares a note of the actor with a team, once.
///
/// # Errors
/// As `lock`; [`Error::NotFound`] if there is no such team; [`Error::NotAllowed`] if the actor does not belong to
/// it, unless the note is shared with it already.
pub async fn add_team(
    work: &Work,
    id: NoteId,
    team_id: TeamId,
    expected: &Expected,
) -> Result<Shared> {
    let team = team::Entity::find_by_id(team_id).for_key_share().one(work.transaction()).await?;
    let note = lock(work, id, expected).await?;
    let team = team.ok_or(Error::NotFound)?;
    if note.team_ids(work.transaction()).await?.contains(&team_id) {
        return Ok(Shared { team, is_new: false });
    }
    let own = work.user().await?.membership_in(work.transaction(), team_id).await?;
    policy::share_note(own.as_ref())?;
    let is_new = note.add_team(work.transaction(), team_id).await?;
    record_change(work, note).await?;
    Ok(Shared { team, is_new })
}

/// Ends the sharing of a note of the actor with a team.
///
/// # Errors
/// As `lock`; [`Error::NotFound`] if the note is not shared with it; [`Error::LastTeam`].
pub async fn remove_team(
    work: &Work,
    id: NoteId,
    team_id: TeamId,
    expected: &Expected,
) -> Result<()> {
    let note = lock(work, id, expected).await?;
    let teams = note.team_ids(work.transaction()).await?;
    if !teams.contains(&team_id) {
        return Err(Error::NotFound);
    }
    if teams.len() == 1 {
        return Err(Error::LastTeam);
    }
    note.remove_team(work.transaction(), team_id).await?;
    record_change(work, note).await
}

/// A note of the actor that is for teams, locked against changes by others until the transaction ends.
///
/// # Errors
/// [`Error::NotFound`], also when the actor does not see it; [`Error::NotAllowed`] for anyone but the author;
/// [`Error::Outdated`]; [`Error::VersionMissing`]; [`Error::NotForTeams`].
async fn lock(work: &Work, id: NoteId, expected: &Expected) -> Result<note::Model> {
    let note = lock_own(work, id, expected).await?;
    match note.visibility {
        Visibility::Team => Ok(note),
        Visibility::Public | Visibility::Private => Err(Error::NotForTeams),
    }
}

async fn record_change(work: &Work, note: note::Model) -> Result<()> {
    let mut changed = note.into_active_model();
    changed.record_change(clock::now());
    changed.update(work.transaction()).await?;
    Ok(())
}
