mod queue;

use std::{cell::RefCell, net::IpAddr, sync::Arc};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::{
        PasswordHasher,
        phc::{self, Output},
    },
};
use entity::user::PasswordHash;
use rayon_core::{ThreadPool, ThreadPoolBuilder};
use tokio::sync::oneshot;

use self::queue::Queue;
use crate::{Error, Result, network::Network, users::Password};

/// What computing a hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory, in KiB.
    pub memory: u32,
    /// Passes over it.
    pub passes: u32,
}

impl PasswordCost {
    /// The most memory that can be set, in KiB: 1 GiB.
    pub const MAX_MEMORY: u32 = 1024 * 1024;
    /// The most passes that can be set.
    pub const MAX_PASSES: u32 = 100;

    /// The highest that can be set.
    pub const MAX: Self = Self { memory: Self::MAX_MEMORY, passes: Self::MAX_PASSES };

    /// Whether it is at least as high as the weakest pair in OWASP's Password Storage Cheat Sheet: 7
    /// MiB and 5 passes.
    pub fn is_recommended(self) -> bool {
        u64::from(self.memory) * u64::from(self.passes) >= 7 * 1024 * 5
    }
}

impl Default for PasswordCost {
    /// 19 MiB and 2 passes: the first choice of OWASP's Password Storage Cheat Sheet.
    fn default() -> Self {
        Self { memory: 19 * 1024, passes: 2 }
    }
}

/// Hashes and verifies passwords with argon2id, on its own threads: half as many as there are cores,
/// which bounds its memory and leaves the other cores to everything else, however many users log in. The
/// networks of clients take turns.
#[derive(Clone, Debug)]
pub struct Passwords {
    argon2: Argon2<'static>,
    /// The start of every hash at this cost.
    prefix: String,
    threads: Arc<ThreadPool>,
    queue: Arc<Queue>,
    /// Whose turn in the queue is used.
    network: Option<Network>,
}

impl Passwords {
    /// Hashes at this cost.
    ///
    /// # Errors
    /// If argon2 does not support the cost, or threads can't be created.
    pub fn new(cost: PasswordCost) -> Result<Self> {
        let PasswordCost { memory, passes } = cost;
        let params = Params::new(memory, passes, 1, None)
            .map_err(|error| Error::internal(error.to_string()))?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = ThreadPoolBuilder::new()
            .num_threads(cores.div_ceil(2))
            .thread_name(|number| format!("password-{number}"))
            // The caller notices that its channel was dropped.
            .panic_handler(|_| log::error!("hashing a password panicked"))
            .build()
            .map_err(Error::internal)?;
        Ok(Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            prefix: format!("$argon2id$v=19$m={memory},t={passes},p=1$"),
            threads: Arc::new(threads),
            queue: Arc::default(),
            network: None,
        })
    }

    /// The same threads and queue, on behalf of a client.
    pub(crate) fn on_behalf_of(&self, client: Option<IpAddr>) -> Self {
        Self { network: client.map(Network::widest), ..self.clone() }
    }

    /// The hash to store, as a PHC string with its own salt.
    ///
    /// # Errors
    /// If the operating system can't provide randomness for the salt, or [`Error::Unavailable`] if too
    /// many passwords are waiting.
    pub async fn hash(&self, password: Password) -> Result<PasswordHash> {
        self.hash_text(password.into_string()).await
    }

    async fn hash_text(&self, password: String) -> Result<PasswordHash> {
        let argon2 = self.argon2.clone();
        self.run(move || {
            let hash = argon2.hash_password(password.as_bytes());
            hash.map(|hash| PasswordHash(hash.to_string()))
                .map_err(|error| Error::internal(error.to_string()))
        })
        .await
    }

    /// Whether the password is the one that was hashed. Takes just as long if there is no hash, or none that a
    /// password can be verified against.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if too many passwords are waiting.
    pub async fn verify(&self, password: &str, hash: Option<&PasswordHash>) -> Result<bool> {
        let password = entity::text::compose(password);
        let hash = hash.filter(|hash| is_hash(&hash.0));
        let is_set = hash.is_some();
        let hash = hash.map_or_else(|| self.decoy(), |hash| hash.0.clone());
        self.run(move || {
            let matches = matches(password.as_bytes(), &hash);
            matches
                .map(|matches| is_set && matches)
                .map_err(|error| Error::internal(error.to_string()))
        })
        .await
    }

    /// A new hash of a correct password, if the stored one was made at another cost.
    ///
    /// # Errors
    /// As [`Passwords::hash`].
    pub async fn rehash(
        &self,
        password: &str,
        hash: Option<&PasswordHash>,
    ) -> Result<Option<PasswordHash>> {
        let is_current = hash.is_none_or(|hash| hash.0.starts_with(&self.prefix));
        if is_current {
            return Ok(None);
        }
        self.hash_text(entity::text::compose(password)).await.map(Some)
    }

    /// Verified against if there is no user or no hash, so that it takes just as long. No password is
    /// known to have this hash.
    fn decoy(&self) -> String {
        format!("{}c29tZXRoaW5ncmFuZG9t${}", self.prefix, "A".repeat(43))
    }

    /// How many passwords are being hashed or verified, or waiting.
    pub fn queued(&self) -> i64 {
        i64::try_from(self.queue.jobs()).unwrap_or(i64::MAX)
    }

    /// Runs the work on one of the threads when it is the network's turn, unless too much is waiting. Skips
    /// work that nobody is waiting for any more.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, result) = oneshot::channel();
        self.queue.push(self.network, move || {
            if !sender.is_closed() {
                // Fails if the caller has gone meanwhile.
                let _ = sender.send(work());
            }
        });
        let queue = self.queue.clone();
        self.threads.spawn(move || queue.run_next());
        let dropped = |_dropped| Error::unavailable("too many passwords are waiting to be hashed");
        result.await.map_err(dropped)?
    }
}

