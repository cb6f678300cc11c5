use entity::{
    SessionId,
    session::{self, Scopes as _},
    user::UserKey,
};
use sea_orm::{DeleteMany, EntityTrait};

use crate::{Error, Result, Work, policy, users::lock_for_change};

/// Ends the actor's session.
///
/// # Errors
/// [`Error::TokenMissing`] if the actor has no session.
pub async fn log_out(work: &Work) -> Result<()> {
    lock_own_user(work).await?;
    let id = work.actor().await?.session()?.id;
    delete(work, session::Entity::delete_many().with_id(id)).await.map(drop)
}

/// Ends all of the actor's sessions but the current one.
///
/// # Errors
/// [`Error::TokenMissing`] if the actor has no session.
pub async fn end_others(work: &Work) -> Result<()> {
    lock_own_user(work).await?;
    let actor = work.actor().await?;
    let others = session::Entity::delete_many().of_user(actor.user()?.id);
    delete(work, others.except(actor.session()?.id)).await.map(drop)
}

/// Ends a session.
///
/// # Errors
/// [`Error::NotFound`], also when the session is another user's, except for admins.
pub async fn end(work: &Work, id: SessionId) -> Result<()> {
    let session = session::Entity::find_by_id(id).one(work.transaction()).await?;
    if let Some(session) = &session {
        lock_for_change(work, &session.user_id.into()).await?;
    }
    let actor = work.actor().await?;
    let session = session.ok_or(Error::NotFound)?;
    policy::end_session(actor, &session)?;
    if delete(work, session::Entity::delete_many().with_id(id)).await? == 0 {
        return Err(Error::NotFound);
    }
    work.audit("session ended", session.user_id);
    Ok(())
}

/// Ends all sessions of a user; returns how many.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] for anyone but the user and admins.
pub async fn revoke(work: &Work, key: &UserKey) -> Result<u64> {
    let user = lock_for_change(work, key).await?;
    policy::manage_user(work.actor().await?, &user)?;
    let ended = delete(work, session::Entity::delete_many().of_user(user.id)).await?;
    if ended > 0 {
        work.audit("all sessions ended", user.id);
    }
    Ok(ended)
}

/// Ends all sessions of everyone; returns how many.
///
/// # Errors
/// [`Error::NotAllowed`] for anyone but admins.
pub async fn revoke_all(work: &Work) -> Result<u64> {
    policy::administer(work.actor().await?)?;
    delete(work, session::Entity::delete_many()).await
}

/// Locks the actor's user, so that nothing relies on the sessions that are about to end.
async fn lock_own_user(work: &Work) -> Result<()> {
    let id = work.claimed_user_id().ok_or(Error::TokenMissing)?;
    lock_for_change(work, &id.into()).await.map(drop)
}

async fn delete(work: &Work, sessions: DeleteMany<session::Entity>) -> Result<u64> {
    Ok(sessions.exec(work.transaction()).await?.rows_affected)
}
