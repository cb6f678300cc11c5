use std::collections::HashSet;

use entity::{
    membership::{self, Member, Role, Scopes as _},
    team,
    user::{self, Scopes as _, UserKey},
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect, SelectExt, sea_query::LockType,
};

use super::{Detail, detail, lock, require_owner};
use crate::{Db, Error, Result, SignedIn, Violation, clock, users::find_enabled};

/// So many members may be set at once.
const MAX_MEMBERS: usize = 10_000;

/// A statement binds so many ids at most; databases have limits.
const CHUNK: usize = 1_000;

/// What became of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Added {
    /// Is a member from now on.
    Now(Member),
    /// Was one.
    Already(Member),
}

/// The member of this team that this names.
///
/// # Errors
/// [`Error::NotFound`], also when the user is disabled.
pub async fn member(db: &Db, team_id: i64, key: &UserKey) -> Result<Member> {
    let member = membership::Entity::find_members().in_team(team_id).of_user_key(key);
    member.into_partial_model::<Member>().one(db.reader()).await?.ok_or(Error::NotFound)
}

/// Makes a user a member, once; a given role is set either way.
///
/// # Errors
/// [`Error::NotFound`] when there is no such team or enabled user; [`Error::NotAllowed`] for others
/// than owners and admins; [`Error::LastOwner`].
pub async fn put_member(
    db: &Db,
    me: &SignedIn,
    team_id: i64,
    key: &UserKey,
    role: Option<Role>,
) -> Result<Added> {
    let transaction = db.begin().await?;
    lock(&transaction, team_id).await?;
    require_owner(&transaction, me, team_id).await?;
    let user = find_enabled(&transaction, key).await?;
    let added = membership::Entity::add(&transaction, [(user.id, team_id)], clock::now()).await?;
    let membership = membership::Entity::find_by_user_and_team((user.id, team_id));
    let mut membership = membership.one(&transaction).await?.ok_or(Error::NotFound)?;
    if let Some(role) = role
        && role != membership.role
    {
        if role == Role::Member {
            require_another_owner(&transaction, me, team_id, user.id).await?;
        }
        let mut changed = membership.into_active_model();
        changed.role = Set(role);
        membership = changed.update(&transaction).await?;
    }
    transaction.commit().await?;
    let member = Member { user, role: membership.role, joined_at: membership.joined_at };
    Ok(if added > 0 { Added::Now(member) } else { Added::Already(member) })
}

/// Ends a membership.
///
/// # Errors
/// [`Error::NotFound`] when the user is no (enabled) member; [`Error::NotAllowed`] for others than
/// the member, owners and admins; [`Error::LastOwner`].
pub async fn remove_member(db: &Db, me: &SignedIn, team_id: i64, key: &UserKey) -> Result<()> {
    let transaction = db.begin().await?;
    lock(&transaction, team_id).await?;
    let user = find_enabled(&transaction, key).await?;
    if user.id != me.user.id {
        require_owner(&transaction, me, team_id).await?;
    }
    let membership = membership::Entity::find_by_user_and_team((user.id, team_id));
    let membership = membership.one(&transaction).await?.ok_or(Error::NotFound)?;
    if membership.role == Role::Owner {
        require_another_owner(&transaction, me, team_id, user.id).await?;
    }
    membership::Entity::delete_by_id(membership.id).exec(&transaction).await?;
    transaction.commit().await?;
    Ok(())
}

/// Makes these users, and no others, the members. Those who stay keep their roles and dates, a
/// repeated id counts once, and disabled members are left alone, since nobody sees them.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] for others than owners and admins;
/// [`Error::Invalid`], pointing at each id that names no enabled user; [`Error::LastOwner`] when no
/// owner stays. Nothing is changed then.
pub async fn set_members(db: &Db, me: &SignedIn, team_id: i64, user_ids: &[i64]) -> Result<Detail> {
    if user_ids.len() > MAX_MEMBERS {
        let detail = format!("must have at most {MAX_MEMBERS} entries");
        return Err(Error::invalid("user_ids", detail));
    }
    let transaction = db.begin().await?;
    let team = lock(&transaction, team_id).await?;
    require_owner(&transaction, me, team_id).await?;
    let kept = require_known(&transaction, user_ids).await?;
    if !me.user.admin && !any_owner_among(&transaction, team_id, &kept).await? {
        return Err(Error::LastOwner);
    }
    remove_others(&transaction, team_id, &kept).await?;
    for chunk in user_ids.chunks(CHUNK) {
        let pairs = chunk.iter().map(|&user_id| (user_id, team_id));
        membership::Entity::add(&transaction, pairs, clock::now()).await?;
    }
    let detail = detail(&transaction, team::Core { id: team.id, name: team.name }).await?;
    transaction.commit().await?;
    Ok(detail)
}

/// The ids without repetition, if each names an enabled user. The users can't go until the end of
/// the transaction.
async fn require_known(
    transaction: &impl ConnectionTrait,
    user_ids: &[i64],
) -> Result<HashSet<i64>> {
    let mut known = HashSet::new();
    for chunk in user_ids.chunks(CHUNK) {
        let users = user::Entity::find()
            .enabled()
            .filter(user::Column::Id.is_in(chunk.to_vec()))
            .order_by_asc(user::Column::Id)
            .lock(LockType::KeyShare)
            .all(transaction)
            .await?;
        known.extend(users.into_iter().map(|user| user.id));
    }
    let unknown: Vec<Violation> = (user_ids.iter().enumerate())
        .filter(|(_, id)| !known.contains(id))
        .map(|(at, _)| Violation::of(format_args!("user_ids/{at}"), "names no user"))
        .collect();
    if unknown.is_empty() { Ok(known) } else { Err(Error::Invalid(unknown)) }
}

async fn any_owner_among(
    transaction: &impl ConnectionTrait,
    team_id: i64,
    user_ids: &HashSet<i64>,
) -> Result<bool> {
    let owners = membership::Entity::find().in_team(team_id).owners().all(transaction).await?;
    Ok(owners.iter().any(|owner| user_ids.contains(&owner.user_id)))
}

async fn remove_others(
    transaction: &impl ConnectionTrait,
    team_id: i64,
    kept: &HashSet<i64>,
) -> Result<()> {
    let visible = membership::Entity::find_members().in_team(team_id).all(transaction).await?;
    let removed: Vec<i64> = visible
        .iter()
        .filter(|membership| !kept.contains(&membership.user_id))
        .map(|membership| membership.id)
        .collect();
    for chunk in removed.chunks(CHUNK) {
        let removed = membership::Column::Id.is_in(chunk.to_vec());
        membership::Entity::delete_many().filter(removed).exec(transaction).await?;
    }
    Ok(())
}

/// Whether an enabled user owns the team.
///
/// # Errors
/// When the database fails.
pub async fn has_owner(db: &impl ConnectionTrait, team_id: i64) -> Result<bool> {
    Ok(membership::Entity::find_members().in_team(team_id).owners().exists(db).await?)
}

/// Goes on for admins, and while the team has another enabled owner than this one.
async fn require_another_owner(
    db: &impl ConnectionTrait,
    me: &SignedIn,
    team_id: i64,
    user_id: i64,
) -> Result<()> {
    let others = membership::Entity::find_members()
        .in_team(team_id)
        .owners()
        .filter(membership::Column::UserId.ne(user_id));
    if me.user.admin || others.exists(db).await? { Ok(()) } else { Err(Error::LastOwner) }
}
