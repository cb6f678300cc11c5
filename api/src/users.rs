//! `/api/users`

use actix_web::{HttpResponse, web::Json};
use chrono::{DateTime, Utc};
use entity::user;
use serde::Serialize;
use service::users::{
    self, Change, Detail, DisabledFilter, Filter, Include, Listed, Name, NewUser, Password,
    Username,
};
use utoipa::{IntoParams, ToSchema};

use crate::{
    extract::{
        Address, Body, FromBody, FromQuery, List, Me, Members, Params, Query, UserPath, Viewer,
        boolean, text,
    },
    notes::NoteCoreBody,
    openapi::{PageParams, Problems},
    problem::Problem,
    reading_list::MarkedNoteBody,
    state::AppState,
    teams::TeamCoreBody,
};

/// A user wherever one is mentioned.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Author)]
pub(crate) struct AuthorBody {
    id: i64,
    #[schema(example = "alice")]
    username: String,
    #[schema(example = "Alice Walker")]
    name: String,
}

impl From<user::Author> for AuthorBody {
    fn from(user::Author { id, username, name }: user::Author) -> Self {
        Self { id, username, name }
    }
}

/// A user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserBody {
    id: i64,
    #[schema(example = "alice")]
    username: String,
    #[schema(example = "Alice Walker")]
    name: String,
    admin: bool,
    disabled: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<user::Account> for UserBody {
    fn from(user: user::Account) -> Self {
        let user::Account { id, username, name, admin, disabled, created_at, updated_at } = user;
        Self { id, username, name, admin, disabled, created_at, updated_at }
    }
}

/// A user of a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ListedUser)]
pub(crate) struct ListedUserBody {
    #[serde(flatten)]
    user: UserBody,
    note_count: i64,
    /// The newest, 100 at most.
    notes: Vec<NoteCoreBody>,
    /// The last joined, 100 at most.
    teams: Vec<TeamCoreBody>,
}

impl From<Listed> for ListedUserBody {
    fn from(Listed { account, note_count, notes, teams }: Listed) -> Self {
        let notes = notes.into_iter().map(NoteCoreBody::from).collect();
        let teams = teams.into_iter().map(TeamCoreBody::from).collect();
        Self { user: account.into(), note_count, notes, teams }
    }
}

/// All there is to tell of a user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserDetail)]
pub(crate) struct UserDetailBody {
    #[serde(flatten)]
    user: UserBody,
    note_count: i64,
    /// The newest, 100 at most.
    notes: Vec<NoteCoreBody>,
    /// How many marked notes there are; with `read`, how many of these.
    marked_count: i64,
    /// The last marked, 100 at most.
    marked_notes: Vec<MarkedNoteBody>,
    /// With `teams=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    team_count: Option<i64>,
    /// With `teams=true`: the last joined, 100 at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    teams: Option<Vec<TeamCoreBody>>,
}

impl From<Detail> for UserDetailBody {
    fn from(Detail { account, note_count, notes, marked_notes, teams }: Detail) -> Self {
        Self {
            user: account.into(),
            note_count,
            notes: notes.into_iter().map(NoteCoreBody::from).collect(),
            marked_count: marked_notes.total,
            marked_notes: marked_notes.items.into_iter().map(MarkedNoteBody::from).collect(),
            team_count: teams.as_ref().map(|teams| teams.total),
            teams: teams.map(|teams| teams.items.into_iter().map(TeamCoreBody::from).collect()),
        }
    }
}

/// Who signs up.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `NewUser::from_body` reads")]
pub(crate) struct NewUserBody {
    /// Upper case becomes lower case.
    #[schema(pattern = "^[A-Za-z][A-Za-z0-9._@+-]{2,63}$", example = "alice")]
    username: String,
    #[schema(min_length = 1, max_length = 100, example = "Alice Walker")]
    name: String,
    /// Not one of the most common ones.
    #[schema(min_length = 8, max_length = 256, format = Password, example = "walnut-harbour-42")]
    password: String,
}

impl FromBody for NewUser {
    fn from_body(body: &mut Members) -> Option<Self> {
        let username = body.required("username", text(Username::parse));
        let name = body.required("name", text(Name::parse));
        let password = body.required("password", text(Password::parse));
        Some(Self { username: username?, name: name?, password: password? })
    }
}

