//! Requests that have an effect once, however often they are repeated: a client gives each a key, and the
//! answer is kept under it, in the transaction of the effect.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::TimeDelta;
use entity::{
    UserId,
    idempotency_key::{self, Holder, LockNumbers, Scopes as _},
};
use hmac::{Hmac, Mac};
use sea_orm::{ActiveModelTrait, EntityTrait, SqlErr};
use sha2::Sha256;

use crate::{Actor, Db, Error, Result, Work, clock, keyed};

/// How long an answer is kept.
const KEPT_FOR: TimeDelta = TimeDelta::hours(24);

/// How many keys one statement purges, and how long to wait before the next one, so that others can write.
const PURGE_BATCH: u64 = 500;
const PURGE_PAUSE: Duration = Duration::from_millis(200);

/// What sets the key of these hashes apart from other uses of the secret.
const PURPOSE: &[u8] = b"teamnotes: idempotency keys";

/// Recognises requests by keyed hashes, and knows those that are in progress in this process.
pub struct Idempotency {
    hmac: Hmac<Sha256>,
    in_progress: InProgress,
}

/// The hash of the request that uses a key, by the hash of the key.
type InProgress = Arc<Mutex<HashMap<Hash, Hash>>>;

impl fmt::Debug for Idempotency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Idempotency")
    }
}

impl Idempotency {
    /// Derives the key of the hashes from the bytes of a secret.
    pub fn new(secret: &[u8]) -> Self {
        Self { hmac: keyed::hmac(PURPOSE, secret), in_progress: InProgress::default() }
    }

    /// Begins a request that the user has given this key, and that consists of these parts. The key is in
    /// use until the value is dropped.
    ///
    /// # Errors
    /// [`Error::InProgress`] if this process is at it already; [`Error::KeyReused`] if it is using the key for
    /// another request.
    pub fn begin(&self, user_id: UserId, key: &str, request: &[&[u8]]) -> Result<KeyedRequest> {
        let user = i64::from(user_id).to_be_bytes();
        let key = [&user, key.as_bytes()];
        let key_hash = self.hash(&key);
        let request_hash = self.hash(&[&key[..], request].concat());
        let mut in_progress = self.in_progress.lock().unwrap_or_else(PoisonError::into_inner);
        match in_progress.entry(key_hash) {
            Entry::Occupied(held) if *held.get() == request_hash => Err(Error::InProgress),
            Entry::Occupied(_) => Err(Error::KeyReused),
            Entry::Vacant(free) => {
                free.insert(request_hash);
                let in_progress = self.in_progress.clone();
                Ok(KeyedRequest { user_id, key_hash, request_hash, in_progress })
            }
        }
    }

    /// The keyed hash of these parts, each with its length, so that they can't be divided in another way.
    fn hash(&self, parts: &[&[u8]]) -> Hash {
        let add = |hmac: Hmac<Sha256>, part: &&[u8]| {
            hmac.chain_update((part.len() as u64).to_be_bytes()).chain_update(part)
        };
        Hash(parts.iter().fold(self.hmac.clone(), add).finalize().into_bytes().into())
    }
}

/// A keyed hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Hash([u8; 32]);

impl Hash {
    /// The number that stands for it in advisory locks.
    fn number(self) -> i64 {
        let bytes = self.0.iter().take(size_of::<i64>());
        bytes.fold(0, |number, byte| (number << 8) | i64::from(*byte))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A request in progress, and the key that it has from its user.
pub struct KeyedRequest {
    user_id: UserId,
    key_hash: Hash,
    request_hash: Hash,
    in_progress: InProgress,
}

impl Drop for KeyedRequest {
    fn drop(&mut self) {
        self.in_progress.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key_hash);
    }
}

/// The answer to a request, in whatever form the caller keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The request has had its effect just now.
    First(String),
    /// This was the answer when it had its effect.
    Kept(String),
}

impl KeyedRequest {
    /// The answer that is kept, if the request has had its effect already.
    ///
    /// # Errors
    /// [`Error::SessionExpired`] or [`Error::AccountDisabled`] if that has changed since the request came in;
    /// [`Error::InProgress`] and [`Error::KeyReused`], with respect to all processes.
    pub async fn kept(&self, db: &Db, actor: &Actor) -> Result<Option<Answer>> {
        db.write(actor, async |work| self.find(work).await).await
    }

    /// Has an effect in a unit of work, which returns the answer, unless there is an answer already. `keep` makes
    /// the answer to a failure that is to be kept too, and returns any other failure.
    ///
    /// # Errors
    /// As [`KeyedRequest::kept`]; those of the effect that are not kept.
    pub async fn answer(
        &self,
        db: &Db,
        actor: &Actor,
        effect: impl AsyncFn(&Work) -> Result<String>,
        keep: impl FnOnce(Error) -> Result<String>,
    ) -> Result<Answer> {
        match db.write(actor, async |work| self.answer_in(work, &effect).await).await {
            Err(error) => self.fail(db, actor, error, keep).await,
            answered => answered,
        }
    }

