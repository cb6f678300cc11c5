//! Invitations: with its token, a user without a password sets one. A token counts while its row exists.

use sea_orm::{ActiveValue::Set, Select, entity::prelude::*};

use crate::UserId;

/// A row of `invitations`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invitations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    /// The SHA-256 of the token, in hexadecimal.
    #[sea_orm(unique)]
    pub token_hash: String,
    pub created_at: DateTimeUtc,
    pub expires_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<super::user::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// The invitation with this token.
    pub fn find_by_token(token_hash: &str) -> Select<Self> {
        Self::find().filter(COLUMN.token_hash.eq(token_hash))
    }

    /// Deletes the invitation with this token; returns whether there was one.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn delete_by_token(
        db: &impl ConnectionTrait,
        token_hash: &str,
    ) -> Result<bool, DbErr> {
        let deleted = Self::delete_many().filter(COLUMN.token_hash.eq(token_hash));
        Ok(deleted.exec(db).await?.rows_affected > 0)
    }
}

impl Model {
    /// Whether the invitation has not expired at `now`.
    pub fn is_live(&self, now: DateTimeUtc) -> bool {
        self.expires_at > now
    }
}

impl ActiveModel {
    /// A new invitation of a user who has none.
    pub fn new(
        user_id: UserId,
        token_hash: String,
        now: DateTimeUtc,
        expires_at: DateTimeUtc,
    ) -> Self {
        Self {
            user_id: Set(user_id),
            token_hash: Set(token_hash),
            created_at: Set(now),
            expires_at: Set(expires_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn an_invitation_lives_until_it_expires() {
        let start = DateTimeUtc::UNIX_EPOCH;
        let expires_at = start + TimeDelta::days(7);
        let user_id = UserId::try_from(1).unwrap();
        let token_hash = String::new();
        let invitation = Model { user_id, token_hash, created_at: start, expires_at };
        assert!(invitation.is_live(expires_at - TimeDelta::seconds(1)));
        assert!(!invitation.is_live(expires_at));
    }
}
