use std::net::IpAddr;

use entity::{
    UserId, invitation, session,
    user::{self, PasswordHash, UserKey},
};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};

use super::{
    Name, Password,
    locks::{lock_for_change, lock_with_admins, require_remaining},
    lookup::find_by_key,
};
use crate::{
    Actor, Attempt, Error, Expected, Passwords, Reader, Result, Rule, Throttle, Work, audit, clock,
    policy,
};

/// Changes to a user; `None` leaves a value as it is.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// The new name.
    pub name: Option<Name>,
    /// The new password.
    pub password: Option<Password>,
    /// The current password, required of users who change their own.
    pub current_password: Option<String>,
    /// Whether a new password ends the user's API tokens too.
    pub end_tokens: bool,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// Can only be set by admins.
    pub admin: Option<bool>,
    /// Can only be set by admins. Enabling a user ends the user's old sessions.
    pub disabled: Option<bool>,
}

/// A change whose password is hashed, ready to be written.
#[derive(Debug)]
pub struct PreparedChange {
    user_id: UserId,
    name: Option<Name>,
    admin: Option<bool>,
    disabled: Option<bool>,
    password: Option<NewPassword>,
    end_tokens: bool,
}

/// The hash of a new password, and the one that the current password was checked against.
#[derive(Debug)]
struct NewPassword {
    hash: PasswordHash,
    replaces: Option<PasswordHash>,
}

/// Verifies the current password and hashes the new one, if there is one. This takes long, so it happens
/// before the transaction in which [`update`] runs.
///
/// # Errors
/// [`Error::SessionExpired`] or [`Error::AccountDisabled`] if that has changed since the request came in;
/// [`Error::NotFound`]; [`Error::NotAllowed`]; [`Error::OutOfScope`]; [`Error::Invalid`] if `current_password` is
/// wrong, or API tokens are to end without a new password; [`Error::TooManyAttempts`] if a wrong one was sent
/// too often.
pub async fn prepare_change(
    reader: &Reader,
    passwords: &Passwords,
    throttle: &Throttle,
    actor: &Actor,
    key: &UserKey,
    change: UserChange,
) -> Result<PreparedChange> {
    // A session that has ended is not told whether a password is right.
    let actor = &actor.refresh(reader).await?;
    let user = find_by_key(reader, key).await?;
    let UserChange { name, password, current_password, end_tokens, address, admin, disabled } =
        change;
    let mut prepared =
        PreparedChange { user_id: user.id, name, admin, disabled, password: None, end_tokens };
    prepared.require_allowed(actor, &user)?;
    if end_tokens && password.is_none() {
        return Err(Error::invalid("end_tokens", "needs a new password beside it"));
    }
    if let Some(new) = password {
        policy::change_more_than_name(actor)?;
        let passwords = &passwords.on_behalf_of(address);
        let hash = if actor.is(user.id) {
            let attempt = throttle.attempt(Rule::current_password(user.id, address))?;
            hash_own(passwords, attempt, &user, (current_password, address), new).await?
        } else {
            passwords.hash(new).await?
        };
        prepared.password = Some(NewPassword { hash, replaces: user.password_hash });
    }
    Ok(prepared)
}

/// Verifies the current password of a user, and hashes the new one.
async fn hash_own(
    passwords: &Passwords,
    mut attempt: Attempt<'_>,
    user: &user::Model,
    (current, address): (Option<String>, Option<IpAddr>),
    new: Password,
) -> Result<PasswordHash> {
    let is_right = match &current {
        Some(current) => passwords.verify(current, user.password_hash.as_ref()).await,
        None => Err(Error::invalid("current_password", "is missing")),
    };
    // Only a wrong password counts. A right one remains in flight until the new one is hashed.
    if !matches!(is_right, Ok(false)) {
        attempt.forgive();
    }
    if is_right? {
        return passwords.hash(new).await;
    }
    audit::wrong_current_password(user.id, address);
    Err(wrong_current_password())
}

fn wrong_current_password() -> Error {
    Error::invalid("current_password", "is wrong")
}

