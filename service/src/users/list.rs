use std::{collections::HashMap, pin::pin};

use entity::{
    Among, IdList, NESTED_LIMIT, NamePattern, UserId,
    membership::{self, TeamOfUser},
    note, team,
    user::{self, Scopes, WithNoteCount},
};
use futures_util::TryStreamExt;
use sea_orm::{EntityTrait, Select};

use crate::{
    Actor, Newest, PAGE_BYTES, Page, PageRequest, Reader, Result,
    page::{self, Direction, Named, Order, Sort, SortKey},
    policy,
};

/// Which users to list; all conditions must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Admins only, or ordinary users only.
    pub admin: Option<bool>,
    /// A pattern for the name (see [`NamePattern`]).
    pub name: Option<String>,
    /// Users with more public notes than this.
    pub with_notes: Option<i64>,
    /// Whether disabled users are listed.
    pub disabled: DisabledFilter,
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

/// What users can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortBy {
    /// The id.
    Id,
    /// The username.
    Username,
    /// The name, ignoring case.
    Name,
    /// When they were created.
    CreatedAt,
}

impl SortKey for SortBy {
    const NAMED: &[(&str, Self)] = &[
        ("id", Self::Id),
        ("username", Self::Username),
        ("name", Self::Name),
        ("created_at", Self::CreatedAt),
    ];
    const DEFAULT: Sort<Self> = Sort { key: Self::Id, direction: Direction::Ascending };
}

impl Sort<SortBy> {
    fn order(self) -> Order<WithNoteCount> {
        let id_of = |row: &WithNoteCount| row.user.id.into();
        let by_id = Order::by_id(self.direction, user::Column::Id, id_of);
        match self.key {
            SortBy::Id => by_id,
            SortBy::Username => {
                by_id.after_text(user::Column::Username, |row| row.user.username.clone())
            }
            SortBy::Name => {
                by_id.after_text(user::Column::NameFolded, |row| row.user.name_folded.clone())
            }
            SortBy::CreatedAt => {
                by_id.after_time(user::Column::CreatedAt, |row| row.user.created_at)
            }
        }
    }
}

/// A user in a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The user.
    pub user: user::Model,
    /// The number of public notes that the user has written.
    pub note_count: i64,
    /// The newest of the notes that the actor sees, if included.
    pub notes: Option<Vec<note::Core>>,
    /// The teams that the user joined most recently, if included.
    pub teams: Option<Newest<team::Model>>,
}

/// What to include with each user of a list.
#[derive(Clone, Copy, Debug)]
pub struct ListInclude {
    /// The newest notes.
    pub notes: bool,
    /// The newest teams.
    pub teams: bool,
}

/// One page of users. One statement, whatever the number of users, and one for each included list; one more
/// for notes in another order than by id, and one more for a name on SQLite. The page is shorter than requested
/// if the notes of its users exceed [`PAGE_BYTES`], or if names were read that turn out not to match.
///
/// # Errors
/// [`Error::TokenMissing`] and [`Error::NotAllowed`] if others than admins ask for disabled users;
/// [`Error::ForeignPosition`].
///
/// [`Error::TokenMissing`]: crate::Error::TokenMissing
/// [`Error::NotAllowed`]: crate::Error::NotAllowed
/// [`Error::ForeignPosition`]: crate::Error::ForeignPosition
pub async fn list(
    reader: &Reader,
    actor: &Actor,
    filter: &Filter,
    sort: Sort<SortBy>,
    include: ListInclude,
    request: &PageRequest,
) -> Result<Page<Listed>> {
    if filter.disabled != DisabledFilter::Without {
        policy::administer(actor)?;
    }
    let pattern = filter.name.as_deref().map(NamePattern::parse);
    let (users, order) = (selected(filter, pattern.as_ref()), sort.order());
    let mut page = match &pattern {
        Some(pattern) => {
            let named = Named { pattern, column: user::Column::Name, name_of };
            let page = async |reader: &Reader| {
                let candidates = user::Entity::candidates(reader.connection(), pattern).await?;
                page::read_matching(reader, users.among(&candidates), &order, request, named).await
            };
            reader.search(page).await?
        }
        None => {
            let page = async |reader: &Reader| page::read(reader, users, &order, request).await;
            if filter.with_notes.is_some() {
                reader.search(page).await?
            } else {
                page(reader).await?
            }
        }
    };
    let mut notes = match include.notes {
        true if sort == SortBy::DEFAULT => Some(notes_by_user_id(reader, actor, &mut page).await?),
        true => Some(notes_of_those_that_fit(reader, actor, &mut page).await?),
        false => None,
    };
    let mut teams = if include.teams { Some(teams_of(reader, &page).await?) } else { None };
    Ok(page.map(|WithNoteCount { user, note_count }| Listed {
        note_count,
        notes: notes.as_mut().map(|notes| notes.remove(&user.id).unwrap_or_default()),
        teams: teams.as_mut().map(|teams| teams.remove(&user.id).unwrap_or_default()),
        user,
    }))
}

