use std::sync::Arc;

use entity::{SessionId, UserId, session, user};

use crate::{Error, Result};

/// Who asks, and with what credential.
#[derive(Clone, Debug)]
pub enum Actor {
    /// Someone without a credential.
    Anonymous,
    /// A user.
    User(Arc<Authenticated>),
    /// Whoever can run commands on the service's host: may do what an admin may.
    Operator,
}

/// A user, and what the user has shown.
#[derive(Debug)]
pub struct Authenticated {
    /// The user, who is enabled.
    pub user: user::Model,
    /// What the user has shown.
    pub credential: Credential,
}

/// What a user has shown to be who they are.
#[derive(Clone, Debug)]
pub enum Credential {
    /// The token of this session.
    Session(session::Model),
}

impl Actor {
    /// The user who asks.
    ///
    /// # Errors
    /// [`Error::TokenMissing`] when no user does.
    pub fn user(&self) -> Result<&user::Model> {
        match self {
            Self::User(authenticated) => Ok(&authenticated.user),
            Self::Anonymous | Self::Operator => Err(Error::TokenMissing),
        }
    }

    /// The session with which a user asks.
    ///
    /// # Errors
    /// [`Error::TokenMissing`] when there is none.
    pub fn session(&self) -> Result<&session::Model> {
        match self {
            Self::User(authenticated) => match &authenticated.credential {
                Credential::Session(session) => Ok(session),
            },
            Self::Anonymous | Self::Operator => Err(Error::TokenMissing),
        }
    }

    /// The id of the user who asks, if a user does.
    pub fn user_id(&self) -> Option<UserId> {
        self.user().ok().map(|user| user.id)
    }

    /// The id of the session with which a user asks, if there is one.
    pub fn session_id(&self) -> Option<SessionId> {
        self.session().ok().map(|session| session.id)
    }

    /// Whether this user asks.
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
