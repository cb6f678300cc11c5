//! Users: they write notes, belong to teams, and mark notes to read.

mod associations;
mod counts;
mod key;
mod scopes;

use std::fmt;

use sea_orm::{
    ActiveValue::{NotSet, Set},
    QueryOrder, Select,
    entity::prelude::*,
};
use serde::{Deserialize, Serialize};

pub use self::{
    counts::{WithNoteCount, WithNoteCounts},
    key::UserKey,
    scopes::Scopes,
};
use crate::{
    Candidates, NamePattern, UserId, text, trigrams,
    version::{FIRST_VERSION, advance},
};

/// A row of `users`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: UserId,
    /// In lower case.
    #[sea_orm(unique)]
    pub username: String,
    pub name: String,
    /// Case-folded search column of `name`; set by `before_save`.
    pub name_folded: String,
    /// `None` until a password is set.
    pub password_hash: Option<PasswordHash>,
    pub admin: bool,
    /// A disabled user can't log in and is left out of lists.
    pub disabled: bool,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    /// 1 for a new user, one more with each change of what others can see.
    pub version: i64,
    #[sea_orm(has_many)]
    pub notes: HasMany<super::note::Entity>,
    #[sea_orm(has_one)]
    pub note_count: HasOne<super::note_count::Entity>,
    #[sea_orm(has_many, via = "membership")]
    pub teams: HasMany<super::team::Entity>,
    #[sea_orm(has_many)]
    pub memberships: HasMany<super::membership::Entity>,
    #[sea_orm(has_many)]
    pub marks: HasMany<super::mark::Entity>,
    #[sea_orm(has_many)]
    pub sessions: HasMany<super::session::Entity>,
    #[sea_orm(has_many)]
    pub api_tokens: HasMany<super::api_token::Entity>,
    #[sea_orm(has_one)]
    pub invitation: HasOne<super::invitation::Entity>,
    #[sea_orm(has_many)]
    pub idempotency_keys: HasMany<super::idempotency_key::Entity>,
}

#[async_trait::async_trait]
impl ActiveModelBehavior for ActiveModel {
    async fn before_save<C: ConnectionTrait>(mut self, _: &C, _: bool) -> Result<Self, DbErr> {
        if let Set(name) = &self.name {
            self.name_folded = Set(text::fold(name));
        }
        Ok(self)
    }
}

/// The hash of a password as a PHC string; kept out of logs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, DeriveValueType)]
#[serde(transparent)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash")
    }
}

/// What everyone may see of a user, wherever one is mentioned.
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct UserSummary {
    pub id: UserId,
    pub username: String,
    pub name: String,
}

impl Entity {
    /// The rows that an index finds for a pattern (see [`Candidates`]).
    ///
    /// # Errors
    /// If the database fails.
    pub async fn candidates(
        db: &impl ConnectionTrait,
        pattern: &NamePattern,
    ) -> Result<Candidates, DbErr> {
        trigrams::candidates(db, Entity.table_name(), pattern.texts()).await
    }

    /// The default scope, from which lists of users start. `Entity::find()` is the unscoped query.
    pub fn listed() -> Select<Self> {
        Self::find().enabled()
    }

    /// The enabled admins who have a password, by id.
    pub fn find_admins_who_can_log_in() -> Select<Self> {
        Self::find().enabled().admins().with_password().order_by_asc(Column::Id)
    }

    /// The user with this id or username, disabled or not.
    pub fn find_by_key(key: &UserKey) -> Select<Self> {
        Self::find().identified_by(key)
    }
}

impl Model {
    /// Whether the user may log in and use a session.
    pub fn may_log_in(&self) -> bool {
        !self.disabled
    }

    /// Whether the user can be invited to set a first password.
    pub fn awaits_password(&self) -> bool {
        self.password_hash.is_none() && !self.disabled
    }

    /// What everyone may see of this user.
    pub fn summary(&self) -> UserSummary {
        UserSummary { id: self.id, username: self.username.clone(), name: self.name.clone() }
    }
}

impl ActiveModel {
    /// A new user, enabled and not an admin.
    pub fn new(username: String, name: String, password: PasswordHash, now: DateTimeUtc) -> Self {
        let user = Self::without_password(username, name, now);
        Self { password_hash: Set(Some(password)), ..user }
    }

    /// The same, who can't log in until a password is set.
    pub fn without_password(username: String, name: String, now: DateTimeUtc) -> Self {
        Self {
            id: NotSet,
            username: Set(username),
            name: Set(name),
            name_folded: NotSet,
            password_hash: Set(None),
            admin: Set(false),
            disabled: Set(false),
            created_at: Set(now),
            updated_at: Set(now),
            version: Set(FIRST_VERSION),
        }
    }

    /// Changes the user's name.
    pub fn rename(&mut self, name: String) {
        self.name.set_ne(name);
    }

    /// Replaces the password hash.
    pub fn set_password(&mut self, hash: PasswordHash) {
        self.password_hash.set_ne(Some(hash));
    }

    /// Makes the user an admin, or an ordinary user again.
    pub fn set_admin(&mut self, admin: bool) {
        self.admin.set_ne(admin);
    }

    /// Disables or enables the user.
    pub fn set_disabled(&mut self, disabled: bool) {
        self.disabled.set_ne(disabled);
    }

    /// Records that the user was changed: when, and as a new version unless it is only the password.
    pub fn record_change(&mut self, now: DateTimeUtc) {
        self.updated_at = Set(now);
        if self.name.is_set() || self.admin.is_set() || self.disabled.is_set() {
            advance(&mut self.version);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disabled_user_may_not_log_in_and_no_hash_is_printed() {
        let now = DateTimeUtc::UNIX_EPOCH;
        let mut user = Model {
            id: UserId::try_from(1).unwrap(),
            username: "alice".into(),
            name: "Alice".into(),
            name_folded: "alice".into(),
            password_hash: Some(PasswordHash("$argon2id$secret".into())),
            admin: false,
            disabled: false,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        assert!(user.may_log_in());
        user.disabled = true;
        assert!(!user.may_log_in());
        assert!(!format!("{user:?}").contains("secret"));
    }
}
