//! `/api/teams`

use actix_web::{HttpResponse, web::Json};
use chrono::{DateTime, Utc};
use entity::team;
use serde::Serialize;
use service::teams::{self, Added, Detail, Member, Role, TeamName};
use utoipa::{IntoParams, ToSchema};

use crate::{
    extract::{
        Body, FromBody, FromQuery, Id, List, Me, MemberPath, Members, OptionalBody, Params, ids,
        text,
    },
    openapi::{PageParams, Problems},
    problem::Problem,
    state::AppState,
};

/// A team wherever one is mentioned.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeamCore)]
pub(crate) struct TeamCoreBody {
    id: i64,
    #[schema(min_length = 1, max_length = 100, example = "Operations")]
    name: String,
}

impl From<team::Core> for TeamCoreBody {
    fn from(team::Core { id, name }: team::Core) -> Self {
        Self { id, name }
    }
}

/// A team of a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ListedTeam)]
pub(crate) struct ListedTeamBody {
    #[serde(flatten)]
    team: TeamCoreBody,
    /// How many enabled users it has.
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
    /// The enabled users who joined it first, 100 at most.
    users: Vec<MemberBody>,
    /// How many enabled users it has.
    user_count: i64,
}

impl From<Detail> for TeamBody {
    fn from(Detail { team, members, user_count }: Detail) -> Self {
        let users = members.into_iter().map(MemberBody::from).collect();
        Self { team: team.into(), users, user_count }
    }
}

/// What a member may do in a team.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
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

/// A member of a team.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Member)]
pub(crate) struct MemberBody {
    id: i64,
    username: String,
    name: String,
    role: RoleBody,
    joined_at: DateTime<Utc>,
}

impl From<Member> for MemberBody {
    fn from(Member { user, role, joined_at }: Member) -> Self {
        let entity::user::Author { id, username, name } = user;
        Self { id, username, name, role: role.into(), joined_at }
    }
}

/// A team to make.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `NewTeam::from_body` reads")]
pub(crate) struct NewTeamBody {
    #[schema(min_length = 1, max_length = 100, example = "Operations")]
    name: String,
}

pub(crate) struct NewTeam {
    name: TeamName,
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
    name: Option<TeamName>,
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
    role: Option<Role>,
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
    user_ids: Option<Vec<i64>>,
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
    name: Option<String>,
}

impl FromQuery for TeamFilter {
    fn from_query(params: &mut Params) -> Result<Self, Problem> {
        Ok(Self { name: params.text("name")? })
    }
}

/// Teams, by id.
#[utoipa::path(get, path = "/api/teams", tag = "teams", params(TeamParams, PageParams),
    responses((status = 200, description = "A page of teams", body = Vec<ListedTeamBody>,
        headers(("Link" = String, description = "The next page, if there is one (RFC 8288)"))), Problems))]
pub(crate) async fn list(state: AppState, list: List<TeamFilter>) -> Result<HttpResponse, Problem> {
    let teams = teams::list(&state.db, list.filter.name.as_deref(), list.page).await?;
    Ok(list.respond(teams.map(ListedTeamBody::from)))
}

/// Makes a team, whose owner one is.
#[utoipa::path(post, path = "/api/teams", tag = "teams", request_body = NewTeamBody,
    responses((status = 201, description = "The new team", body = TeamBody, headers(("Location" = String, description = "Where it is"))), Problems),
    security(("session" = [])))]
pub(crate) async fn create(
    state: AppState,
    me: Me,
    Body(new): Body<NewTeam>,
) -> Result<HttpResponse, Problem> {
    let team = teams::create(&state.db, &me, new.name).await?;
    let location = ("Location", format!("/api/teams/{}", team.team.id));
    Ok(HttpResponse::Created().insert_header(location).json(TeamBody::from(team)))
}

/// A team and its members.
#[utoipa::path(get, path = "/api/teams/{id}", tag = "teams", params(("id" = i64, Path)),
    responses((status = 200, description = "The team", body = TeamBody), Problems))]
