//! Teams. For their members see [`crate::memberships`].

use std::{collections::HashMap, time::Duration};

use entity::{
    Among, IdList, Locking, NESTED_LIMIT, NamePattern, TeamId, WithTotal,
    membership::{self, Member, MemberCount, MemberOfTeam, Role},
    note,
    team::{self, Scopes as _},
};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, QueryOrder, QuerySelect};

use crate::{
    Actor, Db, Error, Expected, Field, Newest, Page, PageRequest, Reader, Rejection, Result, Work,
    audit::Subject,
    clock,
    error::Constraints,
    page::{self, Direction, Named, Order, Sort, SortKey},
    policy, text,
};

/// The name of a team: not blank, without control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamName(String);

impl TeamName {
    /// The maximum length in characters (Unicode scalar values).
    pub const MAX_CHARS: usize = 100;

    /// Parses the name of a team.
    ///
    /// # Errors
    /// Why the text is rejected.
    pub fn parse(text: String) -> std::result::Result<Self, Rejection> {
        text::line(text, Self::MAX_CHARS).map(Self)
    }
}

/// A team and its first members.
#[derive(Clone, Debug)]
pub struct WithUsers {
    /// The team.
    pub team: team::Model,
    /// The enabled users who joined it first, if included.
    pub users: Option<Vec<Member>>,
    /// The number of its enabled users.
    pub user_count: i64,
}

/// What teams can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortBy {
    /// The id.
    Id,
    /// The name, ignoring case.
    Name,
}

impl SortKey for SortBy {
    const NAMED: &[(&str, Self)] = &[("id", Self::Id), ("name", Self::Name)];
    const DEFAULT: Sort<Self> = Sort { key: Self::Id, direction: Direction::Ascending };
}

impl Sort<SortBy> {
    fn order(self) -> Order<team::Model> {
        let id_of = |team: &team::Model| team.id.into();
        let by_id = Order::by_id(self.direction, team::Column::Id, id_of);
        match self.key {
            SortBy::Id => by_id,
            SortBy::Name => {
                by_id.after_text(team::Column::NameFolded, |team| team.name_folded.clone())
            }
        }
    }
}

/// One page of teams; if there is a pattern, only those whose name matches it (see [`NamePattern`]). Two
/// statements, one more with users, and one more for a name on SQLite. The page is shorter than requested if names
/// were read that turn out not to match.
///
/// # Errors
/// [`Error::ForeignPosition`].
pub async fn list(
    reader: &Reader,
    name: Option<&str>,
    sort: Sort<SortBy>,
    includes_users: bool,
    request: &PageRequest,
) -> Result<Page<WithUsers>> {
    let (teams, order) = (team::Entity::find(), sort.order());
    let page = match name.map(NamePattern::parse) {
        None => page::read(reader, teams, &order, request).await?,
        Some(pattern) => {
            let named = Named { pattern: &pattern, column: team::Column::Name, name_of };
            let page = async |reader: &Reader| {
                let candidates = team::Entity::candidates(reader.connection(), &pattern).await?;
                let teams = teams.name_like(&pattern).among(&candidates);
                page::read_matching(reader, teams, &order, request, named).await
            };
            reader.search(page).await?
        }
    };
    let teams = IdList::new(reader.connection(), page.items().map(|team| team.id));
    let mut users = if includes_users { Some(first_users(reader, &teams).await?) } else { None };
    let counts = user_counts(reader, &teams).await?;
    Ok(page.map(|team| WithUsers {
        users: users.as_mut().map(|users| users.remove(&team.id).unwrap_or_default()),
        user_count: counts.get(&team.id).copied().unwrap_or(0),
        team,
    }))
}

fn name_of(team: &team::Model) -> &str {
    &team.name
}

/// How many enabled users belong to each of these teams, if any.
async fn user_counts(reader: &Reader, teams: &IdList) -> Result<HashMap<TeamId, i64>> {
    let counts = membership::Entity::count_members_of_each(teams);
    let counts = counts.into_partial_model::<MemberCount>().all(reader.connection()).await?;
    Ok(counts.into_iter().map(|count| (count.team_id, count.members)).collect())
}

/// The enabled users who joined each of these teams first.
async fn first_users(reader: &Reader, teams: &IdList) -> Result<HashMap<TeamId, Vec<Member>>> {
    let first = membership::Entity::first_users_of_each(teams, NESTED_LIMIT);
    let first = first.into_partial_model::<MemberOfTeam>().all(reader.connection()).await?;
    let mut users: HashMap<TeamId, Vec<Member>> = HashMap::new();
    for MemberOfTeam { team_id, member } in first {
        users.entry(team_id).or_default().push(member);
    }
    Ok(users)
}

/// The team with this id, and its users if they are included. Two statements.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get(reader: &Reader, id: TeamId, includes_users: bool) -> Result<WithUsers> {
    let team = find(reader, id).await?;
    if includes_users {
        return with_users(reader.connection(), team).await;
    }
    let counts = user_counts(reader, &IdList::new(reader.connection(), [id])).await?;
    let user_count = counts.get(&id).copied().unwrap_or(0);
    Ok(WithUsers { team, users: None, user_count })
}

