use std::{collections::HashMap, pin::pin};

use entity::{
    IdList, NESTED_LIMIT, NamePattern, UserId, WithTotal,
    mark::{self, MarkedNote},
    membership::{self, TeamMembership},
    note::{self, WithAuthor},
    team,
    user::{self, Scopes, UserKey, WithNoteCount},
};
use futures_util::TryStreamExt;
use sea_orm::{EntityTrait, QueryOrder, QuerySelect};

use crate::{
    Actor, Error, Newest, PAGE_BYTES, Page, PageRequest, Reader, Result, notes,
    page::{self, Order},
    policy, reading_list,
};

/// Which users to list; all conditions must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Admins only, or ordinary users only.
    pub admin: Option<bool>,
    /// A pattern for the name (see [`NamePattern`]).
    pub name: Option<String>,
    /// Users with more notes than this.
    pub with_notes: Option<i64>,
    /// Whether disabled users are listed.
    pub disabled: DisabledFilter,
}

impl Filter {
    /// Whether most users may have to be read to find a page of those that match.
    fn may_scan(&self) -> bool {
        self.name.is_some() || self.with_notes.is_some()
    }
}

/// Whether disabled users are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DisabledFilter {
    /// Enabled users only.
    #[default]
    Without,
    /// Disabled users only; for admins.
    Only,
    /// Both; for admins.
    Any,
}

/// A user in a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The user.
    pub user: user::Model,
    /// The number of notes that the user has written.
    pub note_count: i64,
    /// The newest of those notes.
    pub notes: Vec<note::Core>,
    /// The teams that the user joined most recently.
    pub teams: Vec<team::Model>,
}

/// One page of users, by id. Three statements, whatever the number of users. The page is shorter
/// than requested if the notes of its users exceed [`PAGE_BYTES`], or if names were read that turn out not to
/// match.
///
/// # Errors
/// [`Error::TokenMissing`] and [`Error::NotAllowed`] if others than admins ask for disabled users.
pub async fn list(
    reader: &Reader,
    actor: &Actor,
    filter: &Filter,
    request: PageRequest,
) -> Result<Page<Listed>> {
    if filter.disabled != DisabledFilter::Without {
        policy::administer(actor)?;
    }
    let mut users = match filter.disabled {
        DisabledFilter::Without => user::Entity::listed(),
        DisabledFilter::Only => user::Entity::find().disabled(),
        DisabledFilter::Any => user::Entity::find(),
    };
    users = match filter.admin {
        Some(true) => users.admins(),
        Some(false) => users.not_admins(),
        None => users,
    };
    let pattern = filter.name.as_deref().map(NamePattern::parse);
    if let Some(pattern) = &pattern {
        users = users.name_like(pattern);
    }
    if let Some(count) = filter.with_notes {
        users = users.with_more_notes_than(count);
    }
    let by_id = (user::Column::Id, Order::Ascending);
    let id_of = |row: &WithNoteCount| row.user.id;
    let users = user::Entity::join_note_count(users);
    let page = async |reader: &Reader| page::read(reader, users, by_id, request, id_of).await;
    let page = if filter.may_scan() { reader.search(page).await } else { page(reader).await };
    let mut page = page?;
    if let Some(pattern) = pattern {
        page.retain(|row| pattern.matches(&row.user.name));
    }
    with_notes_and_teams(reader, page).await
}

async fn with_notes_and_teams(
    reader: &Reader,
    mut page: Page<WithNoteCount>,
) -> Result<Page<Listed>> {
    let mut notes = notes_of(reader, &mut page).await?;
    let mut teams: HashMap<UserId, Vec<team::Model>> = HashMap::new();
    let users = ids(reader, &page);
    let newest = membership::Entity::newest_teams_of_each(&users, NESTED_LIMIT)
        .order_by_desc(membership::Column::Id)
        .into_partial_model::<TeamMembership>();
    for joined in newest.all(reader.connection()).await? {
        teams.entry(joined.user_id).or_default().push(joined.team);
    }
    Ok(page.map(|WithNoteCount { user, note_count }| Listed {
        note_count,
        notes: notes.remove(&user.id).unwrap_or_default(),
        teams: teams.remove(&user.id).unwrap_or_default(),
        user,
    }))
}

