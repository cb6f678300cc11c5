//! Notes: authors write them, and choose who sees them.

mod list;
mod sharing;
mod teams;

use chrono::{DateTime, Utc};
use entity::{
    Locking, NESTED_LIMIT, NoteId, TeamId, WithTotal,
    mark::{self, MarkedBy},
    note::{self, Scopes as _, WithAuthor},
    team,
};
use sea_orm::{ActiveModelTrait, IntoActiveModel, QueryOrder, QuerySelect};

pub use entity::note::Visibility;
pub(crate) use list::newest_first;
pub use list::{Filter, SortBy, list};
pub use teams::{
    Shared, WithTeams, add_team, get_team, list_teams, one_with_teams, remove_team, set_teams,
    with_teams,
};

use crate::{
    Actor, Error, Expected, Newest, Page, PageRequest, Reader, Rejection, Result, Work,
    audit::Subject,
    clock,
    page::{self, Direction, Order},
    policy, text,
};

/// The content of a note: not blank, and without control characters except tabs and line breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content(String);

impl Content {
    /// The maximum length in characters (Unicode scalar values).
    pub const MAX_CHARS: usize = 10_000;

    /// Parses the content of a note.
    ///
    /// # Errors
    /// Why the text is rejected.
    pub fn parse(text: String) -> std::result::Result<Self, Rejection> {
        text::lines(text, Self::MAX_CHARS).map(Self)
    }
}

/// A note to write.
#[derive(Clone, Debug)]
pub struct NewNote {
    /// The content.
    pub content: Content,
    /// Whether it is important.
    pub important: bool,
    /// The time it is about; now if omitted.
    pub date: Option<DateTime<Utc>>,
    /// Who sees it.
    pub visibility: Visibility,
    /// The teams that it is shared with.
    pub team_ids: Option<Vec<TeamId>>,
}

/// Changes to a note; `None` leaves a value as it is.
#[derive(Clone, Debug, Default)]
pub struct NoteChange {
    /// The content.
    pub content: Option<Content>,
    /// Whether it is important.
    pub important: Option<bool>,
    /// The time it is about.
    pub date: Option<DateTime<Utc>>,
    /// Who sees it.
    pub visibility: Option<Visibility>,
    /// The teams that it is shared with.
    pub team_ids: Option<Vec<TeamId>>,
}

/// What to include with a note.
#[derive(Clone, Copy, Debug, Default)]
pub struct Include {
    /// The newest marks.
    pub users_marked: bool,
    /// The teams that it is shared with.
    pub teams: bool,
}

/// A note, its author, and what was included.
#[derive(Clone, Debug)]
pub struct Detail {
    /// The note and its author.
    pub note: WithAuthor,
    /// The newest marks of enabled users.
    pub marks: Option<Newest<MarkedBy>>,
    /// The first teams that the actor knows of, by id.
    pub teams: Option<Newest<team::Model>>,
}

/// The note with this id, and its author. One statement.
///
/// # Errors
/// [`Error::NotFound`], also when the actor does not see it.
pub async fn get(reader: &Reader, actor: &Actor, id: NoteId) -> Result<WithAuthor> {
    let note = note::visible_to(actor.viewer()).with_author().with_id(id);
    let note = note.into_partial_model::<WithAuthor>();
    note.one(reader.connection()).await?.ok_or(Error::NotFound)
}

/// The note with this id, its author, and what is included: one statement, and one for each.
///
/// # Errors
/// As [`get`].
pub async fn get_with(
    reader: &Reader,
    actor: &Actor,
    id: NoteId,
    include: Include,
) -> Result<Detail> {
    let Include { users_marked, teams } = include;
    let note = get(reader, actor, id).await?;
    let marks = if users_marked { Some(newest_marks(reader, &note.note).await?) } else { None };
    let WithTeams { row: note, teams } = one_with_teams(reader, actor, note, teams).await?;
    Ok(Detail { note, marks, teams })
}

async fn newest_marks(reader: &Reader, note: &note::Core) -> Result<Newest<MarkedBy>> {
    let newest = note.users_marked().order_by_desc(mark::Column::Id).limit(NESTED_LIMIT);
    let rows = newest.into_partial_model::<WithTotal<MarkedBy>>().all(reader.connection()).await?;
    Ok(rows.into())
}