/// The team with this id, without its members.
///
/// # Errors
/// [`Error::NotFound`].
pub(crate) async fn find(reader: &Reader, id: TeamId) -> Result<team::Model> {
    team::Entity::find_by_id(id).one(reader.connection()).await?.ok_or(Error::NotFound)
}

/// Creates a team, owned by the actor.
///
/// # Errors
/// [`Error::Taken`] if another team has the name; [`Error::TokenMissing`] if the actor is not a user.
pub async fn create(work: &Work, name: &TeamName) -> Result<WithUsers> {
    let creator = work.user().await?;
    let team = team::ActiveModel::new(name.0.clone()).insert(work.transaction()).await;
    let team = team.unless_taken(Field::Name)?;
    creator.add_team(work.transaction(), team.id, Role::Owner, clock::now()).await?;
    with_users(work.transaction(), team).await
}

/// Renames a team, unless `name` is `None`.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] for anyone but owners and admins; [`Error::Taken`];
/// [`Error::Outdated`]; [`Error::VersionMissing`].
pub async fn rename(
    work: &Work,
    id: TeamId,
    name: Option<&TeamName>,
    expected: &Expected,
) -> Result<WithUsers> {
    let team = lock_managed(work, id).await?;
    expected.require(team.version)?;
    let mut team = team.into_active_model();
    if let Some(TeamName(name)) = name {
        team.rename(name.clone());
    }
    let team = team.update(work.transaction()).await.unless_taken(Field::Name)?;
    with_users(work.transaction(), team).await
}

/// How many notes lose a team in one transaction, and the pause before the next one, so that others can write.
const BATCH: u64 = 500;
const PAUSE: Duration = Duration::from_millis(5);

/// Deletes a team and its memberships. Notes that are shared with no other team become private.
///
/// A team with many notes loses them some at a time first. If that fails midway, or the caller is gone, the rest keep the
/// team, and a repetition goes on.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] for anyone but owners and admins;
/// [`Error::Outdated`]; [`Error::VersionMissing`].
pub async fn delete(db: &Db, actor: &Actor, id: TeamId, expected: &Expected) -> Result<()> {
    let delete = async |work: &Work| delete_or_unshare(work, id, expected).await;
    while !db.write(actor, delete).await? {
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Deletes a team, and returns true; one that many notes are shared with only loses some of them.
async fn delete_or_unshare(work: &Work, id: TeamId, expected: &Expected) -> Result<bool> {
    let team = lock_managed(work, id).await?;
    expected.require(team.version)?;
    let teams = IdList::new(work.transaction(), [id]);
    if !note::unshare_some(work.transaction(), &teams, BATCH, clock::now()).await? {
        return Ok(false);
    }
    team::Entity::delete_by_id(id).exec(work.transaction()).await?;
    work.audit("team deleted", Subject::Team(id));
    Ok(true)
}

/// The team, locked against changes by others to it and its members until the transaction ends.
///
/// # Errors
/// [`Error::NotFound`].
pub(crate) async fn lock(work: &Work, id: TeamId) -> Result<team::Model> {
    let team = team::Entity::find_by_id(id).for_no_key_update();
    team.one(work.transaction()).await?.ok_or(Error::NotFound)
}

/// The team, if the actor may manage it, locked as strongly as a deletion needs, and a change of the name,
/// which is unique.
async fn lock_managed(work: &Work, id: TeamId) -> Result<team::Model> {
    let team = team::Entity::find_by_id(id).for_update();
    let team = team.one(work.transaction()).await?.ok_or(Error::NotFound)?;
    require_manager(work, &team).await?;
    Ok(team)
}

/// Requires that the actor may manage the team (see [`policy::manage_team`]).
pub(crate) async fn require_manager(work: &Work, team: &team::Model) -> Result<()> {
    let actor = work.actor().await?;
    policy::manage_team(actor, own_membership(work, team).await?.as_ref())
}

/// The membership of the actor in the team; not looked up for admins, who do not need one.
pub(crate) async fn own_membership(
    work: &Work,
    team: &team::Model,
) -> Result<Option<membership::Model>> {
    match work.actor().await? {
        actor if actor.is_admin() => Ok(None),
        actor => Ok(actor.user()?.membership_in(work.transaction(), team.id).await?),
    }
}

/// The team with its first members.
pub(crate) async fn with_users(
    db: &impl sea_orm::ConnectionTrait,
    team: team::Model,
) -> Result<WithUsers> {
    let first = team.users().order_by_asc(membership::Column::Id).limit(NESTED_LIMIT);
    let rows = first.into_partial_model::<WithTotal<Member>>().all(db).await?;
    let Newest { items, total } = rows.into();
    Ok(WithUsers { team, users: Some(items), user_count: total })
}
