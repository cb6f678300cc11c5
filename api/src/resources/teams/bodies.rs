use chrono::{DateTime, Utc};
use deserr::Deserr;
use entity::{
    TeamId, UserId,
    membership::{Member, Role},
    team,
    user::UserSummary,
};
use serde::Serialize;
use service::{memberships::Added, teams::WithMembers};
use utoipa::ToSchema;

use crate::{
    http::extract::Violations,
    resources::values::{IdSchema, TeamNameText},
};

/// A team where one is mentioned.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeamCore)]
pub(crate) struct TeamCoreBody {
    #[schema(value_type = IdSchema)]
    id: TeamId,
    #[schema(value_type = TeamNameText)]
    name: String,
}

impl From<team::Model> for TeamCoreBody {
    fn from(team::Model { id, name, name_folded: _ }: team::Model) -> Self {
        Self { id, name }
    }
}

/// A team in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ListedTeam)]
pub(crate) struct ListedTeamBody {
    #[serde(flatten)]
    team: TeamCoreBody,
    /// The number of its enabled users.
    user_count: i64,
}

impl From<team::WithUserCount> for ListedTeamBody {
    fn from(team::WithUserCount { team, user_count }: team::WithUserCount) -> Self {
        Self { team: team.into(), user_count }
    }
}

/// A team and its members.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Team)]
pub(crate) struct TeamBody {
    #[serde(flatten)]
    team: TeamCoreBody,
    /// The enabled users who joined first, 100 at most.
    users: Vec<MemberBody>,
    /// The number of its enabled users.
    user_count: i64,
}

impl From<WithMembers> for TeamBody {
    fn from(WithMembers { team, members }: WithMembers) -> Self {
        let users = members.items.into_iter().map(MemberBody::from).collect();
        Self { team: team.into(), users, user_count: members.total }
    }
}

/// What a member may do in a team.
#[derive(Clone, Copy, Debug, Deserr, Serialize, ToSchema)]
#[deserr(error = Violations, rename_all = lowercase)]
#[schema(as = Role)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RoleBody {
    /// May rename and delete the team and choose its members.
    Owner,
    /// Belongs to the team.
    Member,
}

impl From<Role> for RoleBody {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Member => Self::Member,
        }
    }
}

impl From<RoleBody> for Role {
    fn from(role: RoleBody) -> Self {
        match role {
            RoleBody::Owner => Self::Owner,
            RoleBody::Member => Self::Member,
        }
    }
}

/// A member of a team.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Member)]
pub(crate) struct MemberBody {
    #[schema(value_type = IdSchema)]
    id: UserId,
    username: String,
    name: String,
    role: RoleBody,
    joined_at: DateTime<Utc>,
}

impl From<Member> for MemberBody {
    fn from(Member { id: _, user, role, joined_at }: Member) -> Self {
        let UserSummary { id, username, name } = user;
        Self { id, username, name, role: role.into(), joined_at }
    }
}

impl From<Added> for MemberBody {
    fn from(added: Added) -> Self {
        let Added { team: _, user, membership, is_new: _ } = added;
        let UserSummary { id, username, name } = user.summary();
        let (role, joined_at) = (membership.role.into(), membership.joined_at);
        Self { id, username, name, role, joined_at }
    }
}
