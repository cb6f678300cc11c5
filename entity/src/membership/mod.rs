//! Memberships: which user belongs to which team, since when, and in which role.

mod heirs;
mod scopes;

use sea_orm::{
    ActiveValue::{NotSet, Set},
    IdenStatic, QueryOrder, QuerySelect, QueryTrait, Select, TryGetable,
    entity::prelude::*,
    sea_query::{
        ExprTrait, Func, JoinType, OnConflict, Order, Query, SelectStatement, WindowStatement,
    },
};

pub use self::scopes::Scopes;
use crate::{IdList, MembershipId, TeamId, UserId, newest::newest_of_each, team, user};

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

/// A row of `memberships`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "memberships")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: MembershipId,
    #[sea_orm(unique_key = "user_and_team")]
    pub user_id: UserId,
    #[sea_orm(unique_key = "user_and_team")]
    pub team_id: TeamId,
    pub role: Role,
    pub joined_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<super::user::Entity>,
    #[sea_orm(belongs_to, from = "team_id", to = "id", on_delete = "Cascade")]
    pub team: BelongsTo<super::team::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// A membership from the team's side: the user, the role, and since when. For
/// [`team::Model::users`].
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct Member {
    pub id: MembershipId,
    #[sea_orm(nested)]
    pub user: user::UserSummary,
    pub role: Role,
    pub joined_at: DateTimeUtc,
}

/// A member, and the team. For [`Entity::first_users_of_each`].
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct MemberOfTeam {
    pub team_id: TeamId,
    #[sea_orm(nested)]
    pub member: Member,
}

/// A membership from the user's side: the team, the role, and since when. For
/// [`user::Model::teams`].
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct TeamMembership {
    pub id: MembershipId,
    pub user_id: UserId,
    #[sea_orm(nested)]
    pub team: team::Model,
    pub role: Role,
    pub joined_at: DateTimeUtc,
}

/// How many enabled users belong to a team. For [`Entity::count_members_of_each`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct MemberCount {
    pub team_id: TeamId,
    #[sea_orm(from_expr = "Column::Id.count()")]
    pub members: i64,
}

/// What the subquery that counts a user's teams is called, and its count.
const COUNTS: &str = "counts";
const TEAMS: &str = "teams";

/// A membership from the user's side, and how many the user has. For [`Entity::newest_teams_of_each`].
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct TeamOfUser {
    pub user_id: UserId,
    #[sea_orm(nested)]
    pub team: team::Model,
    #[sea_orm(from_expr = "Expr::col((COUNTS, TEAMS))")]
    pub team_count: i64,
}

/// Selects the teams of these memberships.
pub(crate) fn team_ids(memberships: Select<Entity>) -> SelectStatement {
    memberships.select_only().column(Column::TeamId).into_query()
}

impl Entity {
    /// Memberships of enabled users, joined with the users. For [`Member`].
    pub fn find_with_user() -> Select<Self> {
        Self::find()
            .join(JoinType::InnerJoin, Relation::User.def())
            .filter(user::COLUMN.disabled.eq(false))
    }

    /// Memberships joined with the teams. For [`TeamMembership`].
    pub(crate) fn find_with_team() -> Select<Self> {
        Self::find().join(JoinType::InnerJoin, Relation::Team.def())
    }

    /// The newest `limit` memberships of each of these users, joined with the teams, newest first. For
    /// [`TeamOfUser`].
    pub fn newest_teams_of_each(users: &IdList, limit: u64) -> Select<Self> {
        let mut newest = newest_of_each(Self::find_with_team(), Column::UserId, users, limit);
        let counts = Query::select()
            .column(Column::UserId)
            .expr_as(Column::Id.count(), TEAMS)
            .from(Self)
            .and_where(users.contains((Self, Column::UserId)))
            .group_by_col(Column::UserId)
            .take();
        let is_of_user =
            Expr::col((COUNTS, Column::UserId.as_str())).equals((Self, Column::UserId));
        QueryTrait::query(&mut newest).join_subquery(
            JoinType::InnerJoin,
            counts,
            COUNTS,
            is_of_user,
        );
        newest.order_by_desc(Column::Id)
    }

