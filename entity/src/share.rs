//! Shares: the teams that a note of visibility `team` is shared with. The many-to-many between notes and teams.

use sea_orm::{
    ActiveValue::{NotSet, Set},
    DeleteMany, QueryOrder, QuerySelect, QueryTrait, Select,
    entity::prelude::*,
    sea_query::{
        ExprTrait, Func, JoinType, OnConflict, Order, Query, SelectStatement, WindowStatement,
    },
};

use crate::{IdList, NoteId, ShareId, TeamId, Viewer, team};

/// A row of `note_teams`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "note_teams")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: ShareId,
    #[sea_orm(unique_key = "note_and_team")]
    pub note_id: NoteId,
    #[sea_orm(unique_key = "note_and_team")]
    pub team_id: TeamId,
    #[sea_orm(belongs_to, from = "note_id", to = "id", on_delete = "Cascade")]
    pub note: BelongsTo<super::note::Entity>,
    #[sea_orm(belongs_to, from = "team_id", to = "id", on_delete = "Cascade")]
    pub team: BelongsTo<super::team::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What the subquery that ranks the teams of each note is called, and its columns.
const RANKED: &str = "ranked";
const RANK: &str = "rank";
const TEAMS: &str = "teams";

/// A team that a note is shared with, and how many those are. For [`Entity::first_teams_of_each`].
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct TeamOfNote {
    pub note_id: NoteId,
    #[sea_orm(nested)]
    pub team: team::Model,
    #[sea_orm(from_expr = "Expr::col((RANKED, TEAMS))")]
    pub team_count: i64,
}

/// Named conditions on shares, which chain and combine with AND.
pub(crate) trait Scopes: QueryFilter + Sized {
    /// Shares of this note.
    fn of_note(self, note_id: NoteId) -> Self {
        self.filter(Column::NoteId.eq(note_id))
    }

    /// Shares of these notes.
    fn of_notes(self, notes: &IdList) -> Self {
        self.filter(notes.contains((Entity, Column::NoteId)))
    }

    /// Shares with these teams.
    fn with_teams(self, teams: &IdList) -> Self {
        self.filter(teams.contains((Entity, Column::TeamId)))
    }

    /// Shares with teams other than these.
    fn not_with_teams(self, teams: &IdList) -> Self {
        self.filter(teams.contains((Entity, Column::TeamId)).not())
    }
}

impl Scopes for Select<Entity> {}
impl Scopes for DeleteMany<Entity> {}

/// Selects the notes of these shares.
pub(crate) fn note_ids(shares: Select<Entity>) -> SelectStatement {
    shares.select_only().column(Column::NoteId).into_query()
}

/// Selects the teams of these shares.
pub(crate) fn team_ids(shares: Select<Entity>) -> SelectStatement {
    shares.select_only().column(Column::TeamId).into_query()
}

impl Entity {
    /// Shares that the viewer knows of, joined with the notes.
    pub(crate) fn find_known_to(viewer: Viewer) -> Select<Self> {
        let shares = Self::find().join(JoinType::InnerJoin, Relation::Note.def());
        shares.filter(viewer.knows_share())
    }

    /// The first `limit` teams that each of these notes is shared with, by id, as far as the viewer knows (see
    /// [`crate::note::Core::teams`]). For [`TeamOfNote`].
    pub fn first_teams_of_each(viewer: Viewer, notes: &IdList, limit: u64) -> Select<Self> {
        let of_note = WindowStatement::partition_by((Self, Column::NoteId));
        let by_team = of_note.clone().order_by((Self, Column::TeamId), Order::Asc).take();
        let ranked = Self::find_known_to(viewer)
            .of_notes(notes)
            .select_only()
            .column(Column::Id)
            .into_query()
            .expr_window_as(Func::cust("ROW_NUMBER"), by_team, RANK)
            .expr_window_as(Func::count(Expr::cust("*")), of_note, TEAMS)
            .take();
        let is_ranked = Expr::col((RANKED, "id")).equals((Self, Column::Id));
        let mut first = Self::find().join(JoinType::InnerJoin, Relation::Team.def());
        QueryTrait::query(&mut first).join_subquery(JoinType::InnerJoin, ranked, RANKED, is_ranked);
        first
            .filter(Expr::col((RANKED, RANK)).lte(limit.cast_signed()))
            .order_by_asc(Column::NoteId)
            .order_by_asc(Column::TeamId)
    }

    /// Shares the note with the teams, except those that it is shared with already; returns those that are new.
    pub(crate) async fn add_teams(
        db: &impl ConnectionTrait,
        note_id: NoteId,
        teams: &IdList,
    ) -> Result<Vec<TeamId>, DbErr> {
        let mut rows = teams.rows();
        rows.expr(Expr::val(i64::from(note_id)));
        let insert = Query::insert()
            .into_table(Self)
            .columns([Column::TeamId, Column::NoteId])
            .select_from(rows)
            .map_err(|error| DbErr::Custom(error.to_string()))?
            .on_conflict(
                OnConflict::columns([Column::NoteId, Column::TeamId]).do_nothing().to_owned(),
            )
            .returning_col(Column::TeamId)
            .take();
        let new = db.query_all(&insert).await?;
        new.iter().map(|row| row.try_get_by_index(0)).collect()
    }
}

impl ActiveModel {
    /// A new share.
    pub fn new(note_id: NoteId, team_id: TeamId) -> Self {
        Self { id: NotSet, note_id: Set(note_id), team_id: Set(team_id) }
    }
}