pub(crate) async fn get(state: AppState, Id(id): Id) -> Result<Json<TeamBody>, Problem> {
    Ok(Json(teams::get(&state.db, id).await?.into()))
}

/// Renames a team; for its owners, or an admin.
#[utoipa::path(method(put, patch), path = "/api/teams/{id}", tag = "teams", params(("id" = i64, Path)),
    request_body = TeamChangeBody, responses((status = 200, description = "The team as it is now", body = TeamBody), Problems),
    security(("session" = [])))]
pub(crate) async fn update(
    state: AppState,
    me: Me,
    Id(id): Id,
    Body(change): Body<TeamChange>,
) -> Result<Json<TeamBody>, Problem> {
    Ok(Json(teams::rename(&state.db, &me, id, change.name).await?.into()))
}

/// Deletes a team; for its owners, or an admin.
#[utoipa::path(delete, path = "/api/teams/{id}", tag = "teams", params(("id" = i64, Path)),
    responses((status = 204, description = "It is gone"), Problems), security(("session" = [])))]
pub(crate) async fn delete(state: AppState, me: Me, Id(id): Id) -> Result<HttpResponse, Problem> {
    teams::delete(&state.db, &me, id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Makes these users, and no others, the members; for owners, or an admin. Roles of those who stay
/// are kept, disabled members are left alone.
#[utoipa::path(method(put, patch), path = "/api/teams/{id}/members", tag = "teams",
    params(("id" = i64, Path)), request_body = MemberIdsBody,
    responses((status = 200, description = "The team as it is now", body = TeamBody), Problems), security(("session" = [])))]
pub(crate) async fn set_members(
    state: AppState,
    me: Me,
    Id(id): Id,
    Body(members): Body<MemberIds>,
) -> Result<Json<TeamBody>, Problem> {
    let team = match members.user_ids {
        Some(user_ids) => teams::set_members(&state.db, &me, id, &user_ids).await?,
        None => teams::rename(&state.db, &me, id, None).await?,
    };
    Ok(Json(team.into()))
}

/// A member of a team.
#[utoipa::path(get, path = "/api/teams/{id}/members/{user}", tag = "teams",
    params(("id" = i64, Path), ("user" = String, Path, description = "An id or a username")),
    responses((status = 200, description = "The member", body = MemberBody), Problems))]
pub(crate) async fn member(state: AppState, path: MemberPath) -> Result<Json<MemberBody>, Problem> {
    Ok(Json(teams::member(&state.db, path.team_id, &path.user).await?.into()))
}

/// Makes a user a member, and sets the role if one is given; for owners, or an admin.
#[utoipa::path(method(put, patch), path = "/api/teams/{id}/members/{user}", tag = "teams",
    params(("id" = i64, Path), ("user" = String, Path, description = "An id or a username")),
    request_body = Option<MembershipBody>,
    responses((status = 201, description = "Is a member from now on", body = MemberBody),
        (status = 200, description = "Was a member", body = MemberBody), Problems),
    security(("session" = [])))]
pub(crate) async fn put_member(
    state: AppState,
    me: Me,
    path: MemberPath,
    OptionalBody(Membership { role }): OptionalBody<Membership>,
) -> Result<HttpResponse, Problem> {
    Ok(match teams::put_member(&state.db, &me, path.team_id, &path.user, role).await? {
        Added::Now(member) => HttpResponse::Created().json(MemberBody::from(member)),
        Added::Already(member) => HttpResponse::Ok().json(MemberBody::from(member)),
    })
}

/// Ends a membership; for owners, an admin, or the member.
#[utoipa::path(delete, path = "/api/teams/{id}/members/{user}", tag = "teams",
    params(("id" = i64, Path), ("user" = String, Path, description = "An id or a username")),
    responses((status = 204, description = "It is over"), Problems), security(("session" = [])))]
pub(crate) async fn remove_member(
    state: AppState,
    me: Me,
    path: MemberPath,
) -> Result<HttpResponse, Problem> {
    teams::remove_member(&state.db, &me, path.team_id, &path.user).await?;
    Ok(HttpResponse::NoContent().finish())
}
