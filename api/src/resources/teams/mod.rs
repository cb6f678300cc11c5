//! `/api/teams`

mod answers;
mod requests;

pub(crate) use answers::TeamCoreBody;

use actix_web::{HttpResponse, web::Json};
use answers::{ListedTeamBody, MemberBody, TeamBody};
use requests::{
    MemberIds, MemberIdsBody, Membership, MembershipBody, NewTeam, NewTeamBody, TeamChange,
    TeamChangeBody, TeamFilter, TeamParams,
};
use service::teams::{self, Added};

use crate::{
    http::extract::{Body, Id, List, Me, MemberPath, OptionalBody},
    http::openapi::{BodyProblems, Conflict, Forbidden, Missing, PageParams, Problems},
    http::problem::Problem,
    http::state::AppState,
};

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
    responses((status = 201, description = "The new team", body = TeamBody, headers(("Location" = String, description = "Where it is"))), Problems, BodyProblems, Conflict),
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
#[utoipa::path(get, path = "/api/teams/{id}", tag = "teams", params(("id" = i64, Path, minimum = 1)),
    responses((status = 200, description = "The team", body = TeamBody), Problems, Missing))]
pub(crate) async fn get(state: AppState, Id(id): Id) -> Result<Json<TeamBody>, Problem> {
    Ok(Json(teams::get(&state.db, id).await?.into()))
}

/// Renames a team; for its owners, or an admin.
#[utoipa::path(method(put, patch), path = "/api/teams/{id}", tag = "teams", params(("id" = i64, Path, minimum = 1)),
    request_body = TeamChangeBody, responses((status = 200, description = "The team as it is now", body = TeamBody), Problems, Forbidden, Missing, BodyProblems, Conflict),
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
#[utoipa::path(delete, path = "/api/teams/{id}", tag = "teams", params(("id" = i64, Path, minimum = 1)),
    responses((status = 204, description = "It is gone"), Problems, Forbidden, Missing), security(("session" = [])))]
pub(crate) async fn delete(state: AppState, me: Me, Id(id): Id) -> Result<HttpResponse, Problem> {
    teams::delete(&state.db, &me, id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Makes these users, and no others, the members; for owners, or an admin. Roles of those who stay
/// are kept, disabled members are left alone.
#[utoipa::path(method(put, patch), path = "/api/teams/{id}/members", tag = "teams",
    params(("id" = i64, Path, minimum = 1)), request_body = MemberIdsBody,
    responses((status = 200, description = "The team as it is now", body = TeamBody), Problems, Forbidden, Missing, BodyProblems, Conflict), security(("session" = [])))]
pub(crate) async fn set_members(
    state: AppState,
    me: Me,
    Id(id): Id,
    Body(members): Body<MemberIds>,
) -> Result<Json<TeamBody>, Problem> {
    let user_ids = members.user_ids.as_deref();
    Ok(Json(teams::set_members(&state.db, &me, id, user_ids).await?.into()))
}

/// A member of a team.
#[utoipa::path(get, path = "/api/teams/{id}/members/{user}", tag = "teams",
    params(("id" = i64, Path, minimum = 1), ("user" = String, Path, description = "An id or a username")),
    responses((status = 200, description = "The member", body = MemberBody), Problems, Missing))]
pub(crate) async fn member(state: AppState, path: MemberPath) -> Result<Json<MemberBody>, Problem> {
    Ok(Json(teams::member(&state.db, path.team_id, &path.user).await?.into()))
}

/// Makes a user a member, and sets the role if one is given; for owners, or an admin.
#[utoipa::path(method(put, patch), path = "/api/teams/{id}/members/{user}", tag = "teams",
    params(("id" = i64, Path, minimum = 1), ("user" = String, Path, description = "An id or a username")),
    request_body(content = MembershipBody, description = "May be left out"),
    responses((status = 201, description = "Is a member from now on", body = MemberBody),
        (status = 200, description = "Was a member", body = MemberBody), Problems, Forbidden, Missing, BodyProblems, Conflict),
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
    params(("id" = i64, Path, minimum = 1), ("user" = String, Path, description = "An id or a username")),
    responses((status = 204, description = "It is over"), Problems, Forbidden, Missing, Conflict), security(("session" = [])))]
pub(crate) async fn remove_member(
    state: AppState,
    me: Me,
    path: MemberPath,
) -> Result<HttpResponse, Problem> {
    teams::remove_member(&state.db, &me, path.team_id, &path.user).await?;
    Ok(HttpResponse::NoContent().finish())
}
