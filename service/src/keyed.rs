//! Keyed hashes whose keys come from the service's secret: all instances make the same ones, and nobody else does.

use hmac::{Hmac, KeyInit, digest::Key};
use sha2::{Digest, Sha256};

/// A keyed hash for this purpose alone.
pub(crate) fn hmac(purpose: &[u8], secret: &[u8]) -> Hmac<Sha256> {
    let derived = Sha256::new().chain_update(purpose).chain_update(secret).finalize();
    let mut key = Key::<Hmac<Sha256>>::default();
    key.iter_mut().zip(derived).for_each(|(byte, derived)| *byte = derived);
    Hmac::new(&key)
}
