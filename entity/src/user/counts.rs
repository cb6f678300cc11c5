//! Users together with the numbers of their notes.

use sea_orm::{
    DerivePartialModel, FromQueryResult, PartialModelTrait, QueryResult, QuerySelect, QueryTrait,
    Select, SelectModel, Selector,
    entity::prelude::*,
    sea_query::{ExprTrait, Func, JoinType},
};

use super::{Entity, Model, Relation, UserKey};
use crate::{
    Viewer,
    note::{self, Scopes as _, Visibility},
    note_count,
};

/// A user and the number of the user's public notes. For [`Entity::join_note_count`].
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct WithNoteCount {
    #[sea_orm(nested)]
    pub user: Model,
    #[sea_orm(from_expr = "note_count()")]
    pub note_count: i64,
}

/// The same, and how many of all the user's notes a viewer sees, if that is asked. For [`Entity::find_with_note_counts`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithNoteCounts {
    pub counted: WithNoteCount,
    pub visible_note_count: Option<i64>,
}

const VISIBLE: &str = "visible_note_count";

impl FromQueryResult for WithNoteCounts {
    fn from_query_result(result: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let counted = WithNoteCount::from_query_result(result, prefix)?;
        Ok(Self { counted, visible_note_count: result.try_get("", VISIBLE)? })
    }
}

impl Entity {
    /// Users joined with the number of their public notes. For [`WithNoteCount`].
    pub fn join_note_count(users: Select<Self>) -> Select<Self> {
        users.join(JoinType::LeftJoin, Relation::NoteCount.def())
    }

    /// The user with this id or username, and if there is a viewer, how many of the user's notes the viewer sees.
    pub fn find_with_note_counts(
        key: &UserKey,
        viewer: Option<Viewer>,
    ) -> Selector<SelectModel<WithNoteCounts>> {
        let user = Self::join_note_count(Self::find_by_key(key)).select_only();
        let visible = match viewer {
            Some(viewer) => visible_note_count(key, viewer),
            None => Expr::cust("CAST(NULL AS bigint)"),
        };
        WithNoteCount::select_cols(user).column_as(visible, VISIBLE).into_model()
    }
}

/// The kept count, in a query that is joined with it.
fn note_count() -> Expr {
    Func::coalesce([Expr::col((note_count::Entity, note_count::Column::Notes)), Expr::val(0)])
        .into()
}

/// The kept count, plus a count of the notes that are not public, which have an index of their own. They are found by the
/// key, since databases that distribute tables don't run a subquery for each user.
fn visible_note_count(key: &UserKey, viewer: Viewer) -> Expr {
    if viewer == Viewer::Anonymous {
        return note_count();
    }
    let is_hidden =
        Expr::col((note::Entity, note::Column::Visibility)).ne(Visibility::Public.literal());
    let others = note::visible_to(viewer).by(key).filter(is_hidden).select_only();
    let count = others.column_as(Expr::cust("COUNT(*)"), "others").into_query();
    note_count().add(Expr::SubQuery(None, Box::new(count.into())))
}
