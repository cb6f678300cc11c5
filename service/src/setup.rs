//! The first admin of an instance, made over the network by whoever sees what the service prints when it starts.

use std::{fmt, net::IpAddr};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use entity::user;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::{
    Actor, Auth, Db, Error, Result, Rule, keyed,
    users::{self, NewUser},
};

/// What sets the key of the token apart from other uses of the secret.
const PURPOSE: &[u8] = b"teamnotes: setup";

/// What the first admin is made with. It is derived from the secret, so that all instances have the same one and
/// none keeps it.
pub struct SetupToken(Hmac<Sha256>);

impl fmt::Debug for SetupToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SetupToken")
    }
}

impl SetupToken {
    /// Derives the token from the bytes of a secret.
    pub fn new(secret: &[u8]) -> Self {
        Self(keyed::hmac(PURPOSE, secret))
    }

    /// As text of `A-Z a-z 0-9 - _`.
    pub fn text(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0.clone().finalize().into_bytes())
    }

    /// Whether this text is the token; how long that takes does not depend on where it differs.
    fn is(&self, text: &str) -> bool {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text);
        bytes.is_ok_and(|bytes| self.0.clone().verify_slice(&bytes).is_ok())
    }
}

/// Whether there is no admin with a password yet.
///
/// # Errors
/// If the database fails.
pub async fn is_needed(db: &Db) -> Result<bool> {
    Ok(!users::has_admin(db.reader().sessions()).await?)
}

/// Makes the first admin. Of several calls at once, one does.
///
/// # Errors
/// [`Error::IsSetUp`]; [`Error::TooManyAttempts`], which wrong passwords count for too;
/// [`Error::WrongSetupToken`]; [`Error::Taken`].
pub async fn create(
    db: &Db,
    auth: &Auth,
    token: &SetupToken,
    address: Option<IpAddr>,
    sent: &str,
    new: NewUser,
) -> Result<user::Model> {
    if !is_needed(db).await? {
        return Err(Error::IsSetUp);
    }
    let mut attempt = auth.throttle.attempt(Rule::login(None, address))?;
    if !token.is(sent) {
        return Err(Error::WrongSetupToken);
    }
    attempt.forgive();
    let admin = users::hash(&auth.passwords.on_behalf_of(address), new, true).await?;
    let created = db.write(&Actor::Operator, async |work| users::create_first(work, &admin).await);
    created.await?.ok_or(Error::IsSetUp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_depends_on_the_secret_and_on_nothing_else() {
        let token = SetupToken::new(b"secret");
        let text = token.text();
        assert_eq!(text.len(), 43);
        assert!(SetupToken::new(b"secret").is(&text));
        let altered = text.replacen(text.chars().next().unwrap_or_default(), "_", 1);
        for other in ["", "x", "=", &altered, &format!("{text}A"), &SetupToken::new(b"x").text()] {
            assert!(!token.is(other), "{other}");
        }
        assert!(!format!("{token:?}").contains(&text));
    }
}
