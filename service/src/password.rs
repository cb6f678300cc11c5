use std::sync::Arc;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::sync::Semaphore;

use crate::{Error, Result, users::Password};

/// Hashes and checks passwords with argon2id (19 MiB, 2 passes, 1 lane: the first choice of OWASP's
/// Password Storage Cheat Sheet), off the threads that serve requests and no more at once than
/// there are cores, which also bounds the memory it takes.
#[derive(Clone, Debug)]
pub struct Passwords {
    permits: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { permits: Arc::new(Semaphore::new(cores)) }
    }
}

/// Checked against where there is no user or no password, so that it takes as long: the hash of
/// random bytes that nobody kept.
const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXRoaW5ncmFuZG9t$0Jxw2hrq7VRqzQnE5G+Yo0bzEZL8xGqCb6BYH3vYQ5k";

impl Passwords {
    /// The hash to keep, as a PHC string with a salt of its own.
    ///
    /// # Errors
    /// When the operating system has no randomness for the salt.
    pub async fn hash(&self, password: Password) -> Result<String> {
        self.run(move || {
            let hash = Argon2::default().hash_password(password.as_bytes());
            hash.map(|hash| hash.to_string()).map_err(|error| Error::internal(error.to_string()))
        })
        .await
    }

    /// Whether the password is the one that was hashed. Takes as long when there is no hash.
    ///
    /// # Errors
    /// When the hash is none.
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool> {
        let password = entity::text::compose(password);
        let is_set = hash.is_some();
        let hash = hash.unwrap_or(DECOY).to_owned();
        self.run(move || {
            let hash =
                PasswordHash::new(&hash).map_err(|error| Error::internal(error.to_string()))?;
            let matches = Argon2::default().verify_password(password.as_bytes(), &hash).is_ok();
            Ok(is_set && matches)
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let permit = self.permits.clone().acquire_owned().await.map_err(Error::internal)?;
        let work = tokio::task::spawn_blocking(move || {
            // Held until the work is done, even when nobody waits for it any more.
            let _permit = permit;
            work()
        });
        work.await.map_err(Error::internal)?
    }
}
