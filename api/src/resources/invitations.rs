//! `/api/invitations`

use api_macros::operation;
use chrono::{DateTime, Utc};
use deserr::Deserr;
use serde::Serialize;
use service::{
    invitations::{self, Invited, NewInvitation},
    users::{Name, Password, Username},
};
use utoipa::ToSchema;

use super::{
    users::UserBody,
    values::{InvitationTokenText, NameText, PasswordText, UsernameText},
};
use crate::http::{
    extract::{Address, Body, SignedIn, Violations},
    problem::Problem,
    reply::{Issued, Reply},
    state::AppState,
};

/// A user to invite.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations)]
#[schema(as = NewInvitation)]
pub(crate) struct NewInvitationBody {
    #[schema(value_type = UsernameText)]
    username: Username,
    #[schema(value_type = NameText)]
    name: Name,
    /// Whether the user gets the rights of an admin.
    #[deserr(default)]
    #[schema(required = false, example = false)]
    admin: bool,
}

impl From<NewInvitationBody> for NewInvitation {
    fn from(NewInvitationBody { username, name, admin }: NewInvitationBody) -> Self {
        Self { username, name, admin }
    }
}

/// A new invitation. The token is shown this once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invitation)]
pub(crate) struct InvitationBody {
    #[schema(value_type = InvitationTokenText)]
    token: String,
    /// Until when it can be accepted.
    expires_at: DateTime<Utc>,
    /// Who is invited.
    user: UserBody,
}

impl From<Invited> for InvitationBody {
    fn from(Invited { token, invitation, user }: Invited) -> Self {
        Self { token, expires_at: invitation.expires_at, user: user.into() }
    }
}

/// The token of an invitation, and the password to set.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations)]
#[schema(as = Acceptance)]
pub(crate) struct AcceptanceBody {
    #[deserr(try_from(String) = sent_token -> String)]
    #[schema(value_type = InvitationTokenText)]
    token: String,
    #[schema(value_type = PasswordText)]
    password: Password,
}

fn sent_token(text: String) -> Result<String, String> {
    invitations::sent_token(text).map_err(|error| error.to_string())
}

/// Invites somebody. For admins.
///
/// Creates a user without a password, and returns a token, valid once and for seven days, with which that user sets
/// one. A user who has not set a password yet gets a new invitation, which replaces the one before.
#[operation(createInvitation, 409)]
pub(crate) async fn create(
    state: AppState,
    me: SignedIn,
    Body(new): Body<NewInvitationBody>,
) -> Result<Reply<Issued<InvitationBody>>, Problem> {
    let new = new.into();
    let invited = state.db.write(&me, async |work| invitations::create(work, &new).await).await?;
    Ok(Reply::issued(invited.into()))
}

/// Accepts an invitation: sets the password of the invited user. From then on the user can log in.
#[operation(acceptInvitation, 429)]
pub(crate) async fn accept(
    state: AppState,
    Address(address): Address,
    Body(AcceptanceBody { token, password }): Body<AcceptanceBody>,
) -> Result<Reply<UserBody>, Problem> {
    let user = invitations::accept(&state.db, &state.auth, address, &token, password).await?;
    Ok(Reply::ok(user.into()))
}
