use entity::{Locking, session, user};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ConnectionTrait, EntityTrait, IntoActiveModel};

use super::{Name, Password, UserKey, require_not_last_admin, require_self_or_admin};
use crate::{Db, Error, Passwords, Result, Rule, Throttle, Viewer, audit, clock};

/// What to change of a user; what is `None` stays.
#[derive(Debug, Default)]
pub struct Change {
    /// What the user is called.
    pub name: Option<Name>,
    /// A new password.
    pub password: Option<Password>,
    /// The password so far: needed by users who change their own.
    pub current_password: Option<String>,
    /// For admins to set.
    pub admin: Option<bool>,
    /// For admins to set. Enabling ends the sessions from before.
    pub disabled: Option<bool>,
}

impl Change {
    fn is_empty(&self) -> bool {
        let Self { name, password, current_password: _, admin, disabled } = self;
        name.is_none() && password.is_none() && admin.is_none() && disabled.is_none()
    }

    /// What of it is for the log.
    fn audited(&self) -> impl Iterator<Item = &'static str> {
        let password = self.password.as_ref().map(|_| "new password");
        let admin = self.admin.map(|admin| if admin { "made an admin" } else { "no admin more" });
        let disabled = self.disabled.map(|disabled| if disabled { "disabled" } else { "enabled" });
        [password, admin, disabled].into_iter().flatten()
    }

    fn drops_admin(&self) -> bool {
        self.admin == Some(false) || self.disabled == Some(true)
    }
}

/// Changes a user. A new password ends the user's sessions, but for the one that asks.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] for others, and for users who would change their own
/// `admin` or `disabled`; [`Error::Invalid`] when `current_password` is wrong,
/// [`Error::TooManyAttempts`] when it was so too often; [`Error::LastAdmin`].
pub async fn update(
    db: &Db,
    passwords: &Passwords,
    throttle: &Throttle,
    viewer: &Viewer,
    key: &UserKey,
    change: Change,
) -> Result<user::Account> {
    let user = require_self_or_admin(db, viewer, key).await?;
    if change.admin.is_some() || change.disabled.is_some() {
        viewer.require_admin()?;
    }
    if change.is_empty() {
        return Ok(user.into());
    }
    let new_hash = new_password_hash(passwords, throttle, viewer, &user, &change).await?;

    let changed = db.write(async |transaction| {
        if change.drops_admin() {
            require_not_last_admin(transaction, user.id).await?;
        }
        let locked = user::Entity::find_by_id(user.id).locked_for_change();
        let current = locked.one(transaction).await?.ok_or(Error::NotFound)?;
        if new_hash.is_some() && viewer.is(user.id) && current.password_hash != user.password_hash {
            return Err(wrong_current_password());
        }
        end_sessions(transaction, viewer, &current, &change).await?;
        Ok(apply(current, &change, new_hash.clone()).update(transaction).await?)
    });
    let changed = changed.await?;
    change.audited().for_each(|what| audit::change(what, viewer, user.id));
    Ok(changed.into())
}

async fn new_password_hash(
    passwords: &Passwords,
    throttle: &Throttle,
    viewer: &Viewer,
    user: &user::Model,
    change: &Change,
) -> Result<Option<String>> {
    let Some(password) = change.password.clone() else { return Ok(None) };
    if viewer.is(user.id) {
        let current = change.current_password.as_deref();
        let Some(current) = current else {
            return Err(Error::invalid("current_password", "is missing"));
        };
        let rule = [Rule::OwnPassword(user.id)];
        throttle.attempt(&rule)?;
        let is_right = passwords.verify(current, user.password_hash.as_deref()).await;
        // Only a wrong password is held against anyone.
        if !matches!(is_right, Ok(false)) {
            throttle.forgive(&rule);
        }
        if !is_right? {
            return Err(wrong_current_password());
        }
    }
    passwords.hash(password).await.map(Some)
}

fn wrong_current_password() -> Error {
    Error::invalid("current_password", "is wrong")
}

async fn end_sessions(
    transaction: &impl ConnectionTrait,
    viewer: &Viewer,
    user: &user::Model,
    change: &Change,
) -> Result<()> {
    use session::Scopes as _;
    let is_enabled_again = user.disabled && change.disabled == Some(false);
    if change.password.is_none() && !is_enabled_again {
        return Ok(());
    }
    let ended = session::Entity::delete_many().of_user(user.id);
    let ended = match viewer {
        Viewer::User(me) if me.user.id == user.id => ended.except(me.session.id),
        _ => ended,
    };
    ended.exec(transaction).await?;
    Ok(())
}

fn apply(user: user::Model, change: &Change, new_hash: Option<String>) -> user::ActiveModel {
    let mut user = user.into_active_model();
    if let Some(name) = change.name.clone() {
        user.name = Set(name.into_string());
    }
    if let Some(hash) = new_hash {
        user.password_hash = Set(Some(hash));
    }
    if let Some(admin) = change.admin {
        user.admin = Set(admin);
    }
    if let Some(disabled) = change.disabled {
        user.disabled = Set(disabled);
    }
    user.updated_at = Set(clock::now());
    user
}