    /// The first `limit` enabled users to join each of these teams, in that order. For [`MemberOfTeam`].
    pub fn first_users_of_each(teams: &IdList, limit: u64) -> Select<Self> {
        let by_id = WindowStatement::partition_by((Self, Column::TeamId))
            .order_by((Self, Column::Id), Order::Asc)
            .take();
        let ranked = Self::find_with_user()
            .in_teams(teams)
            .select_only()
            .column(Column::Id)
            .into_query()
            .expr_window_as(Func::cust("ROW_NUMBER"), by_id, "rank")
            .take();
        let first = Query::select()
            .column("id")
            .from_subquery(ranked, "ranked")
            .and_where(Expr::col("rank").lte(limit.cast_signed()))
            .take();
        let first = Self::find_with_user().filter(Column::Id.in_subquery(first));
        first.order_by_asc(Column::TeamId).order_by_asc(Column::Id)
    }

    /// Counts the enabled members of each of these teams that has any. For [`MemberCount`].
    pub fn count_members_of_each(teams: &IdList) -> Select<Self> {
        Self::find_with_user().in_teams(teams).group_by(Column::TeamId)
    }

    /// Adds the users to the team in this role, in order, except those who belong to it already; returns
    /// those who are new.
    pub(crate) async fn add_users(
        db: &impl ConnectionTrait,
        team_id: TeamId,
        user_ids: impl IntoIterator<Item = UserId>,
        role: Role,
        joined_at: DateTimeUtc,
    ) -> Result<Vec<UserId>, DbErr> {
        let columns = [Column::UserId, Column::TeamId];
        insert(db, columns, IdList::new(db, user_ids), team_id.into(), (role, joined_at)).await
    }

    /// Adds the user to the teams in this role, in order, except those that the user belongs to already;
    /// returns those that are new.
    pub(crate) async fn add_teams(
        db: &impl ConnectionTrait,
        user_id: UserId,
        team_ids: impl IntoIterator<Item = TeamId>,
        role: Role,
        joined_at: DateTimeUtc,
    ) -> Result<Vec<TeamId>, DbErr> {
        let columns = [Column::TeamId, Column::UserId];
        insert(db, columns, IdList::new(db, team_ids), user_id.into(), (role, joined_at)).await
    }
}

/// Inserts a membership for each id in the list, unless it exists already; returns the ids for which it is
/// new. The first column is for those ids, and the second for `other`.
async fn insert<Id: TryGetable>(
    db: &impl ConnectionTrait,
    [listed, of]: [Column; 2],
    ids: IdList,
    other: i64,
    (role, joined_at): (Role, DateTimeUtc),
) -> Result<Vec<Id>, DbErr> {
    let mut rows = ids.rows();
    rows.expr(Expr::val(other)).expr(Expr::val(role.to_value())).expr(Expr::val(joined_at));
    let insert = Query::insert()
        .into_table(Entity)
        .columns([listed, of, Column::Role, Column::JoinedAt])
        .select_from(rows)
        .map_err(|error| DbErr::Custom(error.to_string()))?
        .on_conflict(OnConflict::columns([listed, of]).do_nothing().to_owned())
        .returning_col(listed)
        .take();
    let new = db.query_all(&insert).await?;
    new.into_iter().map(|row| row.try_get_by_index(0)).collect()
}

impl Model {
    /// Whether the member is an owner of the team.
    pub fn is_owner(&self) -> bool {
        self.role == Role::Owner
    }
}

impl ActiveModel {
    /// A new membership.
    pub fn new(user_id: UserId, team_id: TeamId, role: Role, joined_at: DateTimeUtc) -> Self {
        Self {
            id: NotSet,
            user_id: Set(user_id),
            team_id: Set(team_id),
            role: Set(role),
            joined_at: Set(joined_at),
        }
    }

    /// Changes the member's role.
    pub fn set_role(&mut self, role: Role) {
        self.role.set_ne(role);
    }
}
