use service::teams::{Role, TeamName};
use utoipa::{IntoParams, ToSchema};

use super::answers::RoleBody;
use crate::{
    http::extract::{FromBody, FromQuery, Members, Params, ids, text},
    http::problem::Problem,
};

/// A team to make.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `NewTeam::from_body` reads")]
pub(crate) struct NewTeamBody {
    #[schema(min_length = 1, max_length = 100, example = "Operations")]
    name: String,
}

pub(crate) struct NewTeam {
    pub(super) name: TeamName,
}

impl FromBody for NewTeam {
    fn from_body(body: &mut Members) -> Option<Self> {
        Some(Self { name: body.required("name", text(TeamName::parse))? })
    }
}

/// What to change of a team.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `TeamChange::from_body` reads")]
pub(crate) struct TeamChangeBody {
    #[schema(min_length = 1, max_length = 100, nullable = false)]
    name: Option<String>,
}

pub(crate) struct TeamChange {
    pub(super) name: Option<TeamName>,
}

impl FromBody for TeamChange {
    fn from_body(body: &mut Members) -> Option<Self> {
        Some(Self { name: body.optional("name", text(TeamName::parse))? })
    }
}

/// How a user belongs to a team.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `Membership::from_body` reads")]
pub(crate) struct MembershipBody {
    /// `member` for a new member, when left out.
    #[schema(nullable = false)]
    role: Option<RoleBody>,
}

pub(crate) struct Membership {
    pub(super) role: Option<Role>,
}

impl FromBody for Membership {
    fn from_body(body: &mut Members) -> Option<Self> {
        let role = |text: String| match text.as_str() {
            "owner" => Ok(Role::Owner),
            "member" => Ok(Role::Member),
            _ => Err("must be owner or member".into()),
        };
        Some(Self { role: body.optional("role", text(role))? })
    }
}

/// Who the members of a team are to be.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `MemberIds::from_body` reads")]
pub(crate) struct MemberIdsBody {
    /// A repeated id counts once.
    #[schema(nullable = false, max_items = 10_000)]
    user_ids: Option<Vec<i64>>,
}

pub(crate) struct MemberIds {
    pub(super) user_ids: Option<Vec<i64>>,
}

impl FromBody for MemberIds {
    fn from_body(body: &mut Members) -> Option<Self> {
        Some(Self { user_ids: body.optional("user_ids", ids)? })
    }
}

/// Which teams to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `TeamFilter::from_query` reads")]
pub(crate) struct TeamParams {
    /// A pattern for the name, without case: `%` is any text, `_` any character, `\` takes the next
    /// one as it is.
    #[param(max_length = 1000, example = "%ops%")]
    name: Option<String>,
}

pub(crate) struct TeamFilter {
    pub(super) name: Option<String>,
}

impl FromQuery for TeamFilter {
    fn from_query(params: &mut Params) -> Result<Self, Problem> {
        Ok(Self { name: params.text("name")? })
    }
}
