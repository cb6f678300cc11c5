use entity::{session, user};

use crate::{Error, Result};

/// Who asks.
#[derive(Clone, Debug)]
pub enum Viewer {
    /// Nobody has said who it is.
    Anonymous,
    /// The user of a live session.
    User(SignedIn),
    /// Whoever can run commands on the database's machine: may do what an admin may.
    Operator,
}

/// A live session and its user.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The session.
    pub session: session::Core,
    /// Its user, who is enabled.
    pub user: user::Account,
}

impl SignedIn {
    /// The user, as others see it.
    pub fn author(&self) -> user::Author {
        let user::Account { id, username, name, .. } = self.user.clone();
        user::Author { id, username, name }
    }

    /// Goes on for this user, and for admins.
    ///
    /// # Errors
    /// [`Error::NotAllowed`].
    pub fn require_self_or_admin(&self, user_id: i64) -> Result<()> {
        if self.user.id == user_id || self.user.admin { Ok(()) } else { Err(Error::NotAllowed) }
    }
}

impl Viewer {
    /// May do what only admins may.
    pub fn is_admin(&self) -> bool {
        match self {
            Self::Anonymous => false,
            Self::User(me) => me.user.admin,
            Self::Operator => true,
        }
    }

    /// The user's id, of a user.
    pub(crate) fn user_id(&self) -> Option<i64> {
        match self {
            Self::User(me) => Some(me.user.id),
            Self::Anonymous | Self::Operator => None,
        }
    }

    /// Is this user.
    pub fn is(&self, user_id: i64) -> bool {
        self.user_id() == Some(user_id)
    }

    /// Goes on for admins.
    ///
    /// # Errors
    /// [`Error::TokenMissing`] for nobody, [`Error::NotAllowed`] for other users.
    pub fn require_admin(&self) -> Result<()> {
        match self {
            Self::Anonymous => Err(Error::TokenMissing),
            _ if self.is_admin() => Ok(()),
            _ => Err(Error::NotAllowed),
        }
    }

    /// Goes on for this user, and for admins.
    ///
    /// # Errors
    /// As [`Viewer::require_admin`].
    pub fn require_self_or_admin(&self, user_id: i64) -> Result<()> {
        match self {
            Self::User(me) => me.require_self_or_admin(user_id),
            Self::Anonymous | Self::Operator => self.require_admin(),
        }
    }
}

impl From<SignedIn> for Viewer {
    fn from(me: SignedIn) -> Self {
        Self::User(me)
    }
}
