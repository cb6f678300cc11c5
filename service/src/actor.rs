use std::sync::Arc;

use entity::{
    ApiTokenId, SessionId, UserId, Viewer, WalPosition,
    api_token::{self, Scope},
    session, user,
};

use crate::{Credential, Error, Result};

/// Who is asking, and with which credential.
#[derive(Clone, Debug)]
pub enum Actor {
    /// Someone without a credential.
    Anonymous,
    /// A user.
    User(Arc<Authenticated>),
    /// Whoever can run commands on the service's host: may do what an admin may.
    Operator,
}

/// A user and their credential.
#[derive(Debug)]
pub struct Authenticated {
    /// The user, who is enabled.
    pub user: user::Model,
    /// The credential.
    pub credential: Credential,
    /// How far the primary's log was when they were read, if reads may go to replicas.
    pub position: Option<WalPosition>,
}

impl Actor {
    /// The actor's user.
    ///
    /// # Errors
    /// [`Error::TokenMissing`] if the actor is not a user.
    pub fn user(&self) -> Result<&user::Model> {
        match self {
            Self::User(authenticated) => Ok(&authenticated.user),
            Self::Anonymous | Self::Operator => Err(Error::TokenMissing),
        }
    }

    /// The actor's session.
    ///
    /// # Errors
    /// [`Error::OutOfScope`] if the credential is an API token; [`Error::TokenMissing`] without one.
    pub fn session(&self) -> Result<&session::Model> {
        match self.credential()? {
            Credential::Session(session) => Ok(session),
            Credential::ApiToken(_) => Err(Error::OutOfScope(None)),
        }
    }

    /// The actor's API token.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the credential is a session; [`Error::TokenMissing`] without one.
    pub fn api_token(&self) -> Result<&api_token::Model> {
        match self.credential()? {
            Credential::ApiToken(token) => Ok(token),
            Credential::Session(_) => Err(Error::NotFound),
        }
    }

    fn credential(&self) -> Result<&Credential> {
        match self {
            Self::User(authenticated) => Ok(&authenticated.credential),
            Self::Anonymous | Self::Operator => Err(Error::TokenMissing),
        }
    }

    /// Requires that the actor's API token, if that is what the actor has, allows what needs this scope. What needs
    /// none in particular is allowed to no API token.
    ///
    /// # Errors
    /// [`Error::OutOfScope`].
    pub fn require_scope(&self, needed: Option<Scope>) -> Result<()> {
        let Ok(token) = self.api_token() else { return Ok(()) };
        let is_allowed = needed.is_some_and(|needed| token.scopes.allows(needed));
        if is_allowed { Ok(()) } else { Err(Error::OutOfScope(needed)) }
    }

    /// The id of the actor's user, if any.
    pub fn user_id(&self) -> Option<UserId> {
        self.user().ok().map(|user| user.id)
    }

    /// The id of the actor's session, if any.
    pub fn session_id(&self) -> Option<SessionId> {
        self.session().ok().map(|session| session.id)
    }

    /// The id of the actor's API token, if any.
    pub fn api_token_id(&self) -> Option<ApiTokenId> {
        self.api_token().ok().map(|token| token.id)
    }

    /// How far a replica must be to serve the actor's reads, as far as that is known.
    pub(crate) fn position(&self) -> Option<WalPosition> {
        match self {
            Self::User(authenticated) => authenticated.position,
            Self::Anonymous | Self::Operator => None,
        }
    }

    /// The same actor, whose credential was read at this position.
    pub(crate) fn at(mut self, position: Option<WalPosition>) -> Self {
        if let Self::User(authenticated) = &mut self
            && let Some(authenticated) = Arc::get_mut(authenticated)
        {
            authenticated.position = position;
        }
        self
    }

    /// For whom the actor reads notes.
    pub(crate) fn viewer(&self) -> Viewer {
        match self {
            Self::Anonymous => Viewer::Anonymous,
            Self::User(authenticated) => Viewer::User(authenticated.user.id),
            Self::Operator => Viewer::Everything,
        }
    }

    /// Whether the actor is this user.
    pub fn is(&self, user_id: UserId) -> bool {
        self.user_id() == Some(user_id)
    }

    /// Whether the actor may do what only admins may. With an API token, admins are ordinary users.
    pub fn is_admin(&self) -> bool {
        match self {
            Self::Anonymous => false,
            Self::User(authenticated) => authenticated.user.admin && self.session().is_ok(),
            Self::Operator => true,
        }
    }
}
