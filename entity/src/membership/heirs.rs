use sea_orm::{
    QuerySelect, QueryTrait, Select,
    entity::prelude::*,
    sea_query::{ExprTrait, Func, JoinType, Order, Query, SelectStatement, WindowStatement},
};

use super::{Column, Entity, Model, Relation, Role, Scopes};
use crate::{UserId, user};

fn team_ids(memberships: Select<Entity>) -> SelectStatement {
    memberships.select_only().column(Column::TeamId).into_query()
}

impl Entity {
    /// Prepares the deletion of a user: in each team that would have no enabled owner left, the
    /// longest-standing other member becomes an owner; a disabled one only if nobody else is left.
    ///
    /// Returns the memberships of those who became owners.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn promote_heirs_of(
        db: &impl ConnectionTrait,
        user_id: UserId,
    ) -> Result<Vec<Model>, DbErr> {
        let heirs = Query::select()
            .column("id")
            .from_subquery(candidates(user_id), "ranked")
            .and_where(Expr::col("rank").eq(1))
            .take();
        let promoted = Self::update_many()
            .col_expr(Column::Role, Expr::val(Role::Owner.to_value()))
            .filter(Column::Id.in_subquery(heirs));
        promoted.exec_with_returning(db).await
    }
}

/// The other members of the teams that only this user owns, ranked within each team.
fn candidates(user_id: UserId) -> SelectStatement {
    let owned = Entity::find().of_user(user_id).owners();
    let owned_by_others = Entity::find_with_user()
        .owners()
        .not_of_user(user_id)
        .filter(Column::TeamId.in_subquery(team_ids(owned.clone())));
    let by_standing = WindowStatement::partition_by((Entity, Column::TeamId))
        .order_by((user::Entity, user::Column::Disabled), Order::Asc)
        .order_by((Entity, Column::Id), Order::Asc)
        .take();
    Entity::find()
        .join(JoinType::InnerJoin, Relation::User.def())
        .not_of_user(user_id)
        .filter(Column::TeamId.in_subquery(team_ids(owned)))
        .filter(Column::TeamId.not_in_subquery(team_ids(owned_by_others)))
        .select_only()
        .column(Column::Id)
        .into_query()
        .expr_window_as(Func::cust("ROW_NUMBER"), by_standing, "rank")
        .take()
}
