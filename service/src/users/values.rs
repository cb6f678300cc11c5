use std::fmt;

use crate::{Rejection, text};

/// A username: characters `a-z 0-9 . _ @ + -`, starting with a letter. Upper case is converted to lower
/// case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// The minimum length in characters.
    pub const MIN_CHARS: usize = 3;
    /// The maximum length in characters.
    pub const MAX_CHARS: usize = 64;

    /// Parses a username.
    ///
    /// # Errors
    /// Why the text is rejected.
    pub fn parse(text: String) -> Result<Self, Rejection> {
        let username = text.to_ascii_lowercase();
        let is_allowed = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._@+-".contains(&byte)
        };
        if !username.bytes().all(is_allowed) {
            return Err(Rejection::UsernameCharacter);
        }
        if !username.starts_with(|first: char| first.is_ascii_lowercase()) {
            return Err(Rejection::UsernameStart);
        }
        text::sized(username, Self::MIN_CHARS..=Self::MAX_CHARS).map(Self)
    }

    /// The text, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a user: not blank, without control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// The maximum length in characters (Unicode scalar values).
    pub const MAX_CHARS: usize = 100;

    /// Parses the name of a user.
    ///
    /// # Errors
    /// Why the text is rejected.
    pub fn parse(text: String) -> Result<Self, Rejection> {
        text::line(text, Self::MAX_CHARS).map(Self)
    }

    /// The text as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A password: not one of the most common ones. It is normalised (NFC), so that it is the same from every
/// keyboard.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// The minimum length in characters (Unicode scalar values).
    pub const MIN_CHARS: usize = 8;
    /// The maximum length in characters (Unicode scalar values).
    pub const MAX_CHARS: usize = 256;

    /// Parses a new password.
    ///
    /// # Errors
    /// Why the text is rejected.
    pub fn parse(text: String) -> Result<Self, Rejection> {
        let composed = entity::text::compose(&text);
        let password = text::sized(composed, Self::MIN_CHARS..=Self::MAX_CHARS)?;
        let password = text::without_nul(password)?;
        let is_common = passwords::analyzer::is_common_password::<&str>;
        if is_common(&password) || is_common(&password.to_lowercase()) {
            return Err(Rejection::CommonPassword);
        }
        Ok(Self(password))
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_are_compared_in_lower_case() {
        assert_eq!(Username::parse("Alice.B@x+1-_".into()).unwrap().as_str(), "alice.b@x+1-_");
    }

    #[test]
    fn usernames_that_could_be_ids_or_mislead_are_rejected() {
        for refused in ["", "ab", "1abc", "_abc", "a b", "äbc", "a/b", "abc\0", &"a".repeat(65)] {
            assert!(Username::parse(refused.into()).is_err(), "{refused:?}");
        }
        assert!(Username::parse("a".repeat(64)).is_ok());
    }

    #[test]
    fn passwords_are_counted_in_characters_and_composed() {
        assert!(Password::parse("ööööööö".into()).is_err());
        let [decomposed, composed] = ["o\u{308}alpine-wind", "öalpine-wind"];
        assert_eq!(Password::parse(decomposed.into()), Password::parse(composed.into()));
        assert!(Password::parse("ö".repeat(256)).is_ok());
        assert!(Password::parse("ö".repeat(257)).is_err());
    }

    #[test]
    fn common_passwords_are_rejected_in_any_case() {
        for common in ["password", "Password1", "12345678", "QWERTYUIOP", "1Thursday"] {
            assert!(Password::parse(common.into()).is_err(), "{common}");
        }
    }
}
