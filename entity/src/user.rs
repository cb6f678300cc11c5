//! Users: they write notes, belong to teams and mark notes to read.

use sea_orm::{
    ActiveValue, Linked, QueryOrder, Select, TransactionSession, TransactionTrait,
    entity::prelude::*,
    sea_query::{ExprTrait, Query},
};

pub use crate::user_key::UserKey;
use crate::{Locking, begin_write, membership, note, team, text, user_note};

/// A user as the table has it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    /// In lower case.
    #[sea_orm(unique)]
    pub username: String,
    pub name: String,
    /// `name` for comparing without case; kept by `before_save`.
    pub name_folded: String,
    /// A PHC string; none while no password is set.
    pub password_hash: Option<String>,
    pub admin: bool,
    /// May not log in, and is not shown in lists.
    pub disabled: bool,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    #[sea_orm(has_many)]
    pub notes: HasMany<super::note::Entity>,
    #[sea_orm(has_many, via = "membership")]
    pub teams: HasMany<super::team::Entity>,
    #[sea_orm(has_many)]
    pub memberships: HasMany<super::membership::Entity>,
    #[sea_orm(has_many)]
    pub user_notes: HasMany<super::user_note::Entity>,
    #[sea_orm(has_many)]
    pub sessions: HasMany<super::session::Entity>,
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

/// The second many-to-many between users and notes: the notes that a user has marked.
/// [`note::UsersMarked`] is the way back.
#[derive(Clone, Copy, Debug)]
pub struct MarkedNotes;

impl Linked for MarkedNotes {
    type FromEntity = Entity;
    type ToEntity = note::Entity;

    fn link(&self) -> Vec<RelationDef> {
        vec![user_note::Relation::User.def().rev(), user_note::Relation::Note.def()]
    }
}

/// What everyone may know of a user wherever one is mentioned.
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct Author {
    pub id: i64,
    pub username: String,
    pub name: String,
}

/// A user without the password and the folded copy.
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct Account {
    pub id: i64,
    pub username: String,
    pub name: String,
    pub admin: bool,
    pub disabled: bool,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

impl From<Model> for Account {
    fn from(user: Model) -> Self {
        let Model { id, username, name, admin, disabled, created_at, updated_at, .. } = user;
        Self { id, username, name, admin, disabled, created_at, updated_at }
    }
}

/// A user and how many notes it has written.
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct WithNoteCount {
    #[sea_orm(nested)]
    pub account: Account,
    #[sea_orm(from_expr = "note_count()")]
    pub note_count: i64,
}

/// Named conditions on users, which chain and combine with AND.
///
/// ```
/// use entity::user::{self, Scopes};
/// # async fn jamis(db: &sea_orm::DatabaseConnection) -> Result<(), sea_orm::DbErr> {
/// # use sea_orm::EntityTrait;
/// let admins = user::Entity::find().enabled().admins().name_like("%jami%").all(db).await?;
/// # Ok(()) }
/// ```
pub trait Scopes: QueryFilter + Sized {
    /// May log in.
    fn enabled(self) -> Self {
        self.filter(COLUMN.disabled.eq(false))
    }

    /// May not log in.
    fn disabled(self) -> Self {
        self.filter(COLUMN.disabled.eq(true))
    }

    /// Are admins.
    fn admins(self) -> Self {
        self.filter(COLUMN.admin.eq(true))
    }

    /// Are no admins.
    fn not_admins(self) -> Self {
        self.filter(COLUMN.admin.eq(false))
    }

    /// The name fits a pattern, without case: `%` is any text, `_` any character, `\` takes the next
    /// one as it is.
    fn name_like(self, pattern: &str) -> Self {
        self.filter(Column::NameFolded.like(text::pattern(pattern)))
    }

    /// Have written more than so many notes.
    fn with_more_notes_than(self, count: i64) -> Self {
        self.filter(note_count().gt(count))
    }

    /// The ones with these ids.
    fn with_ids(self, ids: impl IntoIterator<Item = i64>) -> Self {
        self.filter(COLUMN.id.is_in(ids))
    }

    /// The one with this id or username.
    fn identified_by(self, key: &UserKey) -> Self {
        self.filter(key.condition())
    }
}

impl Scopes for Select<Entity> {}
impl Scopes for sea_orm::UpdateMany<Entity> {}
impl Scopes for sea_orm::DeleteMany<Entity> {}

/// `SELECT COUNT(*)` of the notes of the user at hand.
fn note_count() -> Expr {
    let count = Query::select()
        .expr(note::COLUMN.id.0.count())
        .from(note::Entity)
        .and_where(Expr::col((note::Entity, note::Column::UserId)).equals((Entity, Column::Id)))
        .take();
    Expr::SubQuery(None, Box::new(count.into()))
}

impl Entity {
    /// The default scope: what a listing of users starts from. `Entity::find()` is the unscoped one.
    pub fn listed() -> Select<Self> {
        Self::find().enabled()
    }

    /// Users with more than so many notes, for [`WithNoteCount`].
    ///
    /// ```
    /// use entity::user::{self, WithNoteCount};
    /// # async fn busy(db: &sea_orm::DatabaseConnection) -> Result<(), sea_orm::DbErr> {
    /// let busy = user::Entity::with_notes(3).into_partial_model::<WithNoteCount>().all(db).await?;
    /// for user in busy {
    ///     println!("{} wrote {}", user.account.name, user.note_count);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn with_notes(more_than: i64) -> Select<Self> {
        Self::find().with_more_notes_than(more_than)
    }

    /// The enabled admins, by id.
    pub fn find_enabled_admins() -> Select<Self> {
        Self::find().enabled().admins().order_by_asc(Column::Id)
    }

    /// Keeps another hash of the same password. Nothing that others see of the user changes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_password_hash(
        db: &impl ConnectionTrait,
        id: i64,
        hash: &str,
    ) -> Result<(), DbErr> {
        let kept = Self::update_many().col_expr(Column::PasswordHash, Expr::value(hash));
        kept.with_ids([id]).exec(db).await.map(|_| ())
    }

    /// The user with this id or username, disabled ones too.
    pub fn find_by_key(key: &UserKey) -> Select<Self> {
        Self::find().identified_by(key)
    }
}

