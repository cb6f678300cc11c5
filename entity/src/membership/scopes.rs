use sea_orm::{
    DeleteMany, QueryFilter, QuerySelect, QueryTrait, Select, UpdateMany, entity::prelude::*,
    sea_query::ExprTrait,
};

use super::{Column, Entity, Role};
use crate::{IdList, TeamId, UserId, user};

/// Named conditions on memberships, which chain and combine with AND.
pub trait Scopes: QueryFilter + Sized {
    /// Memberships of this user.
    fn of_user(self, user_id: UserId) -> Self {
        self.filter(Column::UserId.eq(user_id))
    }

    /// Memberships of the user with this id or username. For queries joined with the users.
    fn of_user_key(self, key: &user::UserKey) -> Self {
        self.filter(key.condition())
    }

    /// Memberships of these users.
    fn of_users(self, users: &IdList) -> Self {
        self.filter(users.contains((Entity, Column::UserId)))
    }

    /// Memberships of users other than these.
    fn not_of_users(self, users: &IdList) -> Self {
        self.filter(users.contains((Entity, Column::UserId)).not())
    }

    /// Memberships of users other than this one.
    fn not_of_user(self, user_id: UserId) -> Self {
        self.filter(Column::UserId.ne(user_id))
    }

    /// Memberships of enabled users.
    fn of_enabled_users(self) -> Self {
        let enabled = user::Entity::listed().select_only().column(user::Column::Id).into_query();
        self.filter(Column::UserId.in_subquery(enabled))
    }

    /// Memberships in this team.
    fn in_team(self, team_id: TeamId) -> Self {
        self.filter(Column::TeamId.eq(team_id))
    }

    /// Memberships in these teams.
    fn in_teams(self, teams: &IdList) -> Self {
        self.filter(teams.contains((Entity, Column::TeamId)))
    }

    /// Memberships in teams other than these.
    fn not_in_teams(self, teams: &IdList) -> Self {
        self.filter(teams.contains((Entity, Column::TeamId)).not())
    }

    /// Memberships of owners.
    fn owners(self) -> Self {
        self.filter(Column::Role.eq(Role::Owner))
    }
}

impl Scopes for Select<Entity> {}
impl Scopes for UpdateMany<Entity> {}
impl Scopes for DeleteMany<Entity> {}