/// Changes a user. A new password ends the user's sessions, except the actor's own, and if asked for, API tokens. It
/// ends the user's invitation, as disabling does.
///
/// # Errors
/// [`Error::NotFound`], also if the user's deletion has begun; [`Error::NotAllowed`] for anyone but the user
/// and admins, and for users who try to change their own `admin` or `disabled`; [`Error::Invalid`] if the password has changed since
/// `current_password` was verified; [`Error::LastAdmin`]; [`Error::Outdated`];
/// [`Error::VersionMissing`].
pub async fn update(
    work: &Work,
    change: &PreparedChange,
    expected: &Expected,
) -> Result<user::Model> {
    let (user, is_last_admin) = if change.drops_admin() {
        let (user, is_last_admin) = lock_with_admins(work, change.user_id).await?;
        require_remaining(work, &user).await?;
        (user, is_last_admin)
    } else {
        (lock_for_change(work, &change.user_id.into()).await?, false)
    };
    let actor = work.actor().await?;
    change.require_allowed(actor, &user)?;
    expected.require(user.version)?;
    if is_last_admin {
        return Err(Error::LastAdmin);
    }
    change.require_same_password(actor, &user)?;
    let changed = change.apply(user.clone()).update(work.transaction()).await?;
    // Databases that distribute tables may refuse to change the user after the sessions, which refer to it.
    change.end_credentials(work, &user).await?;
    change.audit(work, &user);
    Ok(changed)
}

impl PreparedChange {
    fn require_allowed(&self, actor: &Actor, user: &user::Model) -> Result<()> {
        policy::manage_user(actor, user)?;
        if self.password.is_some() || self.end_tokens {
            policy::change_more_than_name(actor)?;
        }
        if self.admin.is_some() || self.disabled.is_some() {
            policy::change_more_than_name(actor)?;
            policy::administer(actor)?;
        }
        Ok(())
    }

    fn drops_admin(&self) -> bool {
        self.admin == Some(false) || self.disabled == Some(true)
    }

    fn require_same_password(&self, actor: &Actor, user: &user::Model) -> Result<()> {
        match &self.password {
            Some(new) if actor.is(user.id) && new.replaces != user.password_hash => {
                Err(wrong_current_password())
            }
            _ => Ok(()),
        }
    }

    async fn end_credentials(&self, work: &Work, user: &user::Model) -> Result<()> {
        use session::Scopes as _;
        if self.password.is_some() || self.disabled == Some(true) {
            invitation::Entity::delete_by_id(user.id).exec(work.transaction()).await?;
        }
        let is_enabled_again = user.disabled && self.disabled == Some(false);
        if self.password.is_none() && !is_enabled_again {
            return Ok(());
        }
        let ended = session::Entity::delete_many().of_user(user.id);
        let actor = work.actor().await?;
        let ended = match actor.session() {
            Ok(own) if actor.is(user.id) => ended.except(own.id),
            _ => ended,
        };
        ended.exec(work.transaction()).await?;
        if self.end_tokens && user.delete_api_tokens(work.transaction()).await? > 0 {
            work.audit("all API tokens ended", user.id);
        }
        Ok(())
    }

    fn audit(&self, work: &Work, user: &user::Model) {
        let admin = self.admin.filter(|&admin| admin != user.admin);
        let disabled = self.disabled.filter(|&disabled| disabled != user.disabled);
        let done = [
            self.password.as_ref().map(|_| "new password"),
            admin.map(|admin| if admin { "made an admin" } else { "no longer an admin" }),
            disabled.map(|disabled| if disabled { "disabled" } else { "enabled" }),
        ];
        done.into_iter().flatten().for_each(|what| work.audit(what, user.id));
    }

    fn apply(&self, user: user::Model) -> user::ActiveModel {
        let mut user = user.into_active_model();
        if let Some(name) = &self.name {
            user.rename(name.as_str().to_owned());
        }
        if let Some(NewPassword { hash, .. }) = &self.password {
            user.set_password(hash.clone());
        }
        if let Some(admin) = self.admin {
            user.set_admin(admin);
        }
        if let Some(disabled) = self.disabled {
            user.set_disabled(disabled);
        }
        if user.is_changed() {
            user.record_change(clock::now());
        }
        user
    }
}
