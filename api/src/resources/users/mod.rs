//! `/api/users`

mod bodies;
mod requests;

use api_macros::operation;
pub(crate) use bodies::UserSummaryBody;
use bodies::{ListedUserBody, UserBody, UserDetailBody};
use requests::{IncludeQuery, NewUserBody, UserChangeBody, UserQuery};
use service::users;

use crate::http::{
    extract::{Address, Body, List, Me, Query, UserPath, Viewer},
    problem::Problem,
    reply::{Created, NoContent, PageOf, Reply},
    state::AppState,
};

/// Lists users with their newest notes and teams, by id.
///
/// A page has fewer users than asked for where their notes are more than 4 MiB; the next one goes on.
#[operation(403)]
pub(crate) async fn list(
    state: AppState,
    viewer: Viewer,
    list: List<UserQuery>,
) -> Result<Reply<PageOf<ListedUserBody>>, Problem> {
    let users = users::list(&state.db, &viewer, &list.filter.clone().into(), list.page).await?;
    Ok(Reply::page(&list, users.map(ListedUserBody::from)))
}

/// Signs a user up. While registration is closed, for admins.
#[operation(403, 409, 429)]
pub(crate) async fn create(
    state: AppState,
    viewer: Viewer,
    Address(address): Address,
    Body(new): Body<NewUserBody>,
) -> Result<Reply<Created<UserBody>>, Problem> {
    let user = users::sign_up(&state.db, &state.auth, &viewer, address, new.into()).await?;
    let location = format!("/api/users/{}", user.id);
    Ok(Reply::created(location, user.into()))
}

/// Shows a user with notes and marked notes. A disabled user exists for admins only.
#[operation]
pub(crate) async fn get(
    state: AppState,
    viewer: Viewer,
    UserPath(key): UserPath,
    Query(include): Query<IncludeQuery>,
) -> Result<Reply<UserDetailBody>, Problem> {
    Ok(Reply::ok(users::get(&state.db, &viewer, &key, include.into()).await?.into()))
}

/// Changes a user. For the user and admins.
#[operation(403, 409, 429)]
pub(crate) async fn update(
    state: AppState,
    me: Me,
    UserPath(key): UserPath,
    Body(change): Body<UserChangeBody>,
) -> Result<Reply<UserBody>, Problem> {
    let (viewer, change) = (me.viewer(), change.into());
    let (passwords, throttle) = (&state.auth.passwords, &state.auth.throttle);
    let user = users::update(&state.db, passwords, throttle, &viewer, &key, change).await?;
    Ok(Reply::ok(user.into()))
}

/// Deletes a user with everything that belongs to the user. For the user and admins.
#[operation(403, 409)]
pub(crate) async fn delete(
    state: AppState,
    me: Me,
    UserPath(key): UserPath,
) -> Result<Reply<NoContent>, Problem> {
    users::delete(&state.db, &me.viewer(), &key).await?;
    Ok(Reply::no_content())
}
