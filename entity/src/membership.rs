//! Memberships: which user belongs to which team, since when, and as what.

use sea_orm::{
    ActiveValue, DeleteMany, QueryOrder, QuerySelect, QueryTrait, Select, UpdateMany,
    entity::prelude::*,
    sea_query::{
        ExprTrait, Func, JoinType, OnConflict, Order, Query, SelectStatement, WindowStatement,
    },
};

use crate::{
    newest::{newest_of_each, total},
    team, user,
};

/// What a member may do in a team.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Role {
    /// May rename and delete the team and choose its members.
    #[sea_orm(string_value = "owner")]
    Owner,
    /// Belongs to the team.
    #[sea_orm(string_value = "member")]
    Member,
}

/// A membership as the table has it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "memberships")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique_key = "user_and_team")]
    pub user_id: i64,
    #[sea_orm(unique_key = "user_and_team")]
    pub team_id: i64,
    pub role: Role,
    pub joined_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<super::user::Entity>,
    #[sea_orm(belongs_to, from = "team_id", to = "id", on_delete = "Cascade")]
    pub team: BelongsTo<super::team::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// A member of a team: the user, since when, and as what. For [`Entity::find_members`].
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct Member {
    #[sea_orm(nested)]
    pub user: user::Author,
    pub role: Role,
    pub joined_at: DateTimeUtc,
}

/// A member among the first of many. For [`Entity::find_members`].
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct MemberOf {
    #[sea_orm(nested)]
    pub member: Member,
    /// How many there are in all.
    #[sea_orm(from_expr = "total()")]
    pub total: i64,
}

/// A team of a user among the newest of many. For [`Entity::find_teams`].
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct TeamOf {
    #[sea_orm(nested)]
    pub team: team::Core,
    /// How many there are in all.
    #[sea_orm(from_expr = "total()")]
    pub total: i64,
}

/// A team of a user. For [`Entity::newest_teams_of_each`].
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct TeamOfUser {
    pub user_id: i64,
    #[sea_orm(nested)]
    pub team: team::Core,
}

/// Named conditions on memberships, which chain and combine with AND.
pub trait Scopes: QueryFilter + Sized {
    /// Of this user.
    fn of_user(self, user_id: i64) -> Self {
        self.filter(COLUMN.user_id.eq(user_id))
    }

    /// Of the user with this id or username. For queries joined with the users.
    fn of_user_key(self, key: &user::UserKey) -> Self {
        self.filter(key.condition())
    }

    /// Of these users.
    fn of_users(self, user_ids: impl IntoIterator<Item = i64>) -> Self {
        self.filter(COLUMN.user_id.is_in(user_ids))
    }

    /// Of other users than this.
    fn not_of_user(self, user_id: i64) -> Self {
        self.filter(COLUMN.user_id.ne(user_id))
    }

    /// In this team.
    fn in_team(self, team_id: i64) -> Self {
        self.filter(COLUMN.team_id.eq(team_id))
    }

    /// As an owner.
    fn owners(self) -> Self {
        self.filter(Column::Role.eq(Role::Owner))
    }
}

impl Scopes for Select<Entity> {}
impl Scopes for UpdateMany<Entity> {}
impl Scopes for DeleteMany<Entity> {}

fn team_ids(memberships: Select<Entity>) -> SelectStatement {
    memberships.select_only().column(Column::TeamId).into_query()
}

impl Entity {
    /// Memberships of enabled users, the first to join first, joined with the users. For [`Member`].
    pub fn find_members() -> Select<Self> {
        Self::find()
            .join(JoinType::InnerJoin, Relation::User.def())
            .filter(user::COLUMN.disabled.eq(false))
            .order_by_asc(Column::Id)
    }

    /// Memberships joined with the teams, newest first. For [`TeamOf`].
    pub fn find_teams() -> Select<Self> {
        Self::find().join(JoinType::InnerJoin, Relation::Team.def()).order_by_desc(Column::Id)
    }

    /// The newest `limit` memberships of each of these users, newest first, joined with the teams.
    /// For [`TeamOfUser`].
    pub fn newest_teams_of_each(
        user_ids: impl IntoIterator<Item = i64>,
        limit: u64,
    ) -> Select<Self> {
        let newest = newest_of_each(Self, Column::UserId, user_ids, limit);
        Self::find_teams().filter(Column::Id.in_subquery(newest))
    }

    /// Prepares for a user's leaving: each team that has no other enabled owner gets its
    /// longest-standing other member as owner, a disabled one only where there is no enabled one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn promote_heirs_of(db: &impl ConnectionTrait, user_id: i64) -> Result<(), DbErr> {
        let owned = Self::find().of_user(user_id).owners();
        let owned_by_others = Self::find_members()
            .owners()
            .not_of_user(user_id)
            .filter(Column::TeamId.in_subquery(team_ids(owned.clone())));
        let by_standing = WindowStatement::partition_by((Entity, Column::TeamId))
            .order_by((user::Entity, user::Column::Disabled), Order::Asc)
            .order_by((Entity, Column::Id), Order::Asc)
            .take();
        let ranked = Self::find()
            .join(JoinType::InnerJoin, Relation::User.def())
            .not_of_user(user_id)
            .filter(Column::TeamId.in_subquery(team_ids(owned)))
            .filter(Column::TeamId.not_in_subquery(team_ids(owned_by_others)))
            .select_only()
            .column(Column::Id)
            .into_query()
            .expr_window_as(Func::cust("ROW_NUMBER"), by_standing, "place")
            .take();
        let heirs = Query::select()
            .column("id")
            .from_subquery(ranked, "ranked")
            .and_where(Expr::col("place").eq(1))
            .take();
        let promoted = Self::update_many()
            .col_expr(Column::Role, Expr::val(Role::Owner.to_value()))
            .filter(Column::Id.in_subquery(heirs));
        promoted.exec(db).await.map(|_| ())
    }

    /// Ends the memberships of the team's enabled users but these.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_all_but(
        db: &impl ConnectionTrait,
        team_id: i64,
        kept: impl IntoIterator<Item = i64>,
    ) -> Result<(), DbErr> {
        let enabled = user::Entity::listed().select_only().column(user::Column::Id).into_query();
        let removed = Self::delete_many()
            .in_team(team_id)
            .filter(Column::UserId.in_subquery(enabled))
            .filter(Column::UserId.is_not_in(kept));
        removed.exec(db).await.map(|_| ())
    }

    /// Makes each (user, team) a plain membership unless there is one, and says how many are new.
    ///
    /// # Errors
    /// A foreign key violation (see [`DbErr::sql_err`]) when a user or a team is not there; none is
    /// made then.
    pub async fn add(
        db: &impl ConnectionTrait,
        pairs: impl IntoIterator<Item = (i64, i64)>,
        joined_at: DateTimeUtc,
    ) -> Result<u64, DbErr> {
        let memberships = pairs.into_iter().map(|(user_id, team_id)| ActiveModel {
            id: ActiveValue::NotSet,
            user_id: ActiveValue::Set(user_id),
            team_id: ActiveValue::Set(team_id),
            role: ActiveValue::Set(Role::Member),
            joined_at: ActiveValue::Set(joined_at),
        });
        Self::insert_many(memberships)
            .on_conflict(
                OnConflict::columns([Column::UserId, Column::TeamId]).do_nothing().to_owned(),
            )
            .exec_without_returning(db)
            .await
    }
}
