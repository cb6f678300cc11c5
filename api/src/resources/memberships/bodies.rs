use chrono::{DateTime, Utc};
use deserr::Deserr;
use entity::{
    TeamId, UserId,
    membership::{Member, Role, TeamMembership},
    user::UserSummary,
};
use serde::Serialize;
use service::memberships::Added;
use utoipa::ToSchema;

use crate::{
    http::extract::{IdList, Violations, id_list},
    resources::{teams::TeamCoreBody, values::IdSchema},
};

/// What a member may do in a team.
#[derive(Clone, Copy, Debug, Deserr, Serialize, ToSchema)]
#[deserr(error = Violations, rename_all = lowercase)]
#[schema(as = Role, example = "member")]
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
    /// What the user logs in with, in lower case.
    #[schema(example = "alice")]
    username: String,
    /// The name to show.
    #[schema(example = "Alice Walker")]
    name: String,
    role: RoleBody,
    /// When the user became a member.
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

/// A team of a user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeamMembership)]
pub(crate) struct TeamMembershipBody {
    #[serde(flatten)]
    team: TeamCoreBody,
    role: RoleBody,
    /// When the user became a member.
    joined_at: DateTime<Utc>,
}

impl From<TeamMembership> for TeamMembershipBody {
    fn from(membership: TeamMembership) -> Self {
        let TeamMembership { id: _, user_id: _, team, role, joined_at } = membership;
        Self { team: team.into(), role: role.into(), joined_at }
    }
}

impl From<Added> for TeamMembershipBody {
    fn from(added: Added) -> Self {
        let Added { team, user: _, membership, is_new: _ } = added;
        let (role, joined_at) = (membership.role.into(), membership.joined_at);
        Self { team: team.into(), role, joined_at }
    }
}

/// A membership to create or change.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations)]
#[schema(as = Membership)]
pub(crate) struct MembershipBody {
    /// If omitted: `member` for a new member, unchanged for an existing one.
    #[deserr(default, from(RoleBody) = Some)]
    #[schema(nullable = false)]
    pub(super) role: Option<RoleBody>,
}

/// The new members of a team.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations)]
#[schema(as = MembersChange)]
pub(crate) struct UserIdsBody {
    /// A repeated id counts once.
    #[deserr(try_from(Vec<UserId>) = id_list -> String)]
    #[schema(value_type = IdList)]
    pub(super) user_ids: Vec<UserId>,
}

/// The new teams of a user or a note.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations)]
#[schema(as = TeamsChange)]
pub(crate) struct TeamIdsBody {
    /// A repeated id counts once.
    #[deserr(try_from(Vec<TeamId>) = id_list -> String)]
    #[schema(value_type = IdList)]
    pub(crate) team_ids: Vec<TeamId>,
}
