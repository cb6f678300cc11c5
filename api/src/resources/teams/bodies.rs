use entity::{TeamId, team};
use serde::Serialize;
use service::teams::WithUsers;
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

/// A team, and its members if they are included.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Team)]
pub(crate) struct TeamBody {
    #[serde(flatten)]
    team: TeamCoreBody,
    /// If included: the enabled users who joined first, at most 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<MemberBody>>, nullable = false)]
    users: Option<Bounded<MemberBody>>,
    /// The number of its enabled users.
    #[schema(minimum = 0)]
    user_count: i64,
}

impl Versioned for TeamBody {
    fn version(&self) -> i64 {
        self.team.version
    }
}

impl From<WithUsers> for TeamBody {
    fn from(WithUsers { team, users, user_count }: WithUsers) -> Self {
        let users = users.map(|users| users.into_iter().map(MemberBody::from).collect());
        Self { team: team.into(), users, user_count }
    }
}
