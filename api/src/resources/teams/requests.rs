use deserr::Deserr;
use service::teams::TeamName;
use utoipa::{IntoParams, ToSchema};

use crate::{
    http::extract::{BadParameter, SearchText, Violations},
    resources::values::TeamNameText,
};

/// A team to create.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations)]
#[schema(as = NewTeam)]
pub(crate) struct NewTeamBody {
    #[schema(value_type = TeamNameText)]
    pub(super) name: TeamName,
}

/// Changes to a team; members that are omitted stay as they are.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations)]
#[schema(as = TeamChange)]
pub(crate) struct TeamChangeBody {
    #[deserr(default, from(TeamName) = Some)]
    #[schema(value_type = Option<TeamNameText>, nullable = false)]
    pub(super) name: Option<TeamName>,
}

/// Which teams to list.
#[derive(Clone, Deserr, IntoParams)]
#[deserr(error = BadParameter, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TeamQuery {
    /// A pattern for the name, ignoring case: `%` matches any text, `_` any character, `\` escapes.
    #[deserr(default, from(SearchText) = Some)]
    #[param(inline, example = "%ops%")]
    pub(super) name: Option<SearchText>,
}