thread_local! {
    /// The memory in which a thread verifies passwords. Allocating that much each time would slow down
    /// all threads of the process.
    static MEMORY: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

/// Whether the password has this hash, at the cost recorded in it.
fn matches(password: &[u8], hash: &str) -> argon2::password_hash::Result<bool> {
    let hash = phc::PasswordHash::new(hash)?;
    let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else { return Ok(false) };
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::try_from(&hash)?);
    let mut output = vec![0; expected.len()];
    MEMORY.with_borrow_mut(|memory| {
        let blocks = argon2.params().block_count();
        memory.resize(blocks, Block::default());
        memory.shrink_to(blocks);
        argon2.hash_password_into_with_memory(password, salt, &mut output, memory.as_mut_slice())
    })?;
    // A constant-time comparison.
    Ok(Output::new(&output)? == *expected)
}

/// Whether this is a hash that passwords can be verified against: by argon2id, version 19, at a cost that can
/// be set, with a salt and an output of usual sizes.
pub(crate) fn is_hash(text: &str) -> bool {
    is_hash_within(text, PasswordCost::MAX)
}

/// As [`is_hash`], at no higher cost than this one.
pub(crate) fn is_hash_within(text: &str, most: PasswordCost) -> bool {
    let Ok(hash) = phc::PasswordHash::new(text) else { return false };
    let is_argon2id = Algorithm::try_from(hash.algorithm.as_str()) == Ok(Algorithm::Argon2id)
        && hash.version == Some(Version::V0x13.into());
    let has_usual_sizes = hash.salt.is_some_and(|salt| salt.len() >= 8)
        && hash.hash.is_some_and(|output| (16..=64).contains(&output.len()));
    let cost = Params::try_from(&hash);
    is_argon2id
        && has_usual_sizes
        && cost.is_ok_and(|cost| {
            cost.m_cost() <= most.memory
                && cost.t_cost() <= most.passes
                && cost.p_cost() <= MOST_LANES
        })
}

/// The most lanes of a hash made elsewhere. Their number changes neither the memory nor the time that it takes.
const MOST_LANES: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: PasswordCost = PasswordCost { memory: 8, passes: 1 };

    fn password(text: &str) -> Password {
        Password::parse(text.into()).unwrap()
    }

    #[tokio::test]
    async fn only_the_right_password_matches_in_any_normal_form() {
        let passwords = Passwords::new(CHEAP).unwrap();
        let hash = passwords.hash(password("wälnut-harbour")).await.unwrap();
        assert!(passwords.verify("wälnut-harbour", Some(&hash)).await.unwrap());
        assert!(passwords.verify("wa\u{308}lnut-harbour", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("walnut-harbour", Some(&hash)).await.unwrap());
    }

    #[tokio::test]
    async fn without_a_hash_nothing_matches_and_the_decoy_is_valid() {
        let passwords = Passwords::new(PasswordCost::default()).unwrap();
        assert!(!passwords.verify("walnut-harbour", None).await.unwrap());
    }

    #[tokio::test]
    async fn a_correct_password_is_rehashed_if_the_cost_has_changed() {
        let before = Passwords::new(CHEAP).unwrap();
        let hash = before.hash(password("walnut-harbour")).await.unwrap();
        assert_eq!(before.rehash("walnut-harbour", Some(&hash)).await.unwrap(), None);
        let after = Passwords::new(PasswordCost { memory: 16, passes: 1 }).unwrap();
        let other = after.rehash("walnut-harbour", Some(&hash)).await.unwrap().unwrap();
        assert!(other.0.starts_with("$argon2id$v=19$m=16,t=1,p=1$"), "{}", other.0);
        assert!(after.verify("walnut-harbour", Some(&other)).await.unwrap());
    }

    #[tokio::test]
    async fn the_default_is_argon2id_with_19_mib_and_2_passes() {
        let passwords = Passwords::new(PasswordCost::default()).unwrap();
        let hash = passwords.hash(password("walnut-harbour")).await.unwrap();
        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.0);
    }
}
