//! Teams and their members.

mod members;

pub use entity::membership::{Member, Role};
pub use members::{Added, member, put_member, remove_member, set_members};

use entity::{
    Locking, NESTED_LIMIT,
    membership::{self, MemberOf, Scopes as _},
    team::{self, Scopes as _, WithUserCount},
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    ConnectionTrait, EntityTrait, IntoActiveModel, QuerySelect, SelectExt,
    sea_query::Order,
};

use crate::{
    Db, Error, Field, Page, PageRequest, Result, SignedIn, clock, error::Constraints, page, text,
};

/// What a team is called: 1 to 100 characters, not blank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamName(String);

impl TeamName {
    /// The most characters it may have.
    pub const MAX_CHARS: usize = 100;

    /// # Errors
    /// What the name must be.
    pub fn parse(name: String) -> std::result::Result<Self, String> {
        text::checked(name, Self::MAX_CHARS).map(Self)
    }
}

/// A team and its members.
#[derive(Clone, Debug)]
pub struct Detail {
    /// The team.
    pub team: team::Core,
    /// The enabled users who joined it first.
    pub members: Vec<Member>,
    /// How many enabled users it has.
    pub user_count: i64,
}

/// One page of teams, by id. One statement.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &Db,
    name: Option<&str>,
    request: PageRequest,
) -> Result<Page<WithUserCount>> {
    let mut teams = team::Entity::find();
    if let Some(pattern) = name {
        teams = teams.name_like(pattern);
    }
    let key = (team::Column::Id, Order::Asc);
    page::read(db.reader(), teams, key, request, |row: &WithUserCount| row.team.id).await
}

/// The team with this id. Two statements.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get(db: &Db, id: i64) -> Result<Detail> {
    let team = team::Entity::find_by_id(id).into_partial_model::<team::Core>();
    let team = team.one(db.reader()).await?.ok_or(Error::NotFound)?;
    detail(db.reader(), team).await
}

/// Makes a team whose owner is the viewer.
///
/// # Errors
/// [`Error::Taken`] when another team has the name; [`Error::SessionExpired`] when the viewer was
/// deleted meanwhile.
pub async fn create(db: &Db, me: &SignedIn, name: TeamName) -> Result<Detail> {
    db.write(async |transaction| {
        let new = team::ActiveModel { id: NotSet, name: Set(name.0.clone()), name_folded: NotSet };
        let team = new.insert(transaction).await.unless_taken(Field::Name)?;
        let owner = membership::ActiveModel {
            id: NotSet,
            user_id: Set(me.user.id),
            team_id: Set(team.id),
            role: Set(Role::Owner),
            joined_at: Set(clock::now()),
        };
        let owner = owner.insert(transaction).await.unless_dangling(|| Error::SessionExpired)?;
        let team::Model { id, name, .. } = team;
        let first = Member { user: me.author(), role: owner.role, joined_at: owner.joined_at };
        Ok(Detail { team: team::Core { id, name }, members: vec![first], user_count: 1 })
    })
    .await
}

/// Renames a team, unless the name is `None`.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] for others than owners and admins; [`Error::Taken`].
pub async fn rename(db: &Db, me: &SignedIn, id: i64, name: Option<TeamName>) -> Result<Detail> {
    db.write(async |transaction| {
        let team = lock(transaction, id).await?;
        require_owner(transaction, me, id).await?;
        let mut team = team.into_active_model();
        if let Some(name) = &name {
            team.name = Set(name.0.clone());
        }
        let team = team.update(transaction).await.unless_taken(Field::Name)?;
        detail(transaction, team::Core { id, name: team.name }).await
    })
    .await
}

/// Deletes a team and its memberships.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] for others than owners and admins.
pub async fn delete(db: &Db, me: &SignedIn, id: i64) -> Result<()> {
    db.write(async |transaction| {
        lock(transaction, id).await?;
        require_owner(transaction, me, id).await?;
        team::Entity::delete_by_id(id).exec(transaction).await?;
        Ok(())
    })
    .await
}

/// The team, locked until the end of the transaction: whoever changes its members waits.
async fn lock(transaction: &impl ConnectionTrait, id: i64) -> Result<team::Model> {
    let locked = team::Entity::find_by_id(id).locked_for_change();
    locked.one(transaction).await?.ok_or(Error::NotFound)
}

/// Goes on for owners of the team and for admins.
async fn require_owner(db: &impl ConnectionTrait, me: &SignedIn, team_id: i64) -> Result<()> {
    if me.user.admin {
        return Ok(());
    }
    let owner = membership::Entity::find().of_user(me.user.id).in_team(team_id).owners();
    if owner.exists(db).await? { Ok(()) } else { Err(Error::NotAllowed) }
}

async fn detail(db: &impl ConnectionTrait, team: team::Core) -> Result<Detail> {
    let first = membership::Entity::find_members().in_team(team.id).limit(NESTED_LIMIT);
    let rows = first.into_partial_model::<MemberOf>().all(db).await?;
    Ok(Detail {
        team,
        user_count: rows.first().map_or(0, |row| row.total),
        members: rows.into_iter().map(|row| row.member).collect(),
    })
}
