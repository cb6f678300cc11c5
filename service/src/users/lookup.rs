use entity::{
    NESTED_LIMIT, WithTotal,
    mark::{self, MarkedNote},
    membership::{self, TeamMembership},
    note::{self, Scopes as _, WithAuthor},
    user::{self, UserKey, WithNoteCount, WithNoteCounts},
};
use sea_orm::{QueryOrder, QuerySelect};

use crate::{
    Actor, Error, Newest, Page, PageRequest, Reader, Result, notes, page, policy, reading_list,
};

/// What to include with a user.
#[derive(Clone, Copy, Debug, Default)]
pub struct Include {
    /// The newest notes.
    pub notes: bool,
    /// The newest marked notes.
    pub marked_notes: bool,
    /// Only marked notes that the user has read, or only unread ones.
    pub read: Option<bool>,
    /// The newest teams.
    pub teams: bool,
}

/// A user with what was included.
#[derive(Clone, Debug)]
pub struct WithLists {
    /// The user.
    pub user: user::Model,
    /// The number of public notes that the user has written.
    pub note_count: i64,
    /// The newest of all the user's notes that the actor sees, and how many those are.
    pub notes: Option<Newest<note::Core>>,
    /// The notes that the user marked most recently, of those that the actor sees.
    pub marked_notes: Option<Newest<MarkedNote>>,
    /// The teams that the user joined most recently.
    pub teams: Option<Newest<TeamMembership>>,
}

/// The user with this id or username: one statement, and one for each included list. The lists are never joined
/// with each other, since rows would multiply.
///
/// # Errors
/// [`Error::NotFound`], also when the user is disabled, except for admins.
pub async fn get(
    reader: &Reader,
    actor: &Actor,
    key: &UserKey,
    include: Include,
) -> Result<WithLists> {
    let Include { notes, marked_notes, read, teams } = include;
    let viewer = notes.then(|| actor.viewer());
    let found = user::Entity::find_with_note_counts(key, viewer).one(reader.connection()).await?;
    let WithNoteCounts { counted, visible_note_count } = found.ok_or(Error::NotFound)?;
    let WithNoteCount { user, note_count } = counted;
    policy::see_user(actor, &user)?;
    let notes = match visible_note_count {
        Some(total) => Some(Newest { items: newest_notes(reader, actor, &user).await?, total }),
        None => None,
    };
    let marked_notes = match marked_notes {
        true => Some(newest_marked_notes(reader, actor, &user, read).await?),
        false => None,
    };
    let teams = if teams { Some(newest_teams(reader, &user).await?) } else { None };
    Ok(WithLists { user, note_count, notes, marked_notes, teams })
}

async fn newest_notes(
    reader: &Reader,
    actor: &Actor,
    user: &user::Model,
) -> Result<Vec<note::Core>> {
    let notes = note::visible_to(actor.viewer()).by(&user.id.into());
    let newest = notes.order_by_desc(note::Column::Id).limit(NESTED_LIMIT);
    Ok(newest.into_partial_model::<note::Core>().all(reader.connection()).await?)
}

async fn newest_marked_notes(
    reader: &Reader,
    actor: &Actor,
    user: &user::Model,
    read: Option<bool>,
) -> Result<Newest<MarkedNote>> {
    let marks = reading_list::narrowed(user.marked_notes(actor.viewer()), read);
    let newest = marks.order_by_desc(mark::Column::Id).limit(NESTED_LIMIT);
    let rows = newest.into_partial_model::<WithTotal<MarkedNote>>();
    Ok(rows.all(reader.connection()).await?.into())
}

async fn newest_teams(reader: &Reader, user: &user::Model) -> Result<Newest<TeamMembership>> {
    let newest = user.teams().order_by_desc(membership::Column::Id).limit(NESTED_LIMIT);
    let rows = newest.into_partial_model::<WithTotal<TeamMembership>>();
    Ok(rows.all(reader.connection()).await?.into())
}

/// One page of the user's notes that the actor sees, newest first. Two statements.
///
/// # Errors
/// As [`get`].
pub async fn list_notes(
    reader: &Reader,
    actor: &Actor,
    key: &UserKey,
    request: &PageRequest,
) -> Result<Page<WithAuthor>> {
    let user = find_visible(reader, actor, key).await?;
    page::read(reader, user.notes(actor.viewer()), &notes::newest_first(), request).await
}

/// One page of the notes that the user has marked and the actor sees, newest mark first; if `read` is set,
/// only read or only unread ones. Two statements.
///
/// # Errors
/// As [`get`].
pub async fn list_marked_notes(
    reader: &Reader,
    actor: &Actor,
    key: &UserKey,
    read: Option<bool>,
    request: &PageRequest,
) -> Result<Page<MarkedNote>> {
    let user = find_visible(reader, actor, key).await?;
    let marks = reading_list::narrowed(user.marked_notes(actor.viewer()), read);
    page::read(reader, marks, &reading_list::newest_first(), request).await
}

/// The user with this id or username, if the actor may see them.
///
/// # Errors
/// As [`get`].
pub async fn find_visible(reader: &Reader, actor: &Actor, key: &UserKey) -> Result<user::Model> {
    let user = find_by_key(reader, key).await?;
    policy::see_user(actor, &user)?;
    Ok(user)
}

/// The user with this id or username.
pub(crate) async fn find_by_key(reader: &Reader, key: &UserKey) -> Result<user::Model> {
    user::Entity::find_by_key(key).one(reader.connection()).await?.ok_or(Error::NotFound)
}
