use sea_orm::{
    QuerySelect, QueryTrait, Select,
    entity::prelude::*,
    sea_query::{ExprTrait, Func, JoinType, Order, Query, WindowStatement},
};

use super::{Column, Entity, Model, Relation, Role, Scopes, team_ids};
use crate::{IdList, UserId, user};

impl Entity {
    /// Prepares the deletion of a user: in each of these teams that would have no enabled owner left, the
    /// longest-standing other member becomes an owner; a disabled one only if nobody else is left.
    /// Returns the memberships of those who became owners.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn promote_heirs_of(
        db: &impl ConnectionTrait,
        user_id: UserId,
        teams: &IdList,
    ) -> Result<Vec<Model>, DbErr> {
        promote_first(db, candidates(user_id, teams)).await
    }

    /// Gives an owner to each team that has members and none of them an owner: the longest-standing; a disabled
    /// one only if nobody else is there.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn promote_in_ownerless_teams(db: &impl ConnectionTrait) -> Result<(), DbErr> {
        let owned = team_ids(Entity::find().owners());
        let members = Entity::find().filter(Column::TeamId.not_in_subquery(owned));
        promote_first(db, members).await.map(drop)
    }
}

/// Makes the longest-standing of these members of each team an owner.
async fn promote_first(
    db: &impl ConnectionTrait,
    members: Select<Entity>,
) -> Result<Vec<Model>, DbErr> {
    let by_standing = WindowStatement::partition_by((Entity, Column::TeamId))
        .order_by((user::Entity, user::Column::Disabled), Order::Asc)
        .order_by((Entity, Column::Id), Order::Asc)
        .take();
    let ranked = members
        .join(JoinType::InnerJoin, Relation::User.def())
        .select_only()
        .column(Column::Id)
        .into_query()
        .expr_window_as(Func::cust("ROW_NUMBER"), by_standing, "rank")
        .take();
    let first = Query::select()
        .column("id")
        .from_subquery(ranked, "ranked")
        .and_where(Expr::col("rank").eq(1))
        .take();
    let promoted = Entity::update_many()
        .col_expr(Column::Role, Expr::val(Role::Owner.to_value()))
        .filter(Column::Id.in_subquery(first));
    promoted.exec_with_returning(db).await
}

/// The other members of those of these teams that only this user owns.
fn candidates(user_id: UserId, teams: &IdList) -> Select<Entity> {
    let owned = Entity::find().of_user(user_id).in_teams(teams).owners();
    let owned_by_others = Entity::find_with_user()
        .owners()
        .not_of_user(user_id)
        .filter(Column::TeamId.in_subquery(team_ids(owned.clone())));
    Entity::find()
        .not_of_user(user_id)
        .filter(Column::TeamId.in_subquery(team_ids(owned)))
        .filter(Column::TeamId.not_in_subquery(team_ids(owned_by_others)))
}
