//! Who may do what: each rule once, by name. A rule looks at the actor and at rows, and at nothing else.
//!
//! Writes check these for the actor that their own transaction sees ([`crate::Work::actor`]).

use entity::{UserId, api_token, mark, membership, note, session, user};

use crate::{Actor, Error, Result, users::Registration};

/// Admins may.
pub(crate) fn administer(actor: &Actor) -> Result<()> {
    match actor {
        Actor::Anonymous => Err(Error::TokenMissing),
        _ => allow(actor.is_admin()),
    }
}

/// Everyone may sign up while registration is open; admins can always create users.
pub(crate) fn sign_up(actor: &Actor, registration: Registration) -> Result<()> {
    match registration {
        Registration::Closed if !actor.is_admin() => Err(Error::RegistrationClosed),
        _ => Ok(()),
    }
}

/// Everyone sees an enabled user; a disabled one exists for admins only.
pub(crate) fn see_user(actor: &Actor, user: &user::Model) -> Result<()> {
    if user.disabled && !actor.is_admin() { Err(Error::NotFound) } else { Ok(()) }
}

/// A user and admins change and delete the user, see and end the user's sessions, and make API tokens.
pub(crate) fn manage_user(actor: &Actor, user: &user::Model) -> Result<()> {
    see_user(actor, user)?;
    if actor.is(user.id) { Ok(()) } else { administer(actor) }
}

/// Admins see and end the API tokens of all users.
pub(crate) fn manage_api_tokens_of(actor: &Actor, user: &user::Model) -> Result<()> {
    see_user(actor, user)?;
    administer(actor)
}

/// Users export their own accounts, and nobody else's.
pub(crate) fn export_user(actor: &Actor, user: &user::Model) -> Result<()> {
    see_user(actor, user)?;
    allow(actor.user()?.id == user.id)
}

/// The author changes a note, of those that the actor sees.
pub(crate) fn edit_note(actor: &Actor, note: &note::Model) -> Result<()> {
    allow(note.is_written_by(actor.user()?.id))
}

/// The author and admins delete a note, of those that the actor sees.
pub(crate) fn delete_note(actor: &Actor, note: &note::Model) -> Result<()> {
    if actor.is_admin() { Ok(()) } else { edit_note(actor, note) }
}

/// The author shares a note with a team that they belong to. `own` is their membership.
pub(crate) fn share_note(own: Option<&membership::Model>) -> Result<()> {
    allow(own.is_some())
}

/// Users see marks by their ids only if they are their own.
pub(crate) fn see_mark(actor: &Actor, marked: &mark::MarkedNote) -> Result<()> {
    allow(marked.is_of(actor.user()?.id))
}

/// Users change and remove their own marks.
pub(crate) fn change_mark(actor: &Actor, mark: &mark::Model) -> Result<()> {
    allow(mark.is_of(actor.user()?.id))
}

/// Owners of a team and admins rename and delete it and choose its members. `own` is the membership
/// of the actor.
pub(crate) fn manage_team(actor: &Actor, own: Option<&membership::Model>) -> Result<()> {
    match own {
        Some(own) if own.is_owner() => Ok(()),
        _ => administer(actor),
    }
}

/// A member leaves a team; owners and admins remove anyone. `own` is the membership of the actor.
pub(crate) fn end_membership(
    actor: &Actor,
    member: UserId,
    own: Option<&membership::Model>,
) -> Result<()> {
    if actor.is(member) { Ok(()) } else { manage_team(actor, own) }
}

/// Admins may leave a team without an owner.
pub(crate) fn may_leave_ownerless(actor: &Actor) -> bool {
    actor.is_admin()
}

/// A user and admins end a session; for others it does not exist.
pub(crate) fn end_session(actor: &Actor, session: &session::Model) -> Result<()> {
    if actor.is_admin() || session.is_of(actor.user()?.id) { Ok(()) } else { Err(Error::NotFound) }
}

/// A user and admins end an API token; for others it does not exist.
pub(crate) fn end_api_token(actor: &Actor, token: &api_token::Model) -> Result<()> {
    if actor.is_admin() || token.is_of(actor.user()?.id) { Ok(()) } else { Err(Error::NotFound) }
}

/// With an API token, a user changes nothing but their name.
pub(crate) fn change_more_than_name(actor: &Actor) -> Result<()> {
    actor.require_scope(None)
}

