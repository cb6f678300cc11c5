//! Teams, and the users that belong to them through memberships.

use sea_orm::{
    ActiveValue::{NotSet, Set},
    DeleteMany, QueryOrder, QuerySelect, Select, TransactionSession, TransactionTrait, UpdateMany,
    entity::prelude::*,
};

use crate::{
    Candidates, Difference, IdList, Locking, NamePattern, TeamId, UserId,
    membership::{self, Role, Scopes as _},
    text, trigrams,
    version::{FIRST_VERSION, advance},
};

/// A row of `teams`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "teams")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: TeamId,
    #[sea_orm(unique)]
    pub name: String,
    /// Case-folded search column of `name`; set by `before_save`.
    pub name_folded: String,
    /// 1 for a new team, one more with each change of its name.
    pub version: i64,
    #[sea_orm(has_many, via = "membership")]
    pub users: HasMany<super::user::Entity>,
    #[sea_orm(has_many)]
    pub memberships: HasMany<super::membership::Entity>,
    #[sea_orm(has_many)]
    pub shares: HasMany<super::share::Entity>,
    #[sea_orm(has_many, via = "share")]
    pub notes: HasMany<super::note::Entity>,
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

/// Named conditions on teams, which chain and combine with AND.
pub trait Scopes: QueryFilter + Sized {
    /// The team with this id.
    fn with_id(self, id: TeamId) -> Self {
        self.filter(Column::Id.eq(id))
    }

    /// The teams with these ids.
    fn with_ids(self, ids: &IdList) -> Self {
        self.filter(ids.contains((Entity, Column::Id)))
    }

    /// Teams whose name may match a pattern; [`NamePattern::matches`] decides.
    fn name_like(self, pattern: &NamePattern) -> Self {
        let [name, folded] = [Column::Name, Column::NameFolded].map(|c| Expr::col((Entity, c)));
        self.filter(text::may_match(name, folded, pattern))
    }
}

impl Scopes for Select<Entity> {}
impl Scopes for UpdateMany<Entity> {}
impl Scopes for DeleteMany<Entity> {}

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

    /// The teams with these ids, by id: the order in which teams are locked.
    pub fn find_by_ids(ids: &IdList) -> Select<Self> {
        Self::find().with_ids(ids).order_by_asc(Column::Id)
    }

    /// The teams that the user belongs to, by id.
    pub fn find_of_user(user_id: UserId) -> Select<Self> {
        let joined = membership::team_ids(membership::Entity::find().of_user(user_id));
        Self::find().filter(Column::Id.in_subquery(joined)).order_by_asc(Column::Id)
    }

    /// The ids of those of these teams that have no member but this user.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn solo_teams_of(
        db: &impl ConnectionTrait,
        user_id: UserId,
        teams: &IdList,
    ) -> Result<Vec<TeamId>, DbErr> {
        let joined = membership::Entity::find().of_user(user_id).in_teams(teams);
        let joined = membership::team_ids(joined);
        let others = membership::Entity::find().not_of_user(user_id);
        let others = others.filter(membership::Column::TeamId.in_subquery(joined.clone()));
        let solo = Self::find()
            .filter(Column::Id.in_subquery(joined))
            .filter(Column::Id.not_in_subquery(membership::team_ids(others)));
        solo.select_only().column(Column::Id).into_tuple().all(db).await
    }
}

impl Model {
    /// The enabled users who belong to this team, through the memberships. For
    /// [`membership::Member`].
    pub fn users(&self) -> Select<membership::Entity> {
        membership::Entity::find_with_user().in_team(self.id)
    }

    /// The user's membership in this team, if there is one.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn membership_of(
        &self,
        db: &impl ConnectionTrait,
        user_id: UserId,
    ) -> Result<Option<membership::Model>, DbErr> {
        membership::Entity::find_by_user_and_team((user_id, self.id)).one(db).await
    }

    /// Adds the user to this team in this role, unless the user belongs to it already; returns whether
    /// the membership is new. Of concurrent calls, one creates it.
    ///
    /// # Errors
    /// A foreign key violation (see [`DbErr::sql_err`]) if the user does not exist.
    pub async fn add_user(
        &self,
        db: &impl ConnectionTrait,
        user_id: UserId,
        role: Role,
        joined_at: DateTimeUtc,
    ) -> Result<bool, DbErr> {
        let added = membership::Entity::add_users(db, self.id, [user_id], role, joined_at).await?;
        Ok(!added.is_empty())
    }

    /// Ends the user's membership in this team; returns whether there was one. The caller enforces the
    /// rule that a team keeps an owner.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn remove_user(
        &self,
        db: &impl ConnectionTrait,
        user_id: UserId,
    ) -> Result<bool, DbErr> {
        let removed = membership::Entity::delete_many().of_user(user_id).in_team(self.id);
        Ok(removed.exec(db).await?.rows_affected > 0)
    }

    /// Makes the team's enabled members exactly these users; disabled members are left alone.
    /// Memberships that remain keep their roles and dates, a repeated id counts once, and either all of it
    /// is done or nothing. The caller enforces the rule that a team keeps an owner. Returns whom it added and
    /// removed.
    ///
    /// # Errors
    /// A foreign key violation (see [`DbErr::sql_err`]) if a user does not exist.
    pub async fn set_users(
        &self,
        db: &(impl ConnectionTrait + TransactionTrait),
        user_ids: &[UserId],
        joined_at: DateTimeUtc,
    ) -> Result<Difference<UserId>, DbErr> {
        let transaction = crate::begin_write(db).await?;
        Entity::find_by_id(self.id).for_no_key_update().one(&transaction).await?;
        let users = IdList::new(&transaction, user_ids.iter().copied());
        let others = membership::Entity::delete_many().in_team(self.id).not_of_users(&users);
        let removed = others.of_enabled_users().exec_with_returning(&transaction).await?;
        let (users, role) = (user_ids.iter().copied(), Role::Member);
        let added = membership::Entity::add_users(&transaction, self.id, users, role, joined_at);
        let added = added.await?;
        transaction.commit().await?;
        Ok(Difference { added, removed: removed.iter().map(|row| row.user_id).collect() })
    }
}

impl ActiveModel {
    /// A new team without members.
    pub fn new(name: String) -> Self {
        Self { id: NotSet, name: Set(name), name_folded: NotSet, version: Set(FIRST_VERSION) }
    }

    /// Changes the team's name, which makes a new version of it.
    pub fn rename(&mut self, name: String) {
        self.name.set_ne(name);
        if self.name.is_set() {
            advance(&mut self.version);
        }
    }
}
