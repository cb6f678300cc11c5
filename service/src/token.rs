use std::fmt;

use chrono::{DateTime, Utc};
use entity::UserId;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, errors::ErrorKind};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Error, Result, hs256, random};

/// The keys that sign and verify tokens.
pub struct TokenKeys {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKeys")
    }
}

/// The claims of a token. A token is only valid while its session is in the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    id: UserId,
    username: String,
    jti: String,
    iat: i64,
    exp: i64,
}

impl TokenKeys {
    /// Derives the keys from the bytes of a secret (HMAC with SHA-256).
    pub fn new(secret: &[u8]) -> Self {
        hs256::install();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        Self {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            validation,
        }
    }

    /// Signs a token that is unlike any other.
    pub(crate) fn sign(
        &self,
        id: UserId,
        username: &str,
        created_at: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<String> {
        let claims = Claims {
            id,
            username: username.to_owned(),
            jti: random::text(16)?,
            iat: created_at.timestamp(),
            // In whole seconds; within the last one, the session's row decides.
            exp: expires_at.timestamp() + 1,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
            .map_err(Error::internal)
    }

    /// Verifies the token's signature and expiry.
    ///
    /// # Errors
    /// [`Error::SessionExpired`] if it has expired, [`Error::TokenInvalid`] for anything else.
    pub(crate) fn check(&self, token: &str) -> Result<()> {
        match jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation) {
            Ok(_) => Ok(()),
            Err(error) if matches!(error.kind(), ErrorKind::ExpiredSignature) => {
                Err(Error::SessionExpired)
            }
            Err(_) => Err(Error::TokenInvalid),
        }
    }
}

/// What is stored of a token: its SHA-256, in hexadecimal.
pub(crate) fn hash(token: &str) -> String {
    Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect()
}
