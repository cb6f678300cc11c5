//! Teams, and the users that belong to them through memberships.

use sea_orm::{
    ActiveValue, DeleteMany, QueryOrder, QuerySelect, QueryTrait, Select, UpdateMany,
    entity::prelude::*,
    sea_query::{ExprTrait, Query},
};

use crate::{membership, text, user};

/// A team as the table has it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "teams")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique)]
    pub name: String,
    /// `name` for comparing without case; kept by `before_save`.
    pub name_folded: String,
    #[sea_orm(has_many, via = "membership")]
    pub users: HasMany<super::user::Entity>,
    #[sea_orm(has_many)]
    pub memberships: HasMany<super::membership::Entity>,
}

#[async_trait::async_trait]
impl ActiveModelBehavior for ActiveModel {
    async fn before_save<C: ConnectionTrait>(mut self, _: &C, _: bool) -> Result<Self, DbErr> {
        if let ActiveValue::Set(name) = &self.name {
            self.name_folded = ActiveValue::Set(text::fold(name));
        }
        Ok(self)
    }
}

/// A team without the folded copy.
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct Core {
    pub id: i64,
    pub name: String,
}

/// A team and how many enabled users it has.
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct WithUserCount {
    #[sea_orm(nested)]
    pub team: Core,
    #[sea_orm(from_expr = "user_count()")]
    pub user_count: i64,
}

/// Named conditions on teams, which chain and combine with AND.
pub trait Scopes: QueryFilter + Sized {
    /// The name fits a pattern, without case: `%` is any text, `_` any character, `\` takes the next
    /// one as it is.
    fn name_like(self, pattern: &str) -> Self {
        self.filter(Column::NameFolded.like(text::pattern(pattern)))
    }
}

impl Scopes for Select<Entity> {}
impl Scopes for UpdateMany<Entity> {}
impl Scopes for DeleteMany<Entity> {}

impl Entity {
    /// The teams that a user belongs to, by id.
    pub fn find_of_user(user_id: i64) -> Select<Self> {
        use membership::Scopes as _;
        let joined = membership::Entity::find().of_user(user_id).select_only();
        let joined = joined.column(membership::Column::TeamId).into_query();
        Self::find().filter(Column::Id.in_subquery(joined)).order_by_asc(Column::Id)
    }
}

/// `SELECT COUNT(*)` of the enabled members of the team at hand.
fn user_count() -> Expr {
    use user::Column::{Disabled, Id};
    let count = Query::select()
        .expr(membership::COLUMN.id.0.count())
        .from(membership::Entity)
        .inner_join(
            user::Entity,
            Expr::col((user::Entity, Id)).equals((membership::Entity, membership::Column::UserId)),
        )
        .and_where(
            Expr::col((membership::Entity, membership::Column::TeamId))
                .equals((Entity, Column::Id)),
        )
        .and_where(Expr::col((user::Entity, Disabled)).eq(false))
        .take();
    Expr::SubQuery(None, Box::new(count.into()))
}