/// The newest notes of each user. The page ends before the user whose notes would take it past
/// [`PAGE_BYTES`], unless that is the first: no more is read than can be sent, since JSON is at least as long
/// as the text in it.
async fn notes_of(
    reader: &Reader,
    page: &mut Page<WithNoteCount>,
) -> Result<HashMap<UserId, Vec<note::Core>>> {
    let mut notes: HashMap<UserId, Vec<note::Core>> = HashMap::new();
    let mut bytes = 0;
    let first = page.items().next().map(|row| row.user.id);
    let newest = note::Entity::newest_of_each(&ids(reader, page), NESTED_LIMIT);
    let newest = newest.stream_partial_model::<_, note::Core>(reader.connection()).await?;
    let mut newest = pin!(newest);
    while let Some(note) = newest.try_next().await? {
        bytes += note.content.len();
        if bytes > PAGE_BYTES && first != Some(note.user_id) {
            let users_before = page.items().take_while(|row| row.user.id < note.user_id).count();
            page.truncate(users_before);
            break;
        }
        notes.entry(note.user_id).or_default().push(note);
    }
    Ok(notes)
}

fn ids(reader: &Reader, page: &Page<WithNoteCount>) -> IdList {
    IdList::new(reader.connection(), page.items().map(|row| row.user.id))
}

/// What to include with a user.
#[derive(Clone, Copy, Debug, Default)]
pub struct Include {
    /// The teams, which take another statement.
    pub teams: bool,
    /// Only marked notes that the user has read, or only unread ones.
    pub read: Option<bool>,
}

/// A user with the newest notes, marked notes and teams.
#[derive(Clone, Debug)]
pub struct WithLists {
    /// The user.
    pub user: user::Model,
    /// The number of notes that the user has written.
    pub note_count: i64,
    /// The newest of those notes.
    pub notes: Vec<note::Core>,
    /// The notes that the user marked most recently.
    pub marked_notes: Newest<MarkedNote>,
    /// The teams that the user joined most recently, if requested.
    pub teams: Option<Newest<TeamMembership>>,
}

/// The user with this id or username: three statements, and one more with teams. The lists are never joined
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
    let found = user::Entity::join_note_count(user::Entity::find_by_key(key));
    let found = found.into_partial_model::<WithNoteCount>();
    let found = found.one(reader.connection()).await?.ok_or(Error::NotFound)?;
    let WithNoteCount { user, note_count } = found;
    policy::see_user(actor, &user)?;
    let author = IdList::new(reader.connection(), [user.id]);
    let notes = note::Entity::newest_of_each(&author, NESTED_LIMIT)
        .into_partial_model::<note::Core>()
        .all(reader.connection())
        .await?;
    let marked_notes = newest_marked_notes(reader, &user, include.read).await?;
    let teams = if include.teams { Some(newest_teams(reader, &user).await?) } else { None };
    Ok(WithLists { user, note_count, notes, marked_notes, teams })
}

async fn newest_marked_notes(
    reader: &Reader,
    user: &user::Model,
    read: Option<bool>,
) -> Result<Newest<MarkedNote>> {
    let marks = reading_list::narrowed(user.marked_notes(), read);
    let newest = marks.order_by_desc(mark::Column::Id).limit(NESTED_LIMIT);
    let rows = newest.into_partial_model::<WithTotal<MarkedNote>>();
    Ok(rows.all(reader.connection()).await?.into())
}

async fn newest_teams(reader: &Reader, user: &user::Model) -> Result<Newest<TeamMembership>> {
    let newest = user.teams().order_by_desc(membership::Column::Id).limit(NESTED_LIMIT);
    let rows = newest.into_partial_model::<WithTotal<TeamMembership>>();
    Ok(rows.all(reader.connection()).await?.into())
}

/// One page of the user's notes, newest first. Two statements.
///
/// # Errors
/// As [`get`].
pub async fn list_notes(
    reader: &Reader,
    actor: &Actor,
    key: &UserKey,
    request: PageRequest,
) -> Result<Page<WithAuthor>> {
    let user = find_visible(reader, actor, key).await?;
    let id_of = |row: &WithAuthor| row.note.id;
    page::read(reader, user.notes(), notes::NEWEST_FIRST, request, id_of).await
}

/// One page of the notes that the user has marked, newest mark first; if `read` is set,
/// only read or only unread ones. Two statements.
///
/// # Errors
/// As [`get`].
pub async fn list_marked_notes(
    reader: &Reader,
    actor: &Actor,
    key: &UserKey,
    read: Option<bool>,
    request: PageRequest,
) -> Result<Page<MarkedNote>> {
    let user = find_visible(reader, actor, key).await?;
    let marks = reading_list::narrowed(user.marked_notes(), read);
    page::read(reader, marks, reading_list::NEWEST_FIRST, request, |row: &MarkedNote| row.id).await
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