fn allow(allowed: bool) -> Result<()> {
    if allowed { Ok(()) } else { Err(Error::NotAllowed) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::{DateTime, Utc};
    use entity::{
        api_token::{Scope, ScopeList},
        membership::Role,
    };
    use sea_orm::{ActiveValue::Set, TryIntoModel};

    use super::*;
    use crate::{Authenticated, Credential};

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn user(id: i64) -> user::Model {
        user::Model {
            id: id.try_into().unwrap(),
            username: format!("user{id}"),
            name: format!("User {id}"),
            name_folded: format!("user {id}"),
            password_hash: None,
            admin: false,
            disabled: false,
            created_at: NOW,
            updated_at: NOW,
            version: 1,
        }
    }

    fn session(id: i64, user_id: UserId) -> session::Model {
        session::Model {
            id: id.try_into().unwrap(),
            user_id,
            token_hash: String::new(),
            user_agent: None,
            created_at: NOW,
            last_used_at: NOW,
            expires_at: NOW,
        }
    }

    fn actor(user: user::Model) -> Actor {
        let credential = Credential::Session(session(1, user.id));
        Actor::User(Arc::new(Authenticated { user, credential, position: None }))
    }

    fn with_api_token(user: user::Model) -> Actor {
        let token = api_token::Model {
            id: 1.try_into().unwrap(),
            user_id: user.id,
            name: "Backup".into(),
            token_hash: String::new(),
            scopes: ScopeList::new(Scope::ALL).unwrap(),
            created_at: NOW,
            last_used_at: None,
            expires_at: None,
        };
        Actor::User(Arc::new(Authenticated {
            user,
            credential: Credential::ApiToken(token),
            position: None,
        }))
    }

    fn admin() -> Actor {
        actor(user::Model { admin: true, ..user(9) })
    }

    fn membership(role: Role) -> membership::Model {
        membership::Model {
            id: 1.try_into().unwrap(),
            user_id: 1.try_into().unwrap(),
            team_id: 1.try_into().unwrap(),
            role,
            joined_at: NOW,
        }
    }

    /// The outcomes for: anonymous, user 1, user 2, an admin, an operator.
    fn told(rule: impl Fn(&Actor) -> Result<()>) -> [String; 5] {
        [Actor::Anonymous, actor(user(1)), actor(user(2)), admin(), Actor::Operator]
            .map(|actor| rule(&actor).map_or_else(|error| error.to_string(), |()| "ok".into()))
    }

    #[test]
    fn only_admins_and_operators_administer() {
        let forbidden = "operation not allowed";
        let told = told(administer);
        assert_eq!(told, ["token missing", forbidden, forbidden, "ok", "ok"]);
    }

    #[test]
    fn a_user_is_managed_by_the_user_and_by_admins() {
        let told = told(|actor| manage_user(actor, &user(1)));
        assert_eq!(told, ["token missing", "ok", "operation not allowed", "ok", "ok"]);
    }

    #[test]
    fn a_user_is_exported_by_the_user_alone() {
        let (missing, forbidden) = ("token missing", "operation not allowed");
        let told = told(|actor| export_user(actor, &user(1)));
        assert_eq!(told, [missing, "ok", forbidden, forbidden, missing]);
    }

    #[test]
    fn a_disabled_user_exists_for_admins_only() {
        let disabled = user::Model { disabled: true, ..user(1) };
        let told = told(|actor| manage_user(actor, &disabled));
        assert_eq!(told, ["not found", "not found", "not found", "ok", "ok"]);
    }

    #[test]
    fn a_note_is_edited_by_its_author_and_deleted_by_admins_too() {
        let mut note = note::ActiveModel::new(1.try_into().unwrap(), "Hello".into(), NOW);
        note.id = Set(1.try_into().unwrap());
        note.content_folded = Set("hello".into());
        let note = note.try_into_model().unwrap();
        let (missing, forbidden) = ("token missing", "operation not allowed");
        let edited = told(|actor| edit_note(actor, &note));
        assert_eq!(edited, [missing, "ok", forbidden, forbidden, missing]);
        let deleted = told(|actor| delete_note(actor, &note));
        assert_eq!(deleted, [missing, "ok", forbidden, "ok", "ok"]);
    }

    #[test]
    fn only_its_user_changes_a_mark() {
        let [id, user_id, note_id] = [1, 1, 1];
        let mark = mark::Model {
            id: id.try_into().unwrap(),
            user_id: user_id.try_into().unwrap(),
            note_id: note_id.try_into().unwrap(),
            read: false,
        };
        let told = told(|actor| change_mark(actor, &mark));
        let (missing, forbidden) = ("token missing", "operation not allowed");
        assert_eq!(told, [missing, "ok", forbidden, forbidden, missing]);
    }

    #[test]
    fn a_team_is_managed_by_its_owners_and_by_admins() {
        let bob = actor(user(2));
        assert!(manage_team(&bob, Some(&membership(Role::Owner))).is_ok());
        for own in [None, Some(membership(Role::Member))] {
            assert!(matches!(manage_team(&bob, own.as_ref()), Err(Error::NotAllowed)));
            assert!(manage_team(&admin(), own.as_ref()).is_ok());
            let leaving = end_membership(&bob, 2.try_into().unwrap(), own.as_ref());
            assert!(leaving.is_ok());
            let removing = end_membership(&bob, 1.try_into().unwrap(), own.as_ref());
            assert!(matches!(removing, Err(Error::NotAllowed)));
        }
        assert!(may_leave_ownerless(&admin()) && !may_leave_ownerless(&bob));
    }

    #[test]
    fn another_users_session_does_not_exist() {
        let of_alice = session(1, 1.try_into().unwrap());
        let told = told(|actor| end_session(actor, &of_alice));
        assert_eq!(told, ["token missing", "ok", "not found", "ok", "ok"]);
    }

    #[test]
    fn an_api_token_is_its_user_and_no_admin() {
        let token = with_api_token(user::Model { admin: true, ..user(1) });
        assert!(matches!(administer(&token), Err(Error::NotAllowed)));
        assert!(manage_user(&token, &user(1)).is_ok() && manage_user(&token, &user(2)).is_err());
        assert!(matches!(change_more_than_name(&token), Err(Error::OutOfScope(None))));
        assert!(change_more_than_name(&actor(user(1))).is_ok());
        assert!(matches!(token.session(), Err(Error::OutOfScope(None))));
        let of_alice = token.api_token().unwrap();
        let told = told(|actor| end_api_token(actor, of_alice));
        assert_eq!(told, ["token missing", "ok", "not found", "ok", "ok"]);
    }

    #[test]
    fn while_registration_is_closed_admins_create_users() {
        let closed = "registration is closed";
        let told_closed = told(|actor| sign_up(actor, Registration::Closed));
        assert_eq!(told_closed, [closed, closed, closed, "ok", "ok"]);
        assert_eq!(told(|actor| sign_up(actor, Registration::Open)), ["ok"; 5]);
    }
}
