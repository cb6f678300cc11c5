use deserr::Deserr;
use entity::UserId;
use service::teams::TeamName;
use utoipa::{IntoParams, ToSchema};

use super::bodies::RoleBody;
use crate::{
    http::extract::{BadParameter, IdList, IdValue, SearchText, Violations, ids},
    resources::values::TeamNameText,
};

/// A team to make.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations)]
#[schema(as = NewTeam)]
pub(crate) struct NewTeamBody {
    #[schema(value_type = TeamNameText)]
    pub(super) name: TeamName,
}

/// What to change about a team; what is left out stays.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations)]
#[schema(as = TeamChange)]
pub(crate) struct TeamChangeBody {
    #[deserr(default, from(TeamName) = Some)]
    #[schema(value_type = Option<TeamNameText>, nullable = false)]
    pub(super) name: Option<TeamName>,
}

/// How a user belongs to a team.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations)]
#[schema(as = Membership)]
pub(crate) struct MembershipBody {
    /// When left out: `member` for a new member, unchanged for others.
    #[deserr(default, from(RoleBody) = Some)]
    #[schema(nullable = false)]
    pub(super) role: Option<RoleBody>,
}

/// Who the members of a team are to be.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations)]
#[schema(as = MemberIds)]
pub(crate) struct MemberIdsBody {
    /// A repeated id counts once.
    #[deserr(try_from(Vec<IdValue<UserId>>) = ids -> String)]
    #[schema(value_type = IdList)]
    pub(super) user_ids: Vec<UserId>,
}

/// Which teams to list.
#[derive(Clone, Deserr, IntoParams)]
#[deserr(error = BadParameter, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TeamQuery {
    /// A pattern for the name, in any case: `%` matches any text, `_` any character, `\` escapes.
    #[deserr(default, from(SearchText) = Some)]
    #[param(inline, example = "%ops%")]
    pub(super) name: Option<SearchText>,
}
