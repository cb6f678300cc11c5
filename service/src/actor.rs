use std::sync::Arc;

use entity::{SessionId, UserId, session, user};

use crate::{Error, Result};

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
}

/// What a user has authenticated with.
#[derive(Clone, Debug)]
pub enum Credential {
    /// The token of a session.
    Session(session::Model),
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
    /// [`Error::TokenMissing`] if there is none.
    pub fn session(&self) -> Result<&session::Model> {
        match self {
            Self::User(authenticated) => match &authenticated.credential {
                Credential::Session(session) => Ok(session),
            },
            Self::Anonymous | Self::Operator => Err(Error::TokenMissing),
        }
    }

    /// The id of the actor's user, if any.
    pub fn user_id(&self) -> Option<UserId> {
        self.user().ok().map(|user| user.id)
    }

    /// The id of the actor's session, if any.
    pub fn session_id(&self) -> Option<SessionId> {
        self.session().ok().map(|session| session.id)
    }

    /// Whether the actor is this user.
    pub fn is(&self, user_id: UserId) -> bool {
        self.user_id() == Some(user_id)
    }

    /// Whether the actor may do what only admins may.
    pub fn is_admin(&self) -> bool {
        match self {
            Self::Anonymous => false,
            Self::User(authenticated) => authenticated.user.admin,
            Self::Operator => true,
        }
    }
}
