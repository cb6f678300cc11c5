use sea_orm::{
    ActiveEnum, ColumnTrait, Condition, EntityTrait,
    sea_query::{Expr, ExprTrait, JoinType, Query},
};

use crate::{
    UserId,
    membership::{self, Scopes as _},
    note::{self, Visibility},
    share,
};

/// For whom notes are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewer {
    /// Somebody who is not signed in: sees public notes.
    Anonymous,
    /// An enabled user: sees public notes, their own, and those that are shared with one of their teams.
    User(UserId),
    /// The operator, for exports and checks: sees all notes.
    Everything,
}

impl Viewer {
    /// The condition that the viewer sees a note, for queries in which the table of notes has this name.
    pub(crate) fn sees(self, notes: &'static str) -> Condition {
        let is = |visibility: Visibility| {
            let column = Expr::col((notes, note::Column::Visibility));
            column.eq(visibility.literal())
        };
        match self {
            Self::Everything => Condition::all(),
            Self::Anonymous => Condition::all().add(is(Visibility::Public)),
            Self::User(id) => Condition::any()
                .add(is(Visibility::Public))
                .add(Expr::col((notes, note::Column::UserId)).eq(id))
                .add(is(Visibility::Team).and(is_shared_with(id, notes))),
        }
    }

    /// The condition that the viewer knows of a share, in queries of shares that are joined with notes: the author
    /// does, and the members of the team.
    pub(crate) fn knows_share(self) -> Condition {
        let is_known = match self {
            Self::Everything => Condition::all(),
            Self::Anonymous => Condition::any(),
            Self::User(id) => {
                Condition::any().add(note::Column::UserId.eq(id)).add(is_in_team_of(id))
            }
        };
        let visibility = Expr::col((note::Entity, note::Column::Visibility));
        Condition::all().add(visibility.eq(Visibility::Team.literal())).add(is_known)
    }
}

/// Whether the note is shared with a team of the user.
fn is_shared_with(user_id: UserId, notes: &'static str) -> Expr {
    let team_of_share = (share::Entity, share::Column::TeamId);
    let is_in_team =
        Expr::col((membership::Entity, membership::Column::TeamId)).equals(team_of_share);
    let is_of_note =
        Expr::col((share::Entity, share::Column::NoteId)).equals((notes, note::Column::Id));
    let shares = Query::select()
        .expr(Expr::cust("COUNT(*)"))
        .from(share::Entity)
        .join(JoinType::InnerJoin, membership::Entity, is_in_team)
        .and_where(is_of_note)
        .and_where(membership::Column::UserId.eq(user_id))
        // An aggregate keeps PostgreSQL from first reading all notes that are shared with the user's teams. LIMIT 1 OFFSET 0
        // does so too, but has each list planned anew, as these are parameters.
        .and_having(Expr::cust("COUNT(*) > 0"))
        .take();
    Expr::exists(shares)
}

/// Whether the team of the share is one of the user's.
fn is_in_team_of(user_id: UserId) -> Expr {
    let own = membership::team_ids(membership::Entity::find().of_user(user_id));
    share::Column::TeamId.in_subquery(own)
}

impl Visibility {
    /// The value as a part of a statement's text: a parameter would keep databases from using partial indexes.
    pub(crate) fn literal(self) -> Expr {
        Expr::Constant(self.to_value().into())
    }
}
