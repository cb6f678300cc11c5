//! API tokens: making, listing, ending and checking them.

mod secret;
mod values;

use entity::{
    ApiTokenId,
    api_token::{self, Scopes as _},
    user::UserKey,
};
use sea_orm::{ActiveModelTrait, EntityTrait, PaginatorTrait, Select};

pub use self::{
    secret::Secret,
    values::{Expiry, NewApiToken, TokenName, scopes},
};
use crate::{
    Actor, Db, Error, Page, PageRequest, Reader, Result, Work,
    audit::Subject,
    clock, credential,
    page::{self, Direction, Order},
    policy, token,
    users::{self, lock_for_change},
    uses::{self, Used},
};

/// How many API tokens a user can have.
pub const MAX_PER_USER: u64 = 100;

/// A new API token, which is shown only once.
#[derive(Debug)]
pub struct Issued {
    /// What its holder sends.
    pub secret: Secret,
    /// Its row.
    pub token: api_token::Model,
}

/// Makes an API token for a user.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] for anyone but the user and admins; [`Error::TooManyApiTokens`].
pub async fn create(work: &Work, key: &UserKey, new: &NewApiToken) -> Result<Issued> {
    let user = lock_for_change(work, key).await?;
    policy::manage_user(work.actor().await?, &user)?;
    if user.api_tokens().count(work.transaction()).await? >= MAX_PER_USER {
        return Err(Error::TooManyApiTokens { max: MAX_PER_USER });
    }
    let secret = Secret::random()?;
    let NewApiToken { name, scopes, expires_at } = new;
    let token = api_token::ActiveModel::new(
        user.id,
        name.as_str().to_owned(),
        token::hash(secret.as_str()),
        scopes.clone(),
        clock::now(),
        expires_at.map(Expiry::time),
    );
    let token = token.insert(work.transaction()).await?;
    work.audit("API token created", Subject::ApiToken(token.id, user.id));
    Ok(Issued { secret, token })
}

/// One page of a user's API tokens, newest first, including those that have expired.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] for anyone but admins.
pub async fn list(
    reader: &Reader,
    actor: &Actor,
    key: &UserKey,
    request: &PageRequest,
) -> Result<Page<api_token::Model>> {
    let user = users::find_visible(reader, actor, key).await?;
    policy::manage_api_tokens_of(actor, &user)?;
    read_page(reader, user.api_tokens(), request).await
}

/// The same for the actor.
///
/// # Errors
/// [`Error::TokenMissing`] if the actor is not a user.
pub async fn list_own(
    reader: &Reader,
    actor: &Actor,
    request: &PageRequest,
) -> Result<Page<api_token::Model>> {
    read_page(reader, actor.user()?.api_tokens(), request).await
}

async fn read_page(
    reader: &Reader,
    tokens: Select<api_token::Entity>,
    request: &PageRequest,
) -> Result<Page<api_token::Model>> {
    let id_of = |token: &api_token::Model| token.id.into();
    let newest_first = Order::by_id(Direction::Descending, api_token::Column::Id, id_of);
    page::read(reader, tokens, &newest_first, request).await
}

/// Ends an API token.
///
/// # Errors
/// [`Error::NotFound`], also when the token is another user's, except for admins.
pub async fn revoke(work: &Work, id: ApiTokenId) -> Result<()> {
    let token = api_token::Entity::find_by_id(id).one(work.transaction()).await?;
    if let Some(token) = &token {
        lock_for_change(work, &token.user_id.into()).await?;
    }
    let actor = work.actor().await?;
    let token = token.ok_or(Error::NotFound)?;
    policy::end_api_token(actor, &token)?;
    let deleted = api_token::Entity::delete_many().with_id(id).exec(work.transaction()).await?;
    if deleted.rows_affected == 0 {
        return Err(Error::NotFound);
    }
    work.audit("API token ended", Subject::ApiToken(id, token.user_id));
    Ok(())
}

/// Ends all API tokens of a user; returns how many.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] for anyone but admins.
pub async fn revoke_all_of(work: &Work, key: &UserKey) -> Result<u64> {
    let user = lock_for_change(work, key).await?;
    policy::manage_api_tokens_of(work.actor().await?, &user)?;
    let ended = user.delete_api_tokens(work.transaction()).await?;
    if ended > 0 {
        work.audit("all API tokens ended", user.id);
    }
    Ok(ended)
}

/// Ends all API tokens of everyone; returns how many.
///
/// # Errors
/// [`Error::NotAllowed`] for anyone but admins.
pub async fn revoke_all(work: &Work) -> Result<u64> {
    policy::administer(work.actor().await?)?;
    Ok(api_token::Entity::delete_many().exec(work.transaction()).await?.rows_affected)
}

/// Whether this is meant to be an API token: tokens of sessions begin otherwise.
pub(crate) fn is_one(token: &str) -> bool {
    token.starts_with(secret::PREFIX)
}

/// Determines whose API token this is. One that is mistyped is rejected without a statement.
///
/// # Errors
/// [`Error::TokenInvalid`] if there is none such, [`Error::SessionExpired`] or [`Error::AccountDisabled`].
pub(crate) async fn authenticate(db: &Db, token: &str) -> Result<Actor> {
    if !secret::is_well_formed(token) {
        return Err(Error::TokenInvalid);
    }
    let select = api_token::Entity::find_with_user(&token::hash(token));
    let (found, position) = credential::find(db, select).await?;
    let actor = Actor::of_api_token(found)?.at(position);
    let token = actor.api_token()?;
    uses::record(db, Used::ApiToken(token.id), token.last_used_at);
    Ok(actor)
}