/// One page of the enabled users who have marked the note, newest mark first. Two statements.
///
/// # Errors
/// As [`get`].
pub async fn list_users_marked(
    reader: &Reader,
    actor: &Actor,
    id: NoteId,
    request: &PageRequest,
) -> Result<Page<MarkedBy>> {
    let WithAuthor { note, .. } = get(reader, actor, id).await?;
    let id_of = |row: &MarkedBy| row.id.into();
    let newest_first = Order::by_id(Direction::Descending, mark::Column::Id, id_of);
    page::read(reader, note.users_marked(), &newest_first, request).await
}

/// Creates a note, written by the actor.
///
/// # Errors
/// [`Error::TokenMissing`] if the actor is not a user; [`Error::Invalid`] if it is for teams and names none, or names
/// others than the actor's.
pub async fn create(work: &Work, new: &NewNote) -> Result<WithAuthor> {
    let NewNote { content, important, date, visibility, team_ids } = new;
    sharing::lock_teams(work, team_ids.as_deref()).await?;
    let author = work.user().await?;
    let mut note = note::ActiveModel::new(author.id, content.0.clone(), clock::now());
    let teams = sharing::teams_after(Visibility::Private, *visibility, team_ids.as_deref())?;
    note.set_important(*important);
    note.set_visibility(*visibility);
    if let Some(date) = date {
        note.set_date(*date);
    }
    let note = note.insert_counted(work.transaction()).await?;
    sharing::set(work, &note, teams).await?;
    Ok(WithAuthor { note: note.into(), author: author.summary() })
}

/// Changes a note of the actor.
///
/// # Errors
/// [`Error::NotFound`], also when the actor does not see it; [`Error::NotAllowed`] for anyone but the author;
/// [`Error::Outdated`]; [`Error::VersionMissing`]; [`Error::Invalid`] if it would be for teams and have none, or for new
/// teams that are not the author's.
pub async fn update(
    work: &Work,
    id: NoteId,
    change: &NoteChange,
    expected: &Expected,
) -> Result<WithAuthor> {
    let NoteChange { content: _, important: _, date: _, visibility, team_ids } = change;
    sharing::lock_teams(work, team_ids.as_deref()).await?;
    let actor = work.actor().await?;
    let note = lock_own(work, id, expected).await?;
    let visibility = visibility.unwrap_or(note.visibility);
    let teams = sharing::teams_after(note.visibility, visibility, team_ids.as_deref())?;
    let has_other_teams = sharing::set(work, &note, teams).await?;
    let mut changed = apply(note.clone(), change);
    if has_other_teams || changed.is_changed() {
        changed.record_change(clock::now());
    }
    let note = changed.update_counted(work.transaction(), &note).await?;
    Ok(WithAuthor { note: note.into(), author: actor.user()?.summary() })
}

fn apply(note: note::Model, change: &NoteChange) -> note::ActiveModel {
    let NoteChange { content, important, date, visibility, team_ids: _ } = change;
    let mut note = note.into_active_model();
    if let Some(Content(content)) = content {
        note.set_content(content.clone());
    }
    if let Some(important) = important {
        note.set_important(*important);
    }
    if let Some(date) = date {
        note.set_date(*date);
    }
    if let Some(visibility) = visibility {
        note.set_visibility(*visibility);
    }
    note
}

/// Deletes a note, its marks and its shares.
///
/// # Errors
/// [`Error::NotFound`], also when the actor does not see it; [`Error::NotAllowed`] for anyone but the author and
/// admins; [`Error::Outdated`]; [`Error::VersionMissing`].
pub async fn delete(work: &Work, id: NoteId, expected: &Expected) -> Result<()> {
    let actor = work.actor().await?;
    let note = note::visible_to(actor.viewer()).with_id(id).for_update();
    let note = note.one(work.transaction()).await?.ok_or(Error::NotFound)?;
    policy::delete_note(actor, &note)?;
    expected.require(note.version)?;
    if !actor.is(note.user_id) {
        work.audit("note deleted", Subject::Note(id, note.user_id));
    }
    Ok(note.delete_counted(work.transaction()).await?)
}

/// A note of the actor in an expected version, locked against changes by others until the transaction ends.
async fn lock_own(work: &Work, id: NoteId, expected: &Expected) -> Result<note::Model> {
    let actor = work.actor().await?;
    let note = note::visible_to(actor.viewer()).with_id(id).for_no_key_update();
    let note = note.one(work.transaction()).await?.ok_or(Error::NotFound)?;
    policy::edit_note(actor, &note)?;
    expected.require(note.version)?;
    Ok(note)
}
