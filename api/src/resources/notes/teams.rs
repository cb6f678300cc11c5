//! `/api/notes/{id}/teams`: the teams that a note is shared with.

use api_macros::operation;
use entity::NoteId;
use service::notes::{self, Shared};

use super::current;
use crate::{
    http::{
        etag,
        extract::{Anyone, Body, Id, IfMatch, List, NoteTeamPath, Reads, SignedIn, View},
        problem::Problem,
        reply::{ListOf, NoContent, PageOf, Put, Reply},
        state::AppState,
    },
    resources::{memberships::TeamIdsBody, teams::TeamCoreBody},
};

/// Lists the teams that a note is shared with, in the order of their ids. Its author sees all of them, others those that
/// they belong to. The list is empty unless the note's visibility is `team`.
#[operation(listTeamsOfNote)]
pub(crate) async fn list_teams(
    reader: Reads,
    anyone: Anyone,
    Id(id): Id<NoteId>,
    list: List<TeamCoreBody>,
) -> Result<Reply<PageOf<TeamCoreBody>>, Problem> {
    let teams = notes::list_teams(&reader, &anyone, id, &list.page).await?;
    Reply::page(&list, teams.map(TeamCoreBody::from))
}

/// Sets the teams that a note is shared with to exactly these. Only its author may do this.
///
/// The note's visibility must be `team`, at least one team must remain, and the author must belong to new ones. The
/// answer has the first teams by id, at most 100.
#[operation(setTeamsOfNote, 403, 409)]
pub(crate) async fn set_teams(
    state: AppState,
    me: SignedIn,
    Id(id): Id<NoteId>,
    IfMatch(expected): IfMatch,
    Body(teams): Body<TeamIdsBody>,
) -> Result<Reply<ListOf<TeamCoreBody>>, Problem> {
    let set = async |work: &_| notes::set_teams(work, id, &teams.team_ids, &expected).await;
    let set = state.db.write(&me, set).await;
    let teams = etag::or_current(set, async || current(&state, &me, id).await).await?;
    Ok(Reply::list(teams.into_iter().map(TeamCoreBody::from)))
}

/// Returns a team that a note is shared with. If it is not, or the caller is neither the author nor in the team, the
/// status is 404.
#[operation(getTeamOfNote)]
pub(crate) async fn get_team(
    reader: Reads,
    anyone: Anyone,
    NoteTeamPath { note_id, team_id }: NoteTeamPath,
    view: View<TeamCoreBody>,
) -> Result<Reply<TeamCoreBody>, Problem> {
    let team = notes::get_team(&reader, &anyone, note_id, team_id).await?;
    Ok(Reply::selected(&view.fields, &team.into()))
}

/// Shares a note with a team. Only its author may do this, and must belong to the team. The note's visibility must be
/// `team`.
#[operation(shareNote, 403, 409)]
pub(crate) async fn put_team(
    state: AppState,
    me: SignedIn,
    NoteTeamPath { note_id, team_id }: NoteTeamPath,
    IfMatch(expected): IfMatch,
) -> Result<Reply<Put<TeamCoreBody>>, Problem> {
    let add = async |work: &_| notes::add_team(work, note_id, team_id, &expected).await;
    let added = state.db.write(&me, add).await;
    let current = async || current(&state, &me, note_id).await;
    let Shared { team, is_new } = etag::or_current(added, current).await?;
    Ok(Reply::put(is_new, team.into()))
}

/// Stops sharing a note with a team. Only its author may do this. The last team stays.
#[operation(unshareNote, 403, 409)]
pub(crate) async fn remove_team(
    state: AppState,
    me: SignedIn,
    NoteTeamPath { note_id, team_id }: NoteTeamPath,
    IfMatch(expected): IfMatch,
) -> Result<Reply<NoContent>, Problem> {
    let remove = async |work: &_| notes::remove_team(work, note_id, team_id, &expected).await;
    let removed = state.db.write(&me, remove).await;
    etag::or_current(removed, async || current(&state, &me, note_id).await).await?;
    Ok(Reply::no_content())
}