impl Model {
    /// Counts the notes that this user has written. One statement.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn number_of_notes(&self, db: &impl ConnectionTrait) -> Result<u64, DbErr> {
        use note::Scopes as _;
        note::Entity::find().by(&UserKey::Id(self.id)).count(db).await
    }

    /// Loads the teams of this user, by id: one statement, when it is asked for.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn teams(&self, db: &impl ConnectionTrait) -> Result<Vec<team::Model>, DbErr> {
        self.find_related(team::Entity).order_by_asc(team::Column::Id).all(db).await
    }

    /// Loads the notes that this user has marked, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn marked_notes(&self, db: &impl ConnectionTrait) -> Result<Vec<note::Model>, DbErr> {
        self.find_linked(MarkedNotes).order_by_desc(note::Column::Id).all(db).await
    }

    /// Whether this user is a member of the team.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_team(&self, db: &impl ConnectionTrait, team_id: i64) -> Result<bool, DbErr> {
        membership::Entity::find_by_user_and_team((self.id, team_id)).exists(db).await
    }

    /// Makes this user a member of the team, and says whether it was none before. Two calls at once
    /// make one membership.
    ///
    /// # Errors
    /// A foreign key violation (see [`DbErr::sql_err`]) when there is no such team.
    pub async fn add_team(
        &self,
        db: &impl ConnectionTrait,
        team_id: i64,
        joined_at: DateTimeUtc,
    ) -> Result<bool, DbErr> {
        membership::Entity::add(db, [(self.id, team_id)], joined_at).await.map(|added| added > 0)
    }

    /// Ends the membership in the team, and says whether there was one. That a team keeps an owner is
    /// not known here, but in the service's teams.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_team(
        &self,
        db: &impl ConnectionTrait,
        team_id: i64,
    ) -> Result<bool, DbErr> {
        use membership::Scopes as _;
        let ended = membership::Entity::delete_many().of_user(self.id).in_team(team_id);
        Ok(ended.exec(db).await?.rows_affected > 0)
    }

    /// Makes these teams, and no others, the teams of this user. Roles and dates of those that stay
    /// are kept; a repeated id counts once; all or nothing. That a team keeps an owner is not known
    /// here, but in the service's teams.
    ///
    /// # Errors
    /// A foreign key violation (see [`DbErr::sql_err`]) when a team is not there.
    pub async fn set_teams(
        &self,
        db: &(impl ConnectionTrait + TransactionTrait),
        team_ids: &[i64],
        joined_at: DateTimeUtc,
    ) -> Result<(), DbErr> {
        use membership::Scopes as _;
        let transaction = begin_write(db).await?;
        Entity::find_by_id(self.id).locked_for_change().one(&transaction).await?;
        membership::Entity::delete_many()
            .of_user(self.id)
            .filter(membership::COLUMN.team_id.is_not_in(team_ids.to_vec()))
            .exec(&transaction)
            .await?;
        let pairs = team_ids.iter().map(|&team_id| (self.id, team_id));
        membership::Entity::add(&transaction, pairs, joined_at).await?;
        transaction.commit().await
    }
}
