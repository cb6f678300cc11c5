use deserr::Deserr;
use service::teams::TeamName;
use utoipa::{IntoParams, ToSchema};

use crate::{
    http::extract::{BadParameter, Includable, SearchText, Violations},
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

/// What can be included with a team.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum TeamInclude {
    Users,
}

impl Includable for TeamInclude {
    const ALL: &[(&str, Self, &[&str])] = &[("users", Self::Users, &["users"])];
    const DEFAULT: &[Self] = &[Self::Users];
}

/// What can be included with each team of a list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListedTeamInclude {
    Users,
}

impl Includable for ListedTeamInclude {
    const ALL: &[(&str, Self, &[&str])] = &[("users", Self::Users, &["users"])];
    const DEFAULT: &[Self] = &[];
}
