use std::fmt;

use crate::{Result, random};

/// What every API token begins with, so that people and scanners recognise one.
pub(super) const PREFIX: &str = "tn_";

/// The digits of base 62, by their values.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The random bytes of a token, and how many digits they and their checksum take.
const RANDOM_BYTES: usize = 32;
const RANDOM_DIGITS: usize = 43;
const CHECKSUM_DIGITS: usize = 6;

/// An API token as its holder sends it: the prefix, 256 random bits in base 62, and the CRC-32 of those digits in
/// base 62. Kept out of logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub(super) fn random() -> Result<Self> {
        let digits = base62::<RANDOM_DIGITS>(&random::bytes::<RANDOM_BYTES>()?);
        Ok(Self(format!("{PREFIX}{digits}{}", checksum(&digits))))
    }

    /// The token.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Whether the text has the form of an API token, with the right checksum.
pub(super) fn is_well_formed(token: &str) -> bool {
    let digits =
        token.strip_prefix(PREFIX).filter(|rest| rest.bytes().all(|b| DIGITS.contains(&b)));
    let parts = digits.and_then(|digits| digits.split_at_checked(RANDOM_DIGITS));
    parts.is_some_and(|(digits, sum)| sum == checksum(digits))
}

/// The CRC-32 (IEEE) of digits.
fn checksum(digits: &str) -> String {
    base62::<CHECKSUM_DIGITS>(&crc32fast::hash(digits.as_bytes()).to_be_bytes())
}

/// A number, given by its bytes, in this many digits; the most significant come first.
fn base62<const COUNT: usize>(number: &[u8]) -> String {
    let mut quotient = number.to_vec();
    let mut digits = [0; COUNT];
    for digit in digits.iter_mut().rev() {
        let mut rest = 0_u16;
        for byte in &mut quotient {
            let [_, divided] = ((rest << 8 | u16::from(*byte)) / 62).to_be_bytes();
            rest = (rest << 8 | u16::from(*byte)) % 62;
            *byte = divided;
        }
        *digit = usize::from(rest);
    }
    digits.iter().filter_map(|digit| DIGITS.get(*digit)).map(|digit| char::from(*digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_a_fixed_count_of_digits() {
        for (number, digits) in [
            (&[0_u8][..], "000000"),
            (&[61], "00000z"),
            (&[62], "000010"),
            (&[0xff, 0xff, 0xff, 0xff], "4gfFC3"),
        ] {
            assert_eq!(base62::<CHECKSUM_DIGITS>(number), digits);
        }
        let largest = base62::<RANDOM_DIGITS>(&[0xff; RANDOM_BYTES]);
        assert_eq!(largest, "yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1");
    }

    #[test]
    fn the_checksum_is_that_of_zip_and_png() {
        assert_eq!(crc32fast::hash(b"123456789"), 0xcbf4_3926);
        assert_eq!(
            checksum("123456789"),
            base62::<CHECKSUM_DIGITS>(&0xcbf4_3926_u32.to_be_bytes())
        );
    }

    #[test]
    fn no_two_tokens_are_alike_and_none_is_printed() {
        let [one, other] = [Secret::random().unwrap(), Secret::random().unwrap()];
        assert_ne!(one, other);
        for secret in [one, other] {
            assert_eq!(secret.as_str().len(), PREFIX.len() + RANDOM_DIGITS + CHECKSUM_DIGITS);
            assert!(is_well_formed(secret.as_str()));
            assert_eq!(format!("{secret:?}"), "Secret");
        }
    }
}
