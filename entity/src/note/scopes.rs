use sea_orm::{
    DbBackend, DeleteMany, QueryFilter, QuerySelect, Select, UpdateMany,
    entity::prelude::*,
    sea_query::{JoinType, Query},
};

use super::{Column, Entity, Relation, row::COLUMN};
use crate::{IdList, NoteId, text, user, user::UserKey};

/// Named conditions on notes, which chain and combine with AND.
pub trait Scopes: QueryFilter + Sized {
    /// Notes that their author marked as important.
    fn important(self) -> Self {
        self.filter(COLUMN.important.eq(true))
    }

    /// Notes that are not important.
    fn unimportant(self) -> Self {
        self.filter(COLUMN.important.eq(false))
    }

    /// Notes whose content contains this text, ignoring case; no character of it is a wildcard.
    fn containing(self, text: &str, backend: DbBackend) -> Self {
        self.filter(text::contains(Column::ContentFolded, text, backend))
    }

    /// Notes by this user; none if the user does not exist.
    fn by(self, author: &UserKey) -> Self {
        match author {
            UserKey::Id(id) => self.filter(Column::UserId.eq(*id)),
            UserKey::Username(_) => {
                let id = Query::select()
                    .column((user::Entity, user::Column::Id))
                    .from(user::Entity)
                    .and_where(author.condition())
                    .take();
                self.filter(Column::UserId.in_subquery(id))
            }
        }
    }

    /// The notes with these ids.
    fn with_ids(self, ids: &IdList) -> Self {
        self.filter(ids.contains((Entity, Column::Id)))
    }

    /// The note with this id.
    fn with_id(self, id: NoteId) -> Self {
        self.filter(Column::Id.eq(id))
    }

    /// The notes joined with their authors. For [`super::WithAuthor`].
    fn with_author(self) -> Self
    where
        Self: QuerySelect,
    {
        self.join(JoinType::InnerJoin, Relation::User.def())
    }
}

impl Scopes for Select<Entity> {}
impl Scopes for UpdateMany<Entity> {}
impl Scopes for DeleteMany<Entity> {}