/// What to change of a user; what is left out stays.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `Change::from_body` reads")]
pub(crate) struct UserChangeBody {
    #[schema(min_length = 1, max_length = 100, nullable = false)]
    name: Option<String>,
    #[schema(min_length = 8, max_length = 256, format = Password, nullable = false)]
    password: Option<String>,
    /// With one's own new `password`: the one so far.
    #[schema(format = Password, nullable = false)]
    current_password: Option<String>,
    /// For admins to set.
    #[schema(nullable = false)]
    admin: Option<bool>,
    /// For admins to set. Enabling ends the sessions from before.
    #[schema(nullable = false)]
    disabled: Option<bool>,
}

impl FromBody for Change {
    fn from_body(body: &mut Members) -> Option<Self> {
        let name = body.optional("name", text(Name::parse));
        let password = body.optional("password", text(Password::parse));
        let current = body.optional("current_password", text(service::sessions::credential));
        let admin = body.optional("admin", boolean);
        let disabled = body.optional("disabled", boolean);
        Some(Self {
            name: name?,
            password: password?,
            current_password: current?,
            admin: admin?,
            disabled: disabled?,
        })
    }
}

/// Which users to list; conditions combine with AND.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `Filter::from_query` reads")]
pub(crate) struct UserParams {
    /// Admins only, or all but admins.
    admin: Option<bool>,
    /// A pattern for the name, without case: `%` is any text, `_` any character, `\` takes the next
    /// one as it is.
    #[param(max_length = 1000, example = "%jami%")]
    name: Option<String>,
    /// Users with more than so many notes.
    #[param(minimum = 0)]
    with_notes: Option<i64>,
    /// Enabled users (`false`, the default), disabled ones (`true`) or both (`any`); the last two
    /// are for admins.
    #[param(pattern = "^(true|false|any)$")]
    disabled: Option<String>,
}

impl FromQuery for Filter {
    fn from_query(params: &mut Params) -> Result<Self, Problem> {
        let admin = params.boolean("admin")?;
        let name = params.text("name")?;
        let with_notes = params.integer("with_notes", 0..=i64::MAX)?;
        let disabled = match params.take("disabled").as_deref() {
            None | Some("false") => DisabledFilter::Without,
            Some("true") => DisabledFilter::Only,
            Some("any") => DisabledFilter::Any,
            Some(_) => {
                return Err(Problem::BadRequest("disabled must be true, false or any".into()));
            }
        };
        Ok(Self { admin, name, with_notes, disabled })
    }
}

/// What else to tell of a user.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `Include::from_query` reads")]
pub(crate) struct IncludeParams {
    /// With the teams.
    teams: Option<bool>,
    /// Only marked notes that the user has read, or has yet to read.
    read: Option<bool>,
}

impl FromQuery for Include {
    fn from_query(params: &mut Params) -> Result<Self, Problem> {
        let teams = params.boolean("teams")?.unwrap_or(false);
        Ok(Self { teams, read: params.boolean("read")? })
    }
}

/// Users, by id.
#[utoipa::path(get, path = "/api/users", tag = "users", params(UserParams, PageParams),
    responses((status = 200, description = "A page of users", body = Vec<ListedUserBody>,
        headers(("Link" = String, description = "The next page, if there is one (RFC 8288)"))), Problems),
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
    responses((status = 201, description = "The new user", body = UserBody, headers(("Location" = String, description = "Where it is"))), Problems),
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
    responses((status = 200, description = "The user", body = UserDetailBody), Problems), security((), ("session" = [])))]
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
    request_body = UserChangeBody, responses((status = 200, description = "The user as it is now", body = UserBody), Problems),
    security(("session" = [])))]
pub(crate) async fn update(
    state: AppState,
    me: Me,
    UserPath(key): UserPath,
    Body(change): Body<Change>,
) -> Result<Json<UserBody>, Problem> {
    let viewer = me.viewer();
    Ok(Json(users::update(&state.db, &state.auth.passwords, &viewer, &key, change).await?.into()))
}

/// Deletes a user and all that is the user's; for the user and admins.
#[utoipa::path(delete, path = "/api/users/{user}", tag = "users",
    params(("user" = String, Path, description = "An id or a username")),
    responses((status = 204, description = "It is gone"), Problems), security(("session" = [])))]
pub(crate) async fn delete(
    state: AppState,
    me: Me,
    UserPath(key): UserPath,
) -> Result<HttpResponse, Problem> {
    users::delete(&state.db, &me.viewer(), &key).await?;
    Ok(HttpResponse::NoContent().finish())
}