fn name_of(row: &WithNoteCount) -> &str {
    &row.user.name
}

/// The users that the filter selects, apart from names that only may match.
fn selected(filter: &Filter, pattern: Option<&NamePattern>) -> Select<user::Entity> {
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
    if let Some(pattern) = &pattern {
        users = users.name_like(pattern);
    }
    if let Some(count) = filter.with_notes {
        users = users.with_more_notes_than(count);
    }
    user::Entity::join_note_count(users)
}

type NotesByUser = HashMap<UserId, Vec<note::Core>>;

/// The teams that each user of the page joined most recently.
async fn teams_of(
    reader: &Reader,
    page: &Page<WithNoteCount>,
) -> Result<HashMap<UserId, Newest<team::Model>>> {
    let mut teams: HashMap<UserId, Newest<team::Model>> = HashMap::new();
    let newest = membership::Entity::newest_teams_of_each(&ids(reader, page), NESTED_LIMIT);
    let newest = newest.into_partial_model::<TeamOfUser>();
    for TeamOfUser { user_id, team, team_count } in newest.all(reader.connection()).await? {
        let of_user = teams.entry(user_id).or_default();
        of_user.total = team_count;
        of_user.items.push(team);
    }
    Ok(teams)
}

/// The newest notes of each user of a page by id. The page ends before the user whose notes would take it past
/// [`PAGE_BYTES`], unless that is the first: no more is read than can be sent, since JSON is at least as long
/// as the text in it.
async fn notes_by_user_id(
    reader: &Reader,
    actor: &Actor,
    page: &mut Page<WithNoteCount>,
) -> Result<NotesByUser> {
    let mut notes = NotesByUser::new();
    let mut bytes = 0;
    let first = page.items().next().map(|row| row.user.id);
    let newest = note::newest_of_each(actor.viewer(), &ids(reader, page), NESTED_LIMIT);
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

/// The same for a page in any order, whose users are not in the order in which notes are read: how much there is
/// to read is asked first.
async fn notes_of_those_that_fit(
    reader: &Reader,
    actor: &Actor,
    page: &mut Page<WithNoteCount>,
) -> Result<NotesByUser> {
    let sizes = note::newest_bytes_of_each(actor.viewer(), &ids(reader, page), NESTED_LIMIT);
    let sizes = sizes.into_tuple::<(UserId, i64)>().all(reader.connection()).await?;
    let sizes: HashMap<UserId, i64> = sizes.into_iter().collect();
    let mut bytes = 0;
    let fits = |row: &&WithNoteCount| {
        bytes += sizes.get(&row.user.id).copied().unwrap_or(0);
        usize::try_from(bytes).is_ok_and(|bytes| bytes <= PAGE_BYTES)
    };
    let fitting = page.items().take_while(fits).count();
    page.truncate(fitting.max(1));
    let newest = note::newest_of_each(actor.viewer(), &ids(reader, page), NESTED_LIMIT);
    let mut notes = NotesByUser::new();
    for note in newest.into_partial_model::<note::Core>().all(reader.connection()).await? {
        notes.entry(note.user_id).or_default().push(note);
    }
    Ok(notes)
}

fn ids(reader: &Reader, page: &Page<WithNoteCount>) -> IdList {
    IdList::new(reader.connection(), page.items().map(|row| row.user.id))
}
