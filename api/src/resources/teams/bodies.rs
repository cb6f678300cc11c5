use entity::{TeamId, team};
use serde::Serialize;
use service::teams::{Listed, WithMembers};
use utoipa::ToSchema;

use crate::{
    http::{bounded::Bounded, etag::Versioned},
    resources::{
        memberships::MemberBody,
        values::{IdSchema, VersionSchema},
    },
};

/// A team, wherever one is mentioned.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeamCore)]
pub(crate) struct TeamCoreBody {
    #[schema(value_type = IdSchema)]
    id: TeamId,
    /// Its name, which no other team has.
    #[schema(example = "Operations")]
    name: String,
    #[schema(value_type = VersionSchema)]
    version: i64,
}

impl From<team::Model> for TeamCoreBody {
    fn from(team::Model { id, name, version, name_folded: _ }: team::Model) -> Self {
        Self { id, name, version }
    }
}

/// A team in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ListedTeam)]
pub(crate) struct ListedTeamBody {
    #[serde(flatten)]
    team: TeamCoreBody,
    /// The number of its enabled users.
    #[schema(minimum = 0)]
    user_count: i64,
}

impl From<Listed> for ListedTeamBody {
    fn from(Listed { team, user_count }: Listed) -> Self {
        Self { team: team.into(), user_count }
    }
}

/// A team and its members.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Team)]
pub(crate) struct TeamBody {
    #[serde(flatten)]
    team: TeamCoreBody,
    /// The enabled users who joined first, at most 100.
    #[schema(value_type = Vec<MemberBody>)]
    users: Bounded<MemberBody>,
    /// The number of its enabled users.
    #[schema(minimum = 0)]
    user_count: i64,
}

impl Versioned for TeamBody {
    fn version(&self) -> i64 {
        self.team.version
    }
}

impl From<WithMembers> for TeamBody {
    fn from(WithMembers { team, members }: WithMembers) -> Self {
        let users = members.items.into_iter().map(MemberBody::from).collect();
        Self { team: team.into(), users, user_count: members.total }
    }
}
