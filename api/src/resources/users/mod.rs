//! `/api/users`

mod answers;
mod requests;

pub(crate) use answers::AuthorBody;

use actix_web::{HttpResponse, web::Json};
use answers::{ListedUserBody, UserBody, UserDetailBody};
use requests::{IncludeParams, NewUserBody, UserChangeBody, UserParams};
use service::users::{self, Change, Filter, Include, NewUser};

use crate::{
    http::extract::{Address, Body, List, Me, Query, UserPath, Viewer},
    http::openapi::{BodyProblems, Conflict, Forbidden, Missing, PageParams, Problems, Throttled},
    http::problem::Problem,
    http::state::AppState,
};

/// Users, by id. A page has fewer than asked for where their notes are more than 4 MiB; the next goes on.
#[utoipa::path(get, path = "/api/users", tag = "users", params(UserParams, PageParams),
    responses((status = 200, description = "A page of users", body = Vec<ListedUserBody>,
        headers(("Link" = String, description = "The next page, if there is one (RFC 8288)"))), Problems, Forbidden),
    security((), ("session" = [])))]
pub(crate) async fn list(
    state: AppState,
    viewer: Viewer,
    list: List<Filter>,
) -> Result<HttpResponse, Problem> {
    let users = users::list(&state.db, &viewer, &list.filter, list.page).await?;
    Ok(list.respond(users.map(ListedUserBody::from)))
}

/// Signs up; while registration is closed, for admins.
#[utoipa::path(post, path = "/api/users", tag = "users", request_body = NewUserBody,
    responses((status = 201, description = "The new user", body = UserBody, headers(("Location" = String, description = "Where it is"))), Problems, Forbidden, BodyProblems, Conflict, Throttled),
    security((), ("session" = [])))]
pub(crate) async fn create(
    state: AppState,
    viewer: Viewer,
    Address(address): Address,
    Body(new): Body<NewUser>,
) -> Result<HttpResponse, Problem> {
    let user = users::sign_up(&state.db, &state.auth, &viewer, address, new).await?;
    let location = ("Location", format!("/api/users/{}", user.id));
    Ok(HttpResponse::Created().insert_header(location).json(UserBody::from(user)))
}

/// A user, with notes and marked notes. A disabled one is there for admins only.
#[utoipa::path(get, path = "/api/users/{user}", tag = "users",
    params(("user" = String, Path, description = "An id or a username"), IncludeParams),
    responses((status = 200, description = "The user", body = UserDetailBody), Problems, Missing), security((), ("session" = [])))]
pub(crate) async fn get(
    state: AppState,
    viewer: Viewer,
    UserPath(key): UserPath,
    Query(include): Query<Include>,
) -> Result<Json<UserDetailBody>, Problem> {
    Ok(Json(users::get(&state.db, &viewer, &key, include).await?.into()))
}

/// Changes a user; for the user and admins.
#[utoipa::path(method(put, patch), path = "/api/users/{user}", tag = "users",
    params(("user" = String, Path, description = "An id or a username")),
    request_body = UserChangeBody, responses((status = 200, description = "The user as it is now", body = UserBody), Problems, Forbidden, Missing, BodyProblems, Conflict, Throttled),
    security(("session" = [])))]
pub(crate) async fn update(
    state: AppState,
    me: Me,
    UserPath(key): UserPath,
    Body(change): Body<Change>,
) -> Result<Json<UserBody>, Problem> {
    let viewer = me.viewer();
    let (passwords, throttle) = (&state.auth.passwords, &state.auth.throttle);
    let user = users::update(&state.db, passwords, throttle, &viewer, &key, change).await?;
    Ok(Json(user.into()))
}

/// Deletes a user and all that is the user's; for the user and admins.
#[utoipa::path(delete, path = "/api/users/{user}", tag = "users",
    params(("user" = String, Path, description = "An id or a username")),
    responses((status = 204, description = "It is gone"), Problems, Forbidden, Missing, Conflict), security(("session" = [])))]
pub(crate) async fn delete(
    state: AppState,
    me: Me,
    UserPath(key): UserPath,
) -> Result<HttpResponse, Problem> {
    users::delete(&state.db, &me.viewer(), &key).await?;
    Ok(HttpResponse::NoContent().finish())
}
