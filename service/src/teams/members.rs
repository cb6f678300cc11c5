use std::collections::HashSet;

use entity::{
    Locking,
    membership::{self, Member, Role, Scopes as _},
    team,
    user::{self, Scopes as _, UserKey},
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ConnectionTrait, EntityTrait, IntoActiveModel, SelectExt,
};

use super::{Detail, detail, lock, require_owner};
use crate::{Db, Error, Result, SignedIn, Violation, clock, users::lock_enabled};

/// Rows of one insert: what it binds stays below the databases' limits.
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
    db.write(async |transaction| {
        lock(transaction, team_id).await?;
        require_owner(transaction, me, team_id).await?;
        let user = lock_enabled(transaction, key).await?;
        let new = [(user.id, team_id)];
        let added = membership::Entity::add(transaction, new, clock::now()).await?;
        let membership = membership::Entity::find_by_user_and_team((user.id, team_id));
        let mut membership = membership.one(transaction).await?.ok_or(Error::NotFound)?;
        if let Some(role) = role
            && role != membership.role
        {
            if role == Role::Member {
                require_another_owner(transaction, me, team_id, user.id).await?;
            }
            let mut changed = membership.into_active_model();
            changed.role = Set(role);
            membership = changed.update(transaction).await?;
        }
        let member = Member { user, role: membership.role, joined_at: membership.joined_at };
        Ok(if added > 0 { Added::Now(member) } else { Added::Already(member) })
    })
    .await
}

/// Ends a membership.
///
/// # Errors
/// [`Error::NotFound`] when the user is no (enabled) member; [`Error::NotAllowed`] for others than
/// the member, owners and admins; [`Error::LastOwner`].
pub async fn remove_member(db: &Db, me: &SignedIn, team_id: i64, key: &UserKey) -> Result<()> {
    db.write(async |transaction| {
        lock(transaction, team_id).await?;
        let user = lock_enabled(transaction, key).await?;
        if user.id != me.user.id {
            require_owner(transaction, me, team_id).await?;
        }
        let membership = membership::Entity::find_by_user_and_team((user.id, team_id));
        let membership = membership.one(transaction).await?.ok_or(Error::NotFound)?;
        if membership.role == Role::Owner {
            require_another_owner(transaction, me, team_id, user.id).await?;
        }
        membership::Entity::delete_by_id(membership.id).exec(transaction).await?;
        Ok(())
    })
    .await
}

/// Makes these users, and no others, the members, unless they are `None`. Those who stay keep their
/// roles and dates, a repeated id counts once, and disabled members are left alone, since nobody
/// sees them.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] for others than owners and admins;
/// [`Error::Invalid`], pointing at each id that names no enabled user; [`Error::LastOwner`] when no
/// owner stays. Nothing is changed then.
pub async fn set_members(
    db: &Db,
    me: &SignedIn,
    team_id: i64,
    user_ids: Option<&[i64]>,
) -> Result<Detail> {
    db.write(async |transaction| {
        let team = lock(transaction, team_id).await?;
        require_owner(transaction, me, team_id).await?;
        if let Some(user_ids) = user_ids {
            replace_members(transaction, me, team_id, user_ids).await?;
        }
        detail(transaction, team::Core { id: team.id, name: team.name }).await
    })
    .await
}

async fn replace_members(
    transaction: &impl ConnectionTrait,
    me: &SignedIn,
    team_id: i64,
    user_ids: &[i64],
) -> Result<()> {
    let kept = require_known(transaction, user_ids).await?;
    let kept_owners = membership::Entity::find().in_team(team_id).owners();
    let kept_owners = kept_owners.of_users(kept.clone());
    if !me.user.admin && !kept_owners.exists(transaction).await? {
        return Err(Error::LastOwner);
    }
    membership::Entity::remove_all_but(transaction, team_id, kept).await?;
    for chunk in user_ids.chunks(CHUNK) {
        let pairs = chunk.iter().map(|&user_id| (user_id, team_id));
        membership::Entity::add(transaction, pairs, clock::now()).await?;
    }
    Ok(())
}

/// The ids without repetition, if each names an enabled user. The users can't go until the end of
/// the transaction.
async fn require_known(
    transaction: &impl ConnectionTrait,
    user_ids: &[i64],
) -> Result<HashSet<i64>> {
    let users = user::Entity::find().enabled().with_ids(user_ids.to_vec()).locked_for_reference();
    let users = users.into_partial_model::<user::Author>().all(transaction).await?;
    let known: HashSet<i64> = users.into_iter().map(|user| user.id).collect();
    let unknown: Vec<Violation> = (user_ids.iter().enumerate())
        .filter(|(_, id)| !known.contains(id))
        .map(|(at, _)| Violation::of(format_args!("user_ids/{at}"), "names no user"))
        .collect();
    if unknown.is_empty() { Ok(known) } else { Err(Error::Invalid(unknown)) }
}

/// Goes on for admins, and while the team has another enabled owner than this one.
async fn require_another_owner(
    db: &impl ConnectionTrait,
    me: &SignedIn,
    team_id: i64,
    user_id: i64,
) -> Result<()> {
    let others = membership::Entity::find_members().in_team(team_id).owners().not_of_user(user_id);
    if me.user.admin || others.exists(db).await? { Ok(()) } else { Err(Error::LastOwner) }
}
