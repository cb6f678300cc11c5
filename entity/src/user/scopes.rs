use sea_orm::{
    Condition, DeleteMany, QueryFilter, Select, UpdateMany,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait, Query},
};

use super::{COLUMN, Column, Entity, UserKey};
use crate::{IdList, NamePattern, note_count, text};

/// Named conditions on users, which chain and combine with AND.
///
/// ```
/// use entity::{NamePattern, user::{self, Scopes}};
/// # async fn jamis(db: &sea_orm::DatabaseConnection) -> Result<(), sea_orm::DbErr> {
/// # use sea_orm::EntityTrait;
/// let jami = NamePattern::parse("%jami%");
/// let admins = user::Entity::find().enabled().admins().name_like(&jami).all(db).await?;
/// # Ok(()) }
/// ```
pub trait Scopes: QueryFilter + Sized {
    /// Users who may log in.
    fn enabled(self) -> Self {
        self.filter(COLUMN.disabled.eq(false))
    }

    /// Users who may not log in.
    fn disabled(self) -> Self {
        self.filter(COLUMN.disabled.eq(true))
    }

    /// Admins. The condition is that of their index: with another one, SQLite does not use it.
    fn admins(self) -> Self {
        self.filter(Expr::col((Entity, Column::Admin)))
    }

    /// Users who are not admins.
    fn not_admins(self) -> Self {
        self.filter(COLUMN.admin.eq(false))
    }

    /// Users whose name may match a pattern; [`NamePattern::matches`] decides.
    fn name_like(self, pattern: &NamePattern) -> Self {
        let [name, folded] = [Column::Name, Column::NameFolded].map(|c| Expr::col((Entity, c)));
        self.filter(text::may_match(name, folded, pattern))
    }

    /// Users who have written more than `count` notes.
    fn with_more_notes_than(self, count: i64) -> Self {
        if count < 0 {
            return self;
        }
        let more = Query::select()
            .column(note_count::Column::UserId)
            .from(note_count::Entity)
            .and_where(note_count::Column::Notes.gt(count))
            .take();
        self.filter(Column::Id.in_subquery(more))
    }

    /// Users who have a password: all but those who are invited, or were imported without one.
    fn with_password(self) -> Self {
        self.filter(COLUMN.password_hash.is_not_null())
    }

    /// The users with these ids.
    fn with_ids(self, ids: &IdList) -> Self {
        self.filter(ids.contains((Entity, Column::Id)))
    }

    /// The user with this id or username.
    fn identified_by(self, key: &UserKey) -> Self {
        self.filter(key.condition())
    }

    /// The users with any of these ids or usernames.
    fn identified_by_any<'a>(self, keys: impl IntoIterator<Item = &'a UserKey>) -> Self {
        let keys = keys.into_iter().map(UserKey::condition);
        self.filter(keys.fold(Condition::any(), Condition::add))
    }

    /// The users with these ids, and all enabled admins.
    fn with_ids_or_enabled_admins(self, ids: &IdList) -> Self {
        let admin = Expr::col((Entity, Column::Admin));
        let enabled_admins = admin.and(COLUMN.disabled.eq(false));
        self.filter(ids.contains((Entity, Column::Id)).or(enabled_admins))
    }
}

impl Scopes for Select<Entity> {}
impl Scopes for UpdateMany<Entity> {}
impl Scopes for DeleteMany<Entity> {}
