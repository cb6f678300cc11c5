//! The only source of randomness: the operating system's.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::{Error, Result};

/// This many random bytes, as text of `A-Z a-z 0-9 - _`.
///
/// # Errors
/// If the operating system can't provide randomness.
pub fn text(bytes: usize) -> Result<String> {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random).map_err(Error::internal)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(random))
}

/// This many random bytes.
///
/// # Errors
/// As [`text`].
pub(crate) fn bytes<const COUNT: usize>() -> Result<[u8; COUNT]> {
    let mut random = [0; COUNT];
    getrandom::fill(&mut random).map_err(Error::internal)?;
    Ok(random)
}
