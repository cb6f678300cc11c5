use std::{collections::HashMap, pin::pin};

use entity::{
    NESTED_LIMIT, membership, note, team,
    user::{self, Scopes, WithNoteCount},
    user_note::{self, MarkedNoteOf},
};
use futures_util::TryStreamExt;
use sea_orm::{EntityTrait, QueryOrder, QuerySelect, sea_query::Order};

use super::UserKey;
use crate::{Db, Error, Page, PageRequest, Result, Viewer, page};

/// Who comes after so many bytes of notes has to wait for the next page.
const NOTES_OF_A_PAGE: usize = 4 * 1024 * 1024;

/// Which users to list; conditions combine with AND.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Admins only, or all but admins.
    pub admin: Option<bool>,
    /// A pattern for the name (see [`entity::user::Scopes::name_like`]).
    pub name: Option<String>,
    /// More than so many notes.
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

/// A user of a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The user.
    pub account: user::Account,
    /// How many notes the user has written.
    pub note_count: i64,
    /// The newest of them.
    pub notes: Vec<note::Core>,
    /// The teams that the user has joined last.
    pub teams: Vec<team::Core>,
}

/// One page of users, by id. Three statements, whatever the number of users. The page has fewer than were
/// asked for where their notes are more than 4 MiB.
///
/// # Errors
/// [`Error::TokenMissing`] and [`Error::NotAllowed`] when others than admins ask for disabled users.
pub async fn list(
    db: &Db,
    viewer: &Viewer,
    filter: &Filter,
    request: PageRequest,
) -> Result<Page<Listed>> {
    let mut users = match filter.disabled {
        DisabledFilter::Without => user::Entity::listed(),
        DisabledFilter::Only => user::Entity::find().disabled(),
        DisabledFilter::Any => user::Entity::find(),
    };
    if filter.disabled != DisabledFilter::Without {
        viewer.require_admin()?;
    }
    users = match filter.admin {
        Some(true) => users.admins(),
        Some(false) => users.not_admins(),
        None => users,
    };
    if let Some(pattern) = &filter.name {
        users = users.name_like(pattern);
    }
    if let Some(count) = filter.with_notes {
        users = users.with_more_notes_than(count);
    }
    let key = (user::Column::Id, Order::Asc);
    let id_of = |user: &WithNoteCount| user.account.id;
    let page = page::read(db.reader(), users, key, request, id_of).await?;
    with_notes_and_teams(db, page).await
}

async fn with_notes_and_teams(db: &Db, mut page: Page<WithNoteCount>) -> Result<Page<Listed>> {
    if page.items.is_empty() {
        return Ok(Page { items: Vec::new(), next: None });
    }
    let mut notes = notes_of(db, &mut page).await?;
    let mut teams: HashMap<i64, Vec<team::Core>> = HashMap::new();
    let newest = membership::Entity::newest_teams_of_each(ids(&page), NESTED_LIMIT);
    for joined in newest.into_partial_model::<membership::TeamOfUser>().all(db.reader()).await? {
        teams.entry(joined.user_id).or_default().push(joined.team);
    }
    Ok(page.map(|WithNoteCount { account, note_count }| Listed {
        note_count,
        notes: notes.remove(&account.id).unwrap_or_default(),
        teams: teams.remove(&account.id).unwrap_or_default(),
        account,
    }))
}

/// The newest notes of each user. The page ends before the first whose notes are too much for it.
async fn notes_of(
    db: &Db,
    page: &mut Page<WithNoteCount>,
) -> Result<HashMap<i64, Vec<note::Core>>> {
    let mut notes: HashMap<i64, Vec<note::Core>> = HashMap::new();
    let mut bytes = 0;
    let newest = note::Entity::newest_of_each(ids(page), NESTED_LIMIT);
    let mut newest = pin!(newest.stream_partial_model::<_, note::Core>(db.reader()).await?);
    while let Some(note) = newest.try_next().await? {
        if bytes > NOTES_OF_A_PAGE && !notes.contains_key(&note.user_id) {
            page.items.retain(|user| user.account.id < note.user_id);
            page.next = page.items.last().map(|user| user.account.id);
            break;
        }
        bytes += note.content.len();
        notes.entry(note.user_id).or_default().push(note);
    }
    Ok(notes)
}

fn ids(page: &Page<WithNoteCount>) -> Vec<i64> {
    page.items.iter().map(|user| user.account.id).collect()
}

/// What else to tell of a user.
#[derive(Clone, Copy, Debug, Default)]
pub struct Include {
    /// The teams, which cost a statement.
    pub teams: bool,
    /// Only marked notes that the user has read, or has yet to read.
    pub read: Option<bool>,
}

/// The newest of many, and how many there are.
#[derive(Clone, Debug)]
pub struct Newest<T> {
    /// The newest.
    pub items: Vec<T>,
    /// How many there are in all.
    pub total: i64,
}

/// All there is to tell of one user.
#[derive(Clone, Debug)]
pub struct Detail {
    /// The user.
    pub account: user::Account,
    /// How many notes the user has written.
    pub note_count: i64,
    /// The newest of them.
    pub notes: Vec<note::Core>,
    /// The notes that the user has marked last.
    pub marked_notes: Newest<user_note::MarkedNote>,
    /// The teams that the user has joined last, when they were asked for.
    pub teams: Option<Newest<team::Core>>,
}

/// The user with this id or username: three statements, and one more with teams. No two of the
/// lists are ever joined, since rows would multiply.
///
/// # Errors
/// [`Error::NotFound`], for all but admins also when the user is disabled.
pub async fn get(db: &Db, viewer: &Viewer, key: &UserKey, include: Include) -> Result<Detail> {
    let user = user::Entity::find_by_key(key).into_partial_model::<WithNoteCount>();
    let WithNoteCount { account, note_count } =
        user.one(db.reader()).await?.ok_or(Error::NotFound)?;
    if account.disabled && !viewer.is_admin() {
        return Err(Error::NotFound);
    }
    let notes = note::Entity::newest_of_each([account.id], NESTED_LIMIT)
        .into_partial_model::<note::Core>()
        .all(db.reader())
        .await?;
    let marked_notes = marked_notes(db, account.id, include.read).await?;
    let teams = if include.teams { Some(teams(db, account.id).await?) } else { None };
    Ok(Detail { account, note_count, notes, marked_notes, teams })
}

async fn marked_notes(
    db: &Db,
    user_id: i64,
    read: Option<bool>,
) -> Result<Newest<user_note::MarkedNote>> {
    use user_note::Scopes as _;
    let marks = user_note::Entity::find_marked_notes().of_user(user_id);
    let marks = match read {
        Some(true) => marks.read(),
        Some(false) => marks.unread(),
        None => marks,
    };
    let newest = marks.order_by_desc(user_note::Column::Id).limit(NESTED_LIMIT);
    let rows = newest.into_partial_model::<MarkedNoteOf>().all(db.reader()).await?;
    Ok(Newest {
        total: rows.first().map_or(0, |row| row.total),
        items: rows.into_iter().map(|row| row.marked).collect(),
    })
}

async fn teams(db: &Db, user_id: i64) -> Result<Newest<team::Core>> {
    use membership::Scopes as _;
    let newest = membership::Entity::find_teams().of_user(user_id).limit(NESTED_LIMIT);
    let rows = newest.into_partial_model::<membership::TeamOf>().all(db.reader()).await?;
    Ok(Newest {
        total: rows.first().map_or(0, |row| row.total),
        items: rows.into_iter().map(|row| row.team).collect(),
    })
}