    /// Answers a request that has failed, without any effect.
    ///
    /// # Errors
    /// As [`KeyedRequest::answer`].
    pub async fn fail(
        &self,
        db: &Db,
        actor: &Actor,
        error: Error,
        keep: impl FnOnce(Error) -> Result<String>,
    ) -> Result<Answer> {
        if matches!(error, Error::InProgress | Error::KeyReused) {
            return Err(error);
        }
        let answer = keep(error)?;
        let fail = async |_: &Work| Ok(answer.clone());
        db.write(actor, async |work| self.answer_in(work, &fail).await).await
    }

    async fn answer_in(
        &self,
        work: &Work,
        effect: &impl AsyncFn(&Work) -> Result<String>,
    ) -> Result<Answer> {
        if let Some(kept) = self.find(work).await? {
            return Ok(kept);
        }
        let answer = effect(work).await?;
        work.actor().await?;
        let [key, request] = [self.key_hash, self.request_hash].map(|hash| hash.to_string());
        let (user_id, now) = (self.user_id, clock::now());
        let kept = idempotency_key::ActiveModel::new(user_id, key, request, answer.clone(), now);
        match kept.insert(work.transaction()).await {
            Ok(_) => Ok(Answer::First(answer)),
            // Another process was faster, on a database without advisory locks: its answer is there now.
            Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
                Err(Error::retry())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Finds the answer of the key. Takes the key until the end of the transaction, if the database has advisory locks.
    async fn find(&self, work: &Work) -> Result<Option<Answer>> {
        let db = work.transaction();
        if work.has_advisory_locks() {
            self.lock(work).await?;
        }
        let found = idempotency_key::Entity::find().of_user(self.user_id);
        let found = found.with_hash(&self.key_hash.to_string()).one(db).await?;
        let Some(found) = found else { return Ok(None) };
        if found.created_at <= clock::now() - KEPT_FOR {
            idempotency_key::Entity::delete_by_id(found.id).exec(db).await?;
            return Ok(None);
        }
        let is_same = found.request_hash == self.request_hash.to_string();
        if is_same { Ok(Some(Answer::Kept(found.answer))) } else { Err(Error::KeyReused) }
    }

    async fn lock(&self, work: &Work) -> Result<()> {
        let numbers =
            LockNumbers { request: self.request_hash.number(), key: self.key_hash.number() };
        match idempotency_key::Entity::try_lock(work.transaction(), numbers).await? {
            Holder::None => Ok(()),
            Holder::SameRequest => Err(Error::InProgress),
            Holder::OtherRequest => Err(Error::KeyReused),
        }
    }
}

/// Deletes the answers that are no longer kept, a few at a time; returns how many.
///
/// # Errors
/// If the database fails.
pub async fn purge(db: &Db) -> Result<u64> {
    let until = clock::now() - KEPT_FOR;
    let mut total = 0;
    loop {
        let purged = idempotency_key::Entity::purge(db.writer(), until, PURGE_BATCH).await?;
        total += purged;
        if purged < PURGE_BATCH {
            return Ok(total);
        }
        tokio::time::sleep(PURGE_PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: i64) -> UserId {
        id.try_into().unwrap()
    }

    #[test]
    fn a_key_is_in_use_until_its_request_ends_and_belongs_to_its_user() {
        let requests = Idempotency::new(b"secret");
        let first = requests.begin(user(1), "key", &[b"POST", b"{}"]).unwrap();
        let again = requests.begin(user(1), "key", &[b"POST", b"{}"]);
        assert!(matches!(again, Err(Error::InProgress)));
        let other = requests.begin(user(1), "key", &[b"POST", b"{ }"]);
        assert!(matches!(other, Err(Error::KeyReused)));
        assert!(requests.begin(user(2), "key", &[b"POST", b"{}"]).is_ok());
        assert!(requests.begin(user(1), "key2", &[b"POST", b"{}"]).is_ok());
        drop(first);
        assert!(requests.begin(user(1), "key", &[b"POST", b"{ }"]).is_ok());
    }

    #[test]
    fn parts_are_told_apart_and_hashes_depend_on_the_secret() {
        let hash =
            |secret: &[u8], parts: &[&[u8]]| Idempotency::new(secret).hash(parts).to_string();
        assert_eq!(hash(b"secret", &[b"ab", b"c"]), hash(b"secret", &[b"ab", b"c"]));
        assert_ne!(hash(b"secret", &[b"ab", b"c"]), hash(b"secret", &[b"a", b"bc"]));
        assert_ne!(hash(b"secret", &[b"ab", b"c"]), hash(b"other", &[b"ab", b"c"]));
    }
}
