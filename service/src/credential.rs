//! What users authenticate with, and whether it still holds.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::{AtPosition, WalPosition, api_token, session, user};
use sea_orm::{DatabaseTransaction, EntityTrait, PartialModelTrait, Select};

use crate::{Actor, Auth, Authenticated, Db, Error, Reader, Result, api_tokens, clock, sessions};

/// What a user has authenticated with.
#[derive(Clone, Debug)]
pub enum Credential {
    /// The token of a session.
    Session(session::Model),
    /// An API token.
    ApiToken(api_token::Model),
}

/// Determines whose token this is, with one statement that reads the session or API token and its user as they are
/// now.
///
/// # Errors
/// [`Error::TokenInvalid`], [`Error::SessionExpired`] or [`Error::AccountDisabled`].
pub async fn authenticate(db: &Db, auth: &Auth, token: &str) -> Result<Actor> {
    match api_tokens::is_one(token) {
        true => api_tokens::authenticate(db, token).await,
        false => sessions::authenticate(db, auth, token).await,
    }
}

/// The credential and the user that this finds, with one statement on the primary. If reads may go to replicas, it also
/// says how far they must be to serve those of the request.
pub(crate) async fn find<E: EntityTrait, T: PartialModelTrait>(
    db: &Db,
    select: Select<E>,
) -> Result<(Option<T>, Option<WalPosition>)> {
    db.require_file()?;
    let sessions = db.reader().sessions();
    if !db.has_replicas() {
        return Ok((select.into_partial_model().one(sessions).await?, None));
    }
    let found = select.into_partial_model::<AtPosition<T>>().one(sessions).await?;
    Ok(found.map(|AtPosition { row, position }| (row, position)).unzip())
}

impl Authenticated {
    /// The actor as this transaction sees it; neither the credential nor the user changes until it ends.
    ///
    /// # Errors
    /// [`Error::SessionExpired`], [`Error::TokenInvalid`] or [`Error::AccountDisabled`] if that has changed.
    pub(crate) async fn confirm(&self, transaction: &DatabaseTransaction) -> Result<Actor> {
        match &self.credential {
            Credential::Session(session) => {
                let current = session::Entity::find_unchanged(self.user.id, session.id);
                let current = current.into_partial_model().one(transaction).await?;
                Actor::of_confirmed_session(current)
            }
            Credential::ApiToken(token) => {
                let current = api_token::Entity::find_unchanged(self.user.id, token.id);
                Actor::of_api_token(current.into_partial_model().one(transaction).await?)
            }
        }
    }
}

impl Actor {
    /// The actor as of now, for checks between the arrival of a request and its transaction, which may be
    /// many seconds apart.
    ///
    /// # Errors
    /// [`Error::SessionExpired`], [`Error::TokenInvalid`] or [`Error::AccountDisabled`] if that has changed.
    pub(crate) async fn refresh(&self, reader: &Reader) -> Result<Self> {
        let Self::User(claimed) = self else { return Ok(self.clone()) };
        match &claimed.credential {
            Credential::Session(session) => {
                let current = session::Entity::find_with_user(&session.token_hash);
                let current = current.into_partial_model().one(reader.sessions()).await?;
                Self::of_confirmed_session(current)
            }
            Credential::ApiToken(token) => {
                let current = api_token::Entity::find_with_user(&token.token_hash);
                Self::of_api_token(current.into_partial_model().one(reader.sessions()).await?)
            }
        }
    }

    /// The actor of a session whose idle time was checked when the request came in.
    fn of_confirmed_session(found: Option<session::WithUser>) -> Result<Self> {
        let found = found.ok_or(Error::SessionExpired)?;
        Self::of_session(found, clock::now(), DateTime::<Utc>::MIN_UTC)
    }

    /// The actor of a session that was found for a token.
    pub(crate) fn of_session(
        session::WithUser { session, user }: session::WithUser,
        now: DateTime<Utc>,
        used_after: DateTime<Utc>,
    ) -> Result<Self> {
        match session.is_live(now, used_after) {
            true => Self::enabled(user, Credential::Session(session)),
            false => Err(Error::SessionExpired),
        }
    }

    /// The actor of an API token, if it was found.
    pub(crate) fn of_api_token(found: Option<api_token::WithUser>) -> Result<Self> {
        let api_token::WithUser { token, user } = found.ok_or(Error::TokenInvalid)?;
        match token.is_live(clock::now()) {
            true => Self::enabled(user, Credential::ApiToken(token)),
            false => Err(Error::SessionExpired),
        }
    }

    fn enabled(user: user::Model, credential: Credential) -> Result<Self> {
        match user.may_log_in() {
            true => Ok(Self::User(Arc::new(Authenticated { user, credential, position: None }))),
            false => Err(Error::AccountDisabled),
        }
    }
}
