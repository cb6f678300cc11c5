//! `/api/tokens`

use api_macros::operation;
use chrono::{DateTime, Utc};
use deserr::Deserr;
use entity::{
    ApiTokenId,
    api_token::{self, Scope, ScopeList},
};
use serde::Serialize;
use service::api_tokens::{self, Expiry, Issued, NewApiToken, TokenName};
use utoipa::ToSchema;

use super::{
    users::UserSummaryBody,
    values::{IdSchema, ScopeText, TokenNameText},
};
use crate::http::{
    extract::{Body, Id, List, SignedIn, UserPath, View, Violations},
    problem::Problem,
    reply::{self, NoContent, PageOf, Reply},
    state::AppState,
};

/// An API token to make.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations)]
#[schema(as = NewApiToken)]
pub(crate) struct NewApiTokenBody {
    #[schema(value_type = TokenNameText)]
    name: TokenName,
    /// What the token allows; a repeated scope counts once.
    #[deserr(try_from(Vec<Scope>) = scope_list -> String)]
    #[schema(value_type = Vec<ScopeText>, min_items = 1)]
    scopes: ScopeList,
    /// When the token expires, in the future. If omitted, it does not.
    #[deserr(default, try_from(DateTime<Utc>) = expiry -> String)]
    #[schema(value_type = Option<DateTime<Utc>>, nullable = false)]
    expires_at: Option<Expiry>,
}

fn scope_list(scopes: Vec<Scope>) -> Result<ScopeList, String> {
    api_tokens::scopes(scopes).map_err(|error| error.to_string())
}

fn expiry(time: DateTime<Utc>) -> Result<Option<Expiry>, String> {
    Expiry::parse(time).map(Some).map_err(|error| error.to_string())
}

impl From<NewApiTokenBody> for NewApiToken {
    fn from(NewApiTokenBody { name, scopes, expires_at }: NewApiTokenBody) -> Self {
        Self { name, scopes, expires_at }
    }
}

/// An API token, without the token itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiToken)]
pub(crate) struct ApiTokenBody {
    #[schema(value_type = IdSchema)]
    id: ApiTokenId,
    /// What its user calls it.
    #[schema(example = "Nightly backup")]
    name: String,
    /// What it allows.
    #[schema(value_type = Vec<ScopeText>)]
    scopes: Vec<&'static str>,
    /// When it expires or has expired; null if it does not.
    #[schema(required, example = "2027-02-20T10:00:00Z")]
    expires_at: Option<DateTime<Utc>>,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it was last used, or null if it was not; updated at most once a minute.
    #[schema(required, example = "2026-11-22T10:00:00Z")]
    last_used_at: Option<DateTime<Utc>>,
}

impl From<api_token::Model> for ApiTokenBody {
    fn from(token: api_token::Model) -> Self {
        let api_token::Model {
            id,
            user_id: _,
            name,
            token_hash: _,
            scopes,
            created_at,
            last_used_at,
            expires_at,
        } = token;
        Self { id, name, scopes: names(&scopes), expires_at, created_at, last_used_at }
    }
}

fn names(scopes: &ScopeList) -> Vec<&'static str> {
    scopes.iter().map(Scope::name).collect()
}

/// A new API token. The token itself is shown this once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IssuedApiToken)]
pub(crate) struct IssuedApiTokenBody {
    #[serde(flatten)]
    row: ApiTokenBody,
    /// What to send as `Authorization: Bearer`.
    #[schema(example = "tn_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp12CZclj")]
    token: String,
}

impl From<Issued> for IssuedApiTokenBody {
    fn from(Issued { secret, token }: Issued) -> Self {
        Self { row: token.into(), token: secret.as_str().to_owned() }
    }
}

/// The API token of the request, and its user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CurrentApiToken)]
pub(crate) struct CurrentApiTokenBody {
    #[schema(value_type = IdSchema)]
    id: ApiTokenId,
    /// What its user calls it.
    #[schema(example = "Nightly backup")]
    name: String,
    /// What it allows.
    #[schema(value_type = Vec<ScopeText>)]
    scopes: Vec<&'static str>,
    /// When it expires; null if it does not.
    #[schema(required, example = "2027-02-20T10:00:00Z")]
    expires_at: Option<DateTime<Utc>>,
    /// The user who made it.
    user: UserSummaryBody,
}

/// Makes an API token for the caller, who may have up to 100. It acts as an ordinary user, also if the caller is
/// an admin.
#[operation(createApiToken, 409)]
pub(crate) async fn create(
    state: AppState,
    me: SignedIn,
    Body(new): Body<NewApiTokenBody>,
) -> Result<Reply<reply::Issued<IssuedApiTokenBody>>, Problem> {
    let (own, new) = (me.user()?.id.into(), new.into());
    let issued = state.db.write(&me, async |work| api_tokens::create(work, &own, &new).await);
    Ok(Reply::issued(issued.await?.into()))
}

/// Lists the caller's API tokens, newest first, also those that have expired.
#[operation(listApiTokens)]
pub(crate) async fn list(
    state: AppState,
    me: SignedIn,
    list: List<ApiTokenBody>,
) -> Result<Reply<PageOf<ApiTokenBody>>, Problem> {
    let tokens = api_tokens::list_own(state.db.reader(), &me, &list.page).await?;
    Reply::page(&list, tokens.map(ApiTokenBody::from))
}

/// Returns the API token of the request and its user, whatever its scopes. Not found in a session.
#[operation(getCurrentApiToken, 404)]
pub(crate) async fn current(
    me: SignedIn,
    view: View<CurrentApiTokenBody>,
) -> Result<Reply<CurrentApiTokenBody>, Problem> {
    let api_token::Model { id, name, scopes, expires_at, .. } = me.api_token()?.clone();
    let (scopes, user) = (names(&scopes), me.user()?.summary().into());
    let token = CurrentApiTokenBody { id, name, scopes, expires_at, user };
    Ok(Reply::selected(&view.fields, &token))
}

/// Ends an API token. For its user and for admins.
#[operation(endApiToken)]
pub(crate) async fn end(
    state: AppState,
    me: SignedIn,
    Id(id): Id<ApiTokenId>,
) -> Result<Reply<NoContent>, Problem> {
    state.db.write(&me, async |work| api_tokens::revoke(work, id).await).await?;
    Ok(Reply::no_content())
}

/// Lists a user's API tokens, newest first, also those that have expired. For admins.
#[operation(listApiTokensOfUser)]
pub(crate) async fn list_of_user(
    state: AppState,
    me: SignedIn,
    UserPath(user): UserPath,
    list: List<ApiTokenBody>,
) -> Result<Reply<PageOf<ApiTokenBody>>, Problem> {
    let tokens = api_tokens::list(state.db.reader(), &me, &user, &list.page).await?;
    Reply::page(&list, tokens.map(ApiTokenBody::from))
}

/// Ends all API tokens of a user. For admins.
#[operation(endApiTokensOfUser)]
pub(crate) async fn end_of_user(
    state: AppState,
    me: SignedIn,
    UserPath(user): UserPath,
) -> Result<Reply<NoContent>, Problem> {
    state.db.write(&me, async |work| api_tokens::revoke_all_of(work, &user).await).await?;
    Ok(Reply::no_content())
}
